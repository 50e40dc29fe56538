"""Which days a schedule names."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest

from pushes import schedules
from tests.jobs.test_push_series import GROUND


def days_of(schedule: dict[str, object], first: date, count: int) -> Iterator[date]:
    """The days among so many from the first on."""
    kept = schedules.check(schedule)
    for number in range(count):
        day = first + timedelta(days=number)
        if schedules.falls_on(kept, day, GROUND.occasions):
            yield day


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (31, ["01-31", "02-29", "03-31", "04-30"]),
        (30, ["01-30", "02-29", "03-30", "04-30"]),
        (29, ["01-29", "02-29", "03-29", "04-29"]),
        (1, ["01-01", "02-01", "03-01", "04-01"]),
    ],
)
def test_a_day_that_a_month_has_not_is_its_last(day: int, expected: list[str]) -> None:
    schedule: dict[str, object] = {"kind": "monthly", "day": day, "at": "09:00"}
    found = days_of(schedule, date(2028, 1, 1), 121)
    assert [f"{one:%m-%d}" for one in found] == expected


def test_weekdays_and_days_about_a_holiday() -> None:
    weekly: dict[str, object] = {"kind": "weekly", "weekdays": [4, 0, 4], "at": "09:00"}
    found = list(days_of(weekly, date(2026, 11, 16), 14))
    assert [one.isoweekday() for one in found] == [1, 5, 1, 5]
    before: dict[str, object] = {
        "kind": "holiday", "code": "mid_autumn", "offset": -3, "at": "09:00",
    }  # fmt: skip
    assert list(days_of(before, date(2026, 1, 1), 720)) == [date(2026, 9, 22), date(2027, 9, 12)]


def test_an_offset_crosses_the_turn_of_the_year() -> None:
    schedule = {"kind": "holiday", "code": "new_year", "offset": -2, "at": "09:00"}
    occasions = {2027: {"new_year": date(2027, 1, 1)}}
    found = schedules.falls_on(schedule, date(2026, 12, 30), lambda year: occasions.get(year, {}))
    assert found


def test_the_time_of_day_is_that_of_shanghai() -> None:
    schedule = schedules.check({"kind": "daily", "at": "09:30"})
    assert schedules.due_at(schedule, date(2026, 11, 21)) == datetime(
        2026, 11, 21, 1, 30, tzinfo=UTC
    )
