"""Days off and make-up workdays of years with and without the official list."""

from datetime import date, timedelta

import pytest

from pushes import holidays

# As the notices of the State Council say: the vacations, and the weekends that are worked.
VACATIONS = {
    2024: "01-01~01-01 02-10~02-17 04-04~04-06 05-01~05-05 06-08~06-10 09-15~09-17 10-01~10-07",
    2025: "01-01~01-01 01-28~02-04 04-04~04-06 05-01~05-05 05-31~06-02 10-01~10-08",
    2026: "01-01~01-03 02-15~02-23 04-04~04-06 05-01~05-05 06-19~06-21 09-25~09-27 10-01~10-07",
}
WORKED = {
    2024: "02-04 02-18 04-07 04-28 05-11 09-14 09-29 10-12",
    2025: "01-26 02-08 04-27 09-28 10-11",
    2026: "01-04 02-14 02-28 05-09 09-20 10-10",
}


def days_of(year: int, kind: str) -> list[date]:
    return [one.day for one in holidays.shifts(year).values() if one.kind == kind]


@pytest.mark.parametrize("year", VACATIONS)
def test_a_published_year_has_its_vacations_and_the_weekends_worked_for_them(year: int) -> None:
    expected = []
    for span in VACATIONS[year].split():
        first, last = (date.fromisoformat(f"{year}-{end}") for end in span.split("~"))
        expected += [first + timedelta(days=n) for n in range((last - first).days + 1)]

    assert holidays.is_official(year)
    assert days_of(year, "off") == expected
    assert days_of(year, "workday") == [
        date.fromisoformat(f"{year}-{day}") for day in WORKED[year].split()
    ]


def test_a_day_in_lieu_is_named_after_the_holiday_that_it_lies_next_to() -> None:
    shifts = holidays.shifts(2026)

    said = {day: shifts[date.fromisoformat(f"2026-{day}")].name for day in ("02-23", "10-07")}
    assert said == {"02-23": "春节", "10-07": "国庆节"}


@pytest.mark.parametrize("year", [2030, 2035])
def test_a_year_that_is_not_published_has_the_days_of_the_law_and_no_guesses(year: int) -> None:
    assert not holidays.is_official(year)
    assert days_of(year, "workday") == []
    # 元旦 1, 春节 4, 清明 1, 劳动节 2, 端午 1, 中秋 1, 国庆 3, by the rules of 2025.
    assert len(days_of(year, "off")) == 13
    assert date(year, 10, 1) in days_of(year, "off")
    assert date(year, 10, 4) not in days_of(year, "off")
