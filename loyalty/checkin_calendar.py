"""The calendar of check-ins: what each day of a month was, is, and could still be."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy.orm import Session

from kernel.clock import business_day
from loyalty import checkin_days, checkin_programmes, make_ups
from loyalty.checkin_programmes import NoCheckInProgramme


@dataclass(frozen=True)
class Day:
    """A day: `kind` is daily, make_up, amnesty, or empty; `special` names a rewarded date."""

    on: date
    kind: str
    points: int
    special: str
    can_make_up: bool
    is_today: bool
    is_ahead: bool


@dataclass(frozen=True)
class Month:
    """A month of whole days, and the streak as of now."""

    first: date
    days: list[Day]
    streak: int
    total: int


def month_of(session: Session, member_id: int, first: date, at: datetime) -> Month:
    """The member's month that begins on `first`."""
    today, end = business_day(at), (first + timedelta(days=31)).replace(day=1)
    done = checkin_days.days_of(session, member_id, first, end)
    days = [first + timedelta(days=n) for n in range((end - first).days)]
    try:
        specials = checkin_programmes.in_force(session, today).rules.specials
        can = set(make_ups.open_days(session, member_id, at))
    except NoCheckInProgramme:
        specials, can = (), set()
    named = {day: one.name for day in days for one in specials if one.falls_on(day)}
    return Month(
        first=first,
        days=[
            Day(
                on=day,
                kind=done[day].kind if day in done else "",
                points=done[day].points if day in done else 0,
                special=named.get(day, ""),
                can_make_up=day in can,
                is_today=day == today,
                is_ahead=day > today,
            )
            for day in days
        ],
        streak=checkin_days.current_streak(session, member_id, today),
        total=sum(row.kind in checkin_days.COUNTED for row in done.values()),
    )
