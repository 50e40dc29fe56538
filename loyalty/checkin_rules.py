"""The rules of check-ins as values: what a day is worth, in which cycle, and which tiers it meets.

A cycle is where streaks and tiers begin anew: a week from Monday, a calendar month, so many days
in a row of a member's own, or none, where a streak lasts as long as it is kept.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from kernel.refusals import Invalid
from loyalty.gifts import Gift

MOST_POINTS = 100_000
_KEYS = frozenset(
    {
        "base", "step", "step_cap", "cycle", "streaks", "totals", "specials", "multiplied",
        "claimable", "claim_days", "make_up",
    }
)  # fmt: skip


@dataclass(frozen=True)
class Milestone:
    """A reward for the n-th day in a row, or in all, of a cycle."""

    days: int
    gift: Gift


@dataclass(frozen=True)
class Special:
    """A reward of a date: of every year when `on` is `MM-DD`, of one day when `YYYY-MM-DD`."""

    on: str
    name: str
    gift: Gift

    def falls_on(self, day: date) -> bool:
        """Whether `day` is the date."""
        return self.on in (f"{day:%m-%d}", f"{day:%Y-%m-%d}")


@dataclass(frozen=True)
class MakeUpRules:
    """Days that were missed and can be bought; `a_month` = 0: none can."""

    days_back: int = 7
    a_month: int = 3
    cost: int = 20


@dataclass(frozen=True)
class CheckInRules:
    """What check-ins are worth, in points; see `parse` for how an operator writes them.

    `claimable`: rewards of tiers and dates wait `claim_days` for the member's own hand.
    """

    base: int
    step: int = 0
    step_cap: int = 0
    cycle: str | int = "none"
    streaks: tuple[Milestone, ...] = ()
    totals: tuple[Milestone, ...] = ()
    specials: tuple[Special, ...] = ()
    multiplied: bool = True
    claimable: bool = False
    claim_days: int = 30
    make_up: MakeUpRules = field(default_factory=MakeUpRules)

    def steps(self, in_cycle: int) -> int:
        """The increase on the n-th day in a row of the cycle."""
        return min(self.step * (in_cycle - 1), max(0, self.step_cap - self.base))

    def daily(self, in_cycle: int) -> int:
        """The day's points without tiers and dates."""
        return self.base + self.steps(in_cycle)

    def cycle_start(self, day: date, streak: int) -> date:
        """The first day of the cycle in which `day` lies, for somebody with that streak on it."""
        if self.cycle == "week":
            return day - timedelta(days=day.weekday())
        if self.cycle == "month":
            return day.replace(day=1)
        return day - timedelta(days=self.in_cycle(day, streak) - 1)

    def in_cycle(self, day: date, streak: int) -> int:
        """Which day in a row of its cycle `day` is."""
        if isinstance(self.cycle, int):
            return 1 + (streak - 1) % self.cycle
        if self.cycle == "none":
            return streak
        return min(streak, (day - self.cycle_start(day, streak)).days + 1)

    def total_start(self, day: date, streak: int) -> date:
        """The first day that counts for totals on `day`; without a cycle, every day counts."""
        return date(2000, 1, 1) if self.cycle == "none" else self.cycle_start(day, streak)

    def total_end(self, day: date, streak: int) -> date:
        """The first day after `day` that counts for other totals."""
        start = self.total_start(day, streak)
        if self.cycle == "none":
            return date(9999, 12, 31)
        if self.cycle == "month":
            return (start + timedelta(days=31)).replace(day=1)
        return start + timedelta(days=7 if isinstance(self.cycle, str) else self.cycle)

    def next_milestone(self, day: date, streak: int) -> tuple[int, Milestone] | None:
        """(days still to go, milestone) of the next streak that pays in this cycle, if one can."""
        now = self.in_cycle(day, streak)
        ahead = [(tier.days - now, tier) for tier in self.streaks if tier.days > now]
        return min(ahead, key=lambda one: one[0], default=None)


def parse(value: Mapping[str, Any]) -> CheckInRules:
    """Rules from JSON, YAML or a form. Raises Invalid with the field that is wrong.

    `{"base": 5, "step": 1, "step_cap": 10, "cycle": "week" | "month" | "none" | 7,
    "streaks": [{"days": 7, "points": 20, "coupons": ["code"]}], "totals": […],
    "specials": [{"on": "01-01", "name": "元旦", "points": 50}], "multiplied": true,
    "claimable": false, "claim_days": 30, "make_up": {"days_back": 7, "a_month": 3, "cost": 20}}`
    """
    unknown = set(value) - _KEYS
    if unknown:
        raise Invalid(field=min(unknown), reason=f"不认识的设置：{min(unknown)}")
    make_up = value.get("make_up") or {}
    return CheckInRules(
        base=_number(value, "base", 1),
        step=_number(value, "step", 0),
        step_cap=_number(value, "step_cap", 0),
        cycle=_cycle(value.get("cycle", "none")),
        streaks=_tiers(value.get("streaks", ()), "streaks"),
        totals=_tiers(value.get("totals", ()), "totals"),
        specials=tuple(_special(one) for one in value.get("specials", ())),
        multiplied=bool(value.get("multiplied", True)),
        claimable=bool(value.get("claimable", False)),
        claim_days=_number({"claim_days": 30, **value}, "claim_days", 1, 366),
        make_up=MakeUpRules(
            _number({"days_back": 7, **make_up}, "days_back", 0, 7),
            _number({"a_month": 3, **make_up}, "a_month", 0, 31),
            _number({"cost": 20, **make_up}, "cost", 0),
        ),
    )


def _number(values: Mapping[str, Any], name: str, least: int, most: int = MOST_POINTS) -> int:
    value = values.get(name, 0)
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise Invalid(field=name, reason=f"{name} 应为 {least} 至 {most} 的整数")
    return value


def _cycle(value: Any) -> str | int:
    if value in ("none", "week", "month"):
        return str(value)
    return _number({"cycle": value}, "cycle", 2, 366)


def _tiers(values: Sequence[Mapping[str, Any]], name: str) -> tuple[Milestone, ...]:
    tiers = [Milestone(_number(one, "days", 1, 3_660), _gift(one)) for one in values]
    if len({tier.days for tier in tiers}) != len(tiers):
        raise Invalid(field=name, reason="同一天数只能设一档奖励")
    return tuple(sorted(tiers, key=lambda tier: tier.days))


def _special(value: Mapping[str, Any]) -> Special:
    on, name = str(value.get("on", "")), str(value.get("name", ""))
    try:
        date.fromisoformat(on if len(on) == 10 else f"2024-{on}")
    except ValueError:
        raise Invalid(field="specials", reason="日期请写成 01-01 或 2026-01-01") from None
    if not 1 <= len(name) <= 20:
        raise Invalid(field="specials", reason="请填写特别日名称（20 字以内）")
    return Special(on, name, _gift(value))


def _gift(value: Mapping[str, Any]) -> Gift:
    coupons = tuple(str(code) for code in value.get("coupons", ()))
    gift = Gift(_number(value, "points", 0), coupons)
    if not gift.points and not gift.coupons:
        raise Invalid(field="points", reason="奖励不能为空：请填积分或优惠券")
    return gift
