"""`flask pushes calendar`: a year of the calendar, one line a day on which something is."""

from datetime import date

import click
from sqlalchemy.orm import Session

from handlers.commands.context import CommandContext
from pushes import calendar_days, calendar_entries, calendar_overrides
from pushes.calendar_days import Day
from pushes.calendar_entries import Plans
from pushes.holidays import FIRST_YEAR, LAST_YEAR
from pushes.pushes import STATE_NAMES

_WEEKDAYS = "一二三四五六日"
_MARKS = {"off": "休", "workday": "班"}


@click.command("calendar")
@click.argument("year", type=click.IntRange(FIRST_YEAR, LAST_YEAR))
@click.pass_obj
def calendar_command(context: CommandContext, year: int) -> None:
    """Print the festivals, days off and pushes of a year."""
    first, last = date(year, 1, 1), date(year, 12, 31)

    def look(session: Session) -> tuple[list[Day], Plans, list[int]]:
        return (
            calendar_days.days(session, first, last),
            calendar_entries.planned(session, first, last),
            calendar_overrides.unpublished(session, {year}),
        )

    days, plans, missing = context.database.read(look)
    for day in days:
        said = _said(day, plans)
        if said:
            click.echo(f"{day.on} 周{_WEEKDAYS[day.on.weekday()]} {said}")
    if missing:
        click.echo(f"{year} 年的放假安排还没有收录：只有法定节日当天，没有调休和补班。", err=True)


def _said(day: Day, plans: Plans) -> str:
    words = [_MARKS[day.shift.kind]] if day.shift else []
    words += [day.name] if day.name else []
    words += [one.name for one in day.occasions]
    words += [
        f"推送“{one.title}”（{STATE_NAMES.get(one.state, one.state)}）" for one in plans.on(day.on)
    ]
    return " ".join(words)
