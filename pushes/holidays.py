"""Statutory days off and make-up workdays, from the lists that the State Council has published.

Which days are statutory is law and known for any year. Which weekends are worked and which days
are taken for them is published each November for the next year: before, nobody knows, and nothing
is guessed here.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache

import holidays

# The years that the calendar knows.
FIRST_YEAR, LAST_YEAR = 2024, 2035
_A_DAY = timedelta(days=1)
_SATURDAY = 5


@dataclass(frozen=True)
class Shift:
    """A day that is not what its weekday says: `off` or a `workday`; and why."""

    day: date
    kind: str
    name: str
    # By whom: the law's list, or an operator.
    by_hand: bool = False


def is_official(year: int) -> bool:
    """Whether the State Council's list of that year is known here."""
    return year in getattr(_law(year), "special_public_holidays", {})


@cache
def shifts(year: int) -> dict[date, Shift]:
    """The days off and make-up workdays of a year.

    With the official list the whole vacation is off, its weekends too, as the notice counts them.
    Without it only the days of the law are.
    """
    off = {day: name for day, name in sorted(_vacations(year)) if day.year == year}
    found = {day: Shift(day, "off", _reason(off, day)) for day in off}
    found |= {day: Shift(day, "workday", "调休上班") for day in _workdays(year)}
    return dict(sorted(found.items()))


def _reason(off: dict[date, str], day: date) -> str:
    """What a day off belongs to; a day in lieu, to the holiday that it lies next to."""
    for step in (-_A_DAY, _A_DAY):
        near = day
        while near in off:
            if off[near]:
                return off[near]
            near += step
    return ""


def _vacations(year: int) -> Iterator[tuple[date, str]]:
    """Days off with their holiday; each vacation grows as far as nobody works."""
    for near in (year - 1, year, year + 1):
        for day, said in _law(near).items():
            yield day, _name(said)
            if not is_official(near):
                continue
            for step in (-_A_DAY, _A_DAY):
                other = day + step
                while other.year == year and _is_plain_weekend(other):
                    yield other, ""
                    other += step


def _is_plain_weekend(day: date) -> bool:
    law = _law(day.year)
    return day.weekday() >= _SATURDAY and day not in law and day not in law.weekend_workdays


def _name(said: str) -> str:
    """The package's words in ours: 除夕 is part of 春节, a day in lieu has no name of its own."""
    if "除夕" in said:
        return "春节"
    return "" if "调休" in said else said.split("（", maxsplit=1)[0].replace("; ", "、")


def _workdays(year: int) -> list[date]:
    if not is_official(year):
        return []
    return [day for day in _law(year).weekend_workdays if day.year == year]


@cache
def _law(year: int) -> holidays.HolidayBase:
    """The package's list. Days in lieu are its own reckoning until the official list is out."""
    listed = holidays.country_holidays("CN", years=year, language="zh_CN")
    if year in getattr(listed, "special_public_holidays", {}):
        return listed
    return holidays.country_holidays("CN", years=year, language="zh_CN", observed=False)
