"""What check-ins are worth, as settings: each is read, has a range, and says when it is wrong."""

from datetime import date
from typing import Any

import pytest

from kernel.refusals import Invalid
from loyalty.checkin_rules import CheckInRules, MakeUpRules, Milestone, Special, parse
from loyalty.gifts import Gift

DAY = date(2026, 11, 20)
TWICE = "同一天数只能设一档奖励"
DATE_FORM = "日期请写成 01-01 或 2026-01-01"
NAME_FORM = "请填写特别日名称（20 字以内）"


def whole() -> dict[str, Any]:
    """Rules with every setting, none at its default."""
    return {
        "base": 5, "step": 2, "step_cap": 11, "cycle": 7, "multiplied": False, "claimable": True,
        "claim_days": 9,
        "streaks": [{"days": 7, "points": 70, "coupons": ["week"]}, {"days": 3, "points": 30}],
        "totals": [{"days": 5, "points": 50}],
        "specials": [{"on": "01-01", "name": "元", "points": 1},
                     {"on": "2026-12-31", "name": "跨" * 20, "coupons": ["eve"]}],
        "make_up": {"days_back": 2, "a_month": 1, "cost": 8},
    }  # fmt: skip


def test_every_setting_is_read() -> None:
    assert parse(whole()) == CheckInRules(
        base=5,
        step=2,
        step_cap=11,
        cycle=7,
        streaks=(Milestone(3, Gift(30)), Milestone(7, Gift(70, ("week",)))),
        totals=(Milestone(5, Gift(50)),),
        specials=(
            Special("01-01", "元", Gift(1)),
            Special("2026-12-31", "跨" * 20, Gift(0, ("eve",))),
        ),
        multiplied=False,
        claimable=True,
        claim_days=9,
        make_up=MakeUpRules(2, 1, 8),
    )
    assert parse({"base": 1}) == CheckInRules(base=1)


@pytest.mark.parametrize(
    ("wrong", "field", "reason"),
    [
        ({"bonus": 1, "alas": 2}, "alas", "不认识的设置：alas"),
        ({"base": 0}, "base", "base 应为 1 至 100000 的整数"),
        ({"base": 100_001}, "base", "base 应为 1 至 100000 的整数"),
        ({"step": -1}, "step", "step 应为 0 至 100000 的整数"),
        ({"step_cap": -1}, "step_cap", "step_cap 应为 0 至 100000 的整数"),
        ({"cycle": 1}, "cycle", "cycle 应为 2 至 366 的整数"),
        ({"cycle": 367}, "cycle", "cycle 应为 2 至 366 的整数"),
        ({"claim_days": 0}, "claim_days", "claim_days 应为 1 至 366 的整数"),
        ({"claim_days": 367}, "claim_days", "claim_days 应为 1 至 366 的整数"),
        ({"make_up": {"days_back": 8}}, "days_back", "days_back 应为 0 至 7 的整数"),
        ({"make_up": {"a_month": 32}}, "a_month", "a_month 应为 0 至 31 的整数"),
        ({"make_up": {"cost": -1}}, "cost", "cost 应为 0 至 100000 的整数"),
        ({"streaks": [{"days": 3661, "points": 1}]}, "days", "days 应为 1 至 3660 的整数"),
        ({"streaks": [{"days": 2, "points": n} for n in (1, 2)]}, "streaks", TWICE),
        ({"totals": [{"days": 2, "points": n} for n in (1, 2)]}, "totals", TWICE),
        ({"totals": [{"days": 3}]}, "points", "奖励不能为空：请填积分或优惠券"),
        ({"specials": [{"name": "无", "points": 1}]}, "specials", DATE_FORM),
        ({"specials": [{"on": "02-30", "name": "无", "points": 1}]}, "specials", DATE_FORM),
        ({"specials": [{"on": "01-01", "points": 1}]}, "specials", NAME_FORM),
        ({"specials": [{"on": "01-01", "name": "长" * 21, "points": 1}]}, "specials", NAME_FORM),
    ],
)  # fmt: skip
def test_it_is_said_which_setting_is_wrong(wrong: dict[str, Any], field: str, reason: str) -> None:
    with pytest.raises(Invalid) as refused:
        parse({"base": 5, **wrong})
    assert refused.value.facts == {"field": field, "reason": reason}


@pytest.mark.parametrize(
    "edge",
    [
        {"cycle": 2}, {"cycle": 366}, {"claim_days": 1}, {"claim_days": 366}, {"base": 100_000},
        {"make_up": {"days_back": 0, "a_month": 0, "cost": 0}}, {"make_up": {"a_month": 31}},
        {"streaks": [{"days": 1, "points": 1}]}, {"totals": [{"days": 3660, "points": 1}]},
    ],
)  # fmt: skip
def test_the_ends_of_each_range_may_be_chosen(edge: dict[str, Any]) -> None:
    assert parse({"base": 5, **edge})


@pytest.mark.parametrize(
    ("streak", "points", "ahead"),
    [
        (1, 5, (2, 3)), (2, 7, (1, 3)), (3, 9, (4, 7)), (5, 11, (2, 7)), (7, 11, None),
        (8, 5, (2, 3)),
    ],
)  # fmt: skip
def test_a_day_says_its_points_and_the_next_milestone(
    streak: int, points: int, ahead: tuple[int, int] | None
) -> None:
    rules = parse(whole())
    assert rules.daily(rules.in_cycle(DAY, streak)) == points
    found = rules.next_milestone(DAY, streak)
    assert (found and (found[0], found[1].days)) == ahead
