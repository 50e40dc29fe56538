"""The same day of another year: what stood around an occasion then, stands around it again.

A coupon that ran from three days before 中秋 to the day after runs so again, although the festival
lies ten or twenty days elsewhere in the calendar.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from kernel.clock import business_day
from pushes.holidays_occasions import OCCASIONS, Occasion, between

# An occasion further away than this is not what a window is about.
_NEAR = timedelta(days=14)
# Nor is one that lasts longer.
LONGEST = timedelta(days=45)


@dataclass(frozen=True)
class Window:
    """A half-open window of instants, `[starts_at, ends_at)`."""

    starts_at: datetime
    ends_at: datetime


def same_day(occasion: Occasion, day: date, years: int) -> date | None:
    """The day of the occasion so many years after its day `day`, or before with a minus.

    None when it falls on no such day, or when `day` is not its day.
    """
    for year in (day.year, day.year + 1, day.year - 1):
        if occasion.day_of(year) == day:
            return occasion.day_of(year + years)
    return None


def shift_days(occasion: Occasion, from_year: int, to_year: int) -> int | None:
    """How many days lie between the occasion of one year and of another."""
    before, after = occasion.day_of(from_year), occasion.day_of(to_year)
    return None if before is None or after is None else (after - before).days


def moved(occasion: Occasion, window: Window, from_year: int, to_year: int) -> Window | None:
    """The window around the occasion of `from_year`, around that of `to_year`.

    Whole days are added, so times of day stay: Shanghai has had no daylight saving since 1991.
    """
    days = shift_days(occasion, from_year, to_year)
    if days is None:
        return None
    later = timedelta(days=days)
    return Window(window.starts_at + later, window.ends_at + later)


def anchor(window: Window, more: Iterable[Occasion] = ()) -> tuple[date, Occasion] | None:
    """The occasion that a window is most likely about, with its day; None when none is near.

    One within the window comes before one beside it; of several, the one that lies next to its
    middle. Only occasions that propose pushes and those in `more` are asked.
    """
    more = tuple(more)
    last = business_day(window.ends_at - timedelta(microseconds=1))
    first = business_day(window.starts_at)
    middle = first + (last - first) / 2
    asked = {one.key for one in OCCASIONS.values() if one.proposes} | {one.key for one in more}
    found = [
        (not first <= day <= last, abs(day - middle), number, day, one)
        for number, (day, one) in enumerate(between(first - _NEAR, last + _NEAR, more))
        if one.key in asked
    ]
    if not found:
        return None
    *_, day, occasion = min(found, key=lambda one: one[:3])
    return day, occasion


def next_time(window: Window, today: date) -> tuple[date, Occasion, int] | None:
    """When the occasion of a window that is over comes again, and how many days later that is.

    None when no occasion is near, or the window is so long that it was about none.
    """
    if window.ends_at - window.starts_at > LONGEST:
        return None
    found = anchor(window)
    if found is None:
        return None
    before, occasion = found
    for years in range(1, max(today.year - before.year, 0) + 2):
        again = same_day(occasion, before, years)
        if again is not None and again >= today:
            return again, occasion, (again - before).days
    return None
