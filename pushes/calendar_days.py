"""The days of the calendar: what each is by law, by the moon, by the sun, and by the hall."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy.orm import Session

from pushes import calendar_overrides, company_days, holidays_lunar, holidays_occasions
from pushes.calendar_overrides import CalendarOverride
from pushes.holidays import Shift
from pushes.holidays_occasions import Occasion

_SATURDAY = 5


@dataclass(frozen=True)
class Day:
    """One day. `shift` is why it is off or worked when its weekday does not say so."""

    on: date
    occasions: tuple[Occasion, ...]
    shift: Shift | None
    override: CalendarOverride | None

    @property
    def is_off(self) -> bool:
        """Whether people have the day off."""
        if self.shift is not None:
            return self.shift.kind == "off"
        return self.on.weekday() >= _SATURDAY

    @property
    def lunar(self) -> str:
        """Its lunar date in words."""
        return holidays_lunar.words_of(self.on)

    @property
    def name(self) -> str:
        """What an operator called it."""
        return self.override.name if self.override else ""


def days(session: Session, first: date, last: date) -> list[Day]:
    """Every day from `first` to `last`, both included. Two statements, however many days."""
    said = calendar_overrides.between(session, first, last)
    return laid_out((first, last), company_days.occasions(session), said)


def laid_out(
    span: tuple[date, date], more: Sequence[Occasion], said: dict[date, CalendarOverride]
) -> list[Day]:
    """The same from what is known already: company days and overrides."""
    first, last = span
    by_day: dict[date, list[Occasion]] = {}
    for day, occasion in holidays_occasions.between(first, last, more):
        by_day.setdefault(day, []).append(occasion)
    shifts = calendar_overrides.shifts(first, last, said)
    return [
        Day(day, tuple(by_day.get(day, ())), shifts.get(day), said.get(day))
        for n in range((last - first).days + 1)
        if (day := first + timedelta(days=n))
    ]
