"""Festivals and terms against known dates; lunar oddities; the same day of another year."""

from datetime import UTC, date, datetime, timedelta

import pytest

from kernel.clock import day_start
from pushes import holidays_lunar, holidays_moves, holidays_occasions
from pushes.holidays_moves import Window
from pushes.holidays_occasions import OCCASIONS, Lunar, Occasion, Once, Solar

# Each occasion's days of 2024 to 2030 as almanacs print them.
KNOWN = {
    "laba": "24-01-18 25-01-07 26-01-26 27-01-15 28-01-04 29-01-22 30-01-11",
    "little-year": "24-02-02 25-01-22 26-02-10 27-01-30 28-01-19 29-02-06 30-01-26",
    "spring-eve": "24-02-09 25-01-28 26-02-16 27-02-05 28-01-25 29-02-12 30-02-02",
    "spring": "24-02-10 25-01-29 26-02-17 27-02-06 28-01-26 29-02-13 30-02-03",
    "lantern": "24-02-24 25-02-12 26-03-03 27-02-20 28-02-09 29-02-27 30-02-17",
    "dragon-head": "24-03-11 25-03-01 26-03-20 27-03-09 28-02-26 29-03-16 30-03-05",
    "qingming": "24-04-04 25-04-04 26-04-05 27-04-05 28-04-04 29-04-04 30-04-05",
    "dragon-boat": "24-06-10 25-05-31 26-06-19 27-06-09 28-05-28 29-06-16 30-06-05",
    "qixi": "24-08-10 25-08-29 26-08-19 27-08-08 28-08-26 29-08-16 30-08-05",
    "ghost": "24-08-18 25-09-06 26-08-27 27-08-16 28-09-03 29-08-24 30-08-13",
    "mid-autumn": "24-09-17 25-10-06 26-09-25 27-09-15 28-10-03 29-09-22 30-09-12",
    "double-ninth": "24-10-11 25-10-29 26-10-18 27-10-08 28-10-26 29-10-16 30-10-05",
    "mother": "24-05-12 25-05-11 26-05-10 27-05-09 28-05-14 29-05-13 30-05-12",
    "father": "24-06-16 25-06-15 26-06-21 27-06-20 28-06-18 29-06-17 30-06-16",
    "new-year": "24-01-01 25-01-01 26-01-01 27-01-01 28-01-01 29-01-01 30-01-01",
    "labour": "24-05-01 25-05-01 26-05-01 27-05-01 28-05-01 29-05-01 30-05-01",
    "national": "24-10-01 25-10-01 26-10-01 27-10-01 28-10-01 29-10-01 30-10-01",
    "telecom": "24-05-17 25-05-17 26-05-17 27-05-17 28-05-17 29-05-17 30-05-17",
    "sale-1111": "24-11-11 25-11-11 26-11-11 27-11-11 28-11-11 29-11-11 30-11-11",
}
# The days of the month of the terms, two a month; reckoned from the longitude of the sun as well.
TERMS = {
    2024: "06 20 04 19 05 20 04 19 05 20 05 21 06 22 07 22 07 22 08 23 07 22 06 21",
    2025: "05 20 03 18 05 20 04 20 05 21 05 21 07 22 07 23 07 23 08 23 07 22 07 21",
    2026: "05 20 04 18 05 20 05 20 05 21 05 21 07 23 07 23 07 23 08 23 07 22 07 22",
    2027: "05 20 04 19 06 21 05 20 06 21 06 21 07 23 08 23 08 23 08 23 07 22 07 22",
    2028: "06 20 04 19 05 20 04 19 05 20 05 21 06 22 07 22 07 22 08 23 07 22 06 21",
    2029: "05 20 03 18 05 20 04 20 05 21 05 21 07 22 07 23 07 23 08 23 07 22 07 21",
    2030: "05 20 04 18 05 20 05 20 05 21 05 21 07 23 07 23 07 23 08 23 07 22 07 22",
}


@pytest.mark.parametrize("key", KNOWN)
def test_an_occasion_falls_on_its_known_days(key: str) -> None:
    for written in KNOWN[key].split():
        day = date.fromisoformat(f"20{written}")
        assert OCCASIONS[key].day_of(day.year) == day


