"""The policy of a loyalty programme: the numbers its owner decides, passed in from outside."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Literal

from kernel.clock import business_day, day_start

if TYPE_CHECKING:  # gifts are given by rules that take a policy
    from loyalty.gifts import Gift

Rounding = Literal["days", "month_end", "year_end", "next_year_end"]
ClawBack = Literal["refuse", "debt", "clamp"]


@dataclass(frozen=True)
class Expiry:
    """When points expire that are earned on a day: always at a midnight of Shanghai.

    `days`: after `count` whole days. `month_end`: with the month that lies `count` months ahead.
    `year_end`: with the year of earning. `next_year_end`: with the calendar year after it.
    """

    rounding: Rounding = "next_year_end"
    count: int = 0

    def of(self, at: datetime) -> datetime:
        """The first instant at which points earned at `at` are gone."""
        return day_start(self._first_day_without(business_day(at)))

    def _first_day_without(self, day: date) -> date:
        if self.rounding == "days":
            return day + timedelta(days=self.count + 1)
        if self.rounding == "month_end":
            months = day.year * 12 + day.month + self.count  # of the month after the last one
            return date(months // 12, months % 12 + 1, 1)
        return date(day.year + (1 if self.rounding == "year_end" else 2), 1, 1)


@dataclass(frozen=True)
class Policy:
    """Every number of the programme that is not a row an operator edits.

    `claw_back` says what a reversal does when the points are spent already: `refuse` it, leave the
    member in `debt` that later credits pay first, or `clamp` at what is left. An adjustment above
    `adjust_alone_limit` points needs a second person. `welcome` goes to each new phone; `invite`
    to who brought it, at most `invite_cap_month` times a month, and `invited` to who was brought.
    A reward counts as received `receive_after_days` after it was shipped.
    """

    expiry: Expiry = Expiry()
    claw_back: ClawBack = "debt"
    adjust_alone_limit: int = 1_000
    points_notice_days: tuple[int, ...] = (30, 7, 1)
    coupon_notice_days: tuple[int, ...] = (7, 1)
    tier_window_days: int = 365
    tier_period_days: int = 365
    tier_grace_days: int = 30
    rebind_wait_days: int = 30
    undo_hours: int = 48
    receive_after_days: int = 15
    welcome: "Gift | None" = None
    invite: "Gift | None" = None
    invited: "Gift | None" = None
    invite_cap_month: int = 10
