"""How long coupons live, on which days they rest, what they take off."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import pytest

from kernel.clock import day_start
from kernel.refusals import Invalid
from loyalty import coupon_validity
from tests.world import NOON


@dataclass
class Terms:
    validity: str
    valid_days: int = 0
    fixed_from: datetime | None = None
    fixed_until: datetime | None = None


@dataclass
class Worth:
    kind: str = "discount"
    amount_fen: int = 0
    percent_off: int = 0
    cap_fen: int = 0
    min_order_fen: int = 0


# 23:59:59.9 and 00:00:00.1 around the end of February of a leap year, in Shanghai.
EVE = datetime(2028, 2, 29, 15, 59, 59, 900_000, tzinfo=UTC)
MARCH = EVE + timedelta(milliseconds=200)


@pytest.mark.parametrize(
    ("terms", "at", "begins", "ends"),
    [
        (Terms("days", 1), EVE, EVE, EVE + timedelta(days=1)),
        (Terms("next_days", 1), EVE, day_start(date(2028, 3, 1)), day_start(date(2028, 3, 2))),
        (Terms("next_days", 2), MARCH, day_start(date(2028, 3, 2)), day_start(date(2028, 3, 4))),
        (Terms("month_end"), EVE, EVE, day_start(date(2028, 3, 1))),
        (Terms("month_end"), MARCH, MARCH, day_start(date(2028, 4, 1))),
        (
            Terms("month_end"),
            datetime(2026, 12, 31, 4, tzinfo=UTC),
            datetime(2026, 12, 31, 4, tzinfo=UTC),
            day_start(date(2027, 1, 1)),
        ),
        (Terms("fixed", 0, MARCH, MARCH + timedelta(3)), EVE, MARCH, MARCH + timedelta(3)),
        (Terms("fixed", 0, EVE, MARCH), EVE + timedelta(0, 0, 5), EVE + timedelta(0, 0, 5), MARCH),
    ],
)
def test_windows(terms: Terms, at: datetime, begins: datetime, ends: datetime) -> None:
    assert coupon_validity.window_of(terms, at) == (begins, ends)


def test_two_ranges_and_weekdays_rest() -> None:
    unusable = coupon_validity.parse_unusable(
        [6, 5], "2027-02-05~2027-02-11， 2027-10-01 ~ 2027-10-07, 2027-05-03"
    )
    resting = {
        day
        for number in range(365)
        if coupon_validity.unusable_on(
            {"dates": unusable["dates"]}, day := date(2027, 1, 1) + timedelta(number)
        )
    }
    assert resting == {
        *(date(2027, 2, day) for day in range(5, 12)),
        *(date(2027, 10, day) for day in range(1, 8)),
        date(2027, 5, 3),
    }
    assert coupon_validity.unusable_on(unusable, date(2027, 3, 6))  # a Saturday
    assert not coupon_validity.unusable_on(unusable, date(2027, 3, 8))
    assert not coupon_validity.unusable_on({}, date(2027, 3, 6))


@pytest.mark.parametrize(
    ("weekdays", "dates", "field"),
    [
        ([7], "", "weekdays"),
        ([-1], "", "weekdays"),
        (range(7), "", "weekdays"),
        ([], "2027-2-5", "dates"),
        ([], "2027-02-30", "dates"),
        ([], "2027-02-11~2027-02-05", "dates"),
        ([], "2027-02-11~", "dates"),
        ([], "~2027-02-11", "dates"),
        ([], "x" * 10_000, "dates"),
    ],
)
def test_what_is_no_calendar_is_refused(weekdays: list[int], dates: str, field: str) -> None:
    with pytest.raises(Invalid) as refused:
        coupon_validity.parse_unusable(weekdays, dates)
    assert refused.value.facts["field"] == field


@pytest.mark.parametrize(
    ("batch", "order_fen", "saved"),
    [
        (Worth(amount_fen=1_000), 5_000, 1_000),
        (Worth(amount_fen=1_000), 999, 999),
        (Worth(amount_fen=1_000, min_order_fen=3_000), 2_999, 0),
        (Worth(amount_fen=1_000, min_order_fen=3_000), 3_000, 1_000),
        (Worth(percent_off=15), 1_001, 150),
        (Worth(percent_off=50, cap_fen=2_000), 10_000, 2_000),
        (Worth(percent_off=50, cap_fen=2_000), 3_999, 1_999),
        (Worth(kind="bill_credit", amount_fen=1_000), 5_000, 1_000),
        (Worth(kind="gift", amount_fen=1_000), 5_000, 0),
        (Worth(kind="partner"), 5_000, 0),
        (Worth(amount_fen=1_000), 0, 0),
    ],
)
def test_what_a_coupon_takes_off(batch: Worth, order_fen: int, saved: int) -> None:
    assert coupon_validity.worth_of(batch, order_fen) == saved


def test_noon_is_noon() -> None:
    assert coupon_validity.window_of(Terms("days", 30), NOON)[1] == NOON + timedelta(days=30)