@pytest.mark.parametrize("year", TERMS)
def test_the_24_terms_begin_on_their_known_days(year: int) -> None:
    found = [holidays_lunar.term_of(year, name) for name in holidays_lunar.TERMS]

    days = [int(day) for day in TERMS[year].split()]
    assert found == [date(year, 1 + n // 2, day) for n, day in enumerate(days)]


def test_a_year_of_the_calendar_shows_each_term_once_and_two_or_no_laba() -> None:
    def on(year: int, key: str) -> list[date]:
        found = holidays_occasions.between(date(year, 1, 1), date(year, 12, 31))
        return [day for day, one in found if one.key == key]

    assert sum(len(on(2026, one)) for one in OCCASIONS if one.startswith("term-")) == 23
    assert on(2022, "laba") == [date(2022, 1, 10), date(2022, 12, 30)]
    assert on(2023, "laba") == []


@pytest.mark.parametrize(
    ("begins", "words", "festival", "falls"),
    [
        (date(2025, 7, 25), "闰六月", "qixi", "2025-08-29"),
        (date(2028, 6, 23), "闰五月", "dragon-boat", "2028-05-28"),
        (date(2033, 12, 22), "闰冬月", "laba", "2034-01-27"),
    ],
)
def test_a_leap_month_has_no_festivals_of_its_own(
    begins: date, words: str, festival: str, falls: str
) -> None:
    assert holidays_lunar.words_of(begins) == words
    year = begins.year
    found = holidays_occasions.between(date(year, 2, 1), date(year + 1, 1, 31))

    days = [str(on) for on, one in found if one.key == festival]
    assert days == [falls]


def test_new_years_eve_is_the_last_day_of_a_month_of_29_days_or_30() -> None:
    eve = OCCASIONS["spring-eve"]
    said = [holidays_lunar.words_of(eve.day_of(year) or date.min) for year in (2024, 2025, 2027)]

    assert said == ["三十", "廿九", "廿九"]


def test_a_yearly_day_that_a_year_does_not_have_is_the_last_of_its_month() -> None:
    thirtieth, leap = Lunar(12, 30), Solar(2, 29)

    assert thirtieth.day_of(2025) == date(2025, 1, 28)
    assert thirtieth.day_of(2024) == date(2024, 2, 9)
    assert [leap.day_of(year) for year in (2027, 2028)] == [date(2027, 2, 28), date(2028, 2, 29)]


@pytest.mark.parametrize(
    ("key", "day", "years", "found"),
    [
        ("mid-autumn", "2025-10-06", 1, "2026-09-25"),
        ("mid-autumn", "2026-09-25", -1, "2025-10-06"),
        ("laba", "2022-12-30", 2, "2025-01-07"),
        ("spring-eve", "2024-02-09", 1, "2025-01-28"),
        ("qingming", "2024-04-04", 2, "2026-04-05"),
        ("mother", "2025-05-11", 1, "2026-05-10"),
        ("national", "2025-10-01", 10, "2035-10-01"),
        ("national", "2025-10-02", 1, None),
    ],
)
def test_the_same_day_of_another_year(key: str, day: str, years: int, found: str | None) -> None:
    moved = holidays_moves.same_day(OCCASIONS[key], date.fromisoformat(day), years)

    assert moved == (found and date.fromisoformat(found))


def test_a_window_moves_with_its_festival_over_a_leap_month_and_keeps_its_times() -> None:
    begins = datetime(2025, 10, 3, 1, 30, tzinfo=UTC)  # 9:30 of Shanghai, three days before
    last_year = Window(begins, day_start(date(2025, 10, 8)))

    moved = holidays_moves.moved(OCCASIONS["mid-autumn"], last_year, 2025, 2026)

    assert moved == Window(datetime(2026, 9, 22, 1, 30, tzinfo=UTC), day_start(date(2026, 9, 27)))
    assert holidays_moves.shift_days(OCCASIONS["mid-autumn"], 2025, 2026) == 354


def test_a_window_over_a_month_end_and_a_summer_keeps_its_midnights() -> None:
    window = Window(day_start(date(2025, 4, 30)), day_start(date(2025, 10, 1)))

    moved = holidays_moves.moved(OCCASIONS["labour"], window, 2025, 2026)

    # Nobody turns the clocks of Shanghai: midnight is midnight in April and in October.
    assert moved == Window(day_start(date(2026, 4, 30)), day_start(date(2026, 10, 1)))


def test_what_happened_once_has_no_other_year() -> None:
    opening = Occasion("company-1", "开业", "company", Once(date(2025, 6, 1)))
    window = Window(day_start(date(2025, 6, 1)), day_start(date(2025, 6, 2)))

    assert holidays_moves.moved(opening, window, 2025, 2026) is None
    assert holidays_moves.same_day(opening, date(2025, 6, 1), 1) is None


@pytest.mark.parametrize(
    ("first", "days", "found"),
    [
        ("2025-10-05", 2, "mid-autumn"),
        ("2025-09-29", 3, "national"),
        ("2025-09-20", 5, "national"),
        ("2025-07-01", 5, None),
    ],
)
def test_a_window_is_about_the_occasion_in_it_or_near_it(
    first: str, days: int, found: str | None
) -> None:
    begins = day_start(date.fromisoformat(first))

    anchor = holidays_moves.anchor(Window(begins, begins + timedelta(days=days)))

    assert (anchor and anchor[1].key) == found


@pytest.mark.parametrize(
    ("starts_on", "days", "today", "found"),
    [
        ("2025-10-03", 5, "2026-08-01", ("2026-09-25", "mid-autumn", 354)),
        ("2025-10-03", 5, "2025-11-01", ("2026-09-25", "mid-autumn", 354)),
        ("2024-09-15", 4, "2026-08-01", ("2026-09-25", "mid-autumn", 738)),
        ("2024-09-15", 4, "2026-09-26", ("2027-09-15", "mid-autumn", 1093)),
        ("2025-10-03", 46, "2026-08-01", None),
        ("2025-07-01", 5, "2026-08-01", None),
    ],
)
def test_when_the_occasion_of_a_window_comes_again(
    starts_on: str, days: int, today: str, found: tuple[str, str, int] | None
) -> None:
    begins = day_start(date.fromisoformat(starts_on))
    window = Window(begins, begins + timedelta(days=days))

    again = holidays_moves.next_time(window, date.fromisoformat(today))

    assert (again and (f"{again[0]}", again[1].key, again[2])) == found
