"""Check-in rules, amnesties, tiers, ways to earn, as operators change them."""

from datetime import datetime, timedelta
from functools import partial

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty import checkin_days, checkin_programmes, checkins, earn_rules, tier_ladder
from loyalty.checkin_programmes import CheckInProgramme
from loyalty.earn_rules import Event
from loyalty.members import Member
from loyalty.policy import Policy
from loyalty.tier_ladder import Tier
from tests.console import loyalty_seeds
from tests.console.acts import acts
from tests.console.house import NOON, Browser, House
from tests.loyalty.books import breaches

VERSION = {
    "code": "winter", "name": "冬季签到", "starts_on": "2026-11-22", "base": "6", "step": "1",
    "step_cap": "12", "cycle": "days", "cycle_days": "7", "streaks": "3 10\n7 20 bill-10",
    "totals": "", "specials": "12-22 冬至 9", "multiplied": "yes", "claim_days": "30",
    "days_back": "7", "a_month": "3", "cost": "20",
}  # fmt: skip
TIER = {"level": "2", "code": "gold", "name": "金卡", "threshold": "2000",
        "multiplier_percent": "130", "points": "50", "coupons": "", "tag": ""}  # fmt: skip
EARN = {
    "code": "rating", "title": "服务评价", "points": "10", "per_units": "0", "day_cap": "10",
    "starts_at": "2026-01-01T00:00", "ends_at": "2030-01-01T00:00", "active": "yes",
}  # fmt: skip


@pytest.fixture
def ready(house: House) -> House:
    house.database.transaction(loyalty_seeds.add_programme)
    house.database.transaction(loyalty_seeds.add_batch)
    house.database.transaction(loyalty_seeds.add_words)
    return house


def versions(house: House) -> list[CheckInProgramme]:
    return house.database.read(checkin_programmes.every)


def test_a_version_is_published_for_tomorrow(ready: House, owner: Browser) -> None:
    assert 'value="2026-11-22"' in owner.text("/console/check-ins/new")

    answer = owner.post("/console/check-ins", **VERSION)

    assert answer.status_code == 303
    newest = versions(ready)[0]
    assert newest.rules["streaks"] == [
        {"days": 3, "points": 10, "coupons": []},
        {"days": 7, "points": 20, "coupons": ["bill-10"]},
    ]
    assert (newest.rules["cycle"], newest.rules["claimable"]) == (7, False)
    page = owner.text("/console/check-ins")
    assert "2026年11月22日 起" in page
    assert "话费抵用券" in page
    assert acts(ready)[-1].action == "programme.published"
    again = owner.text("/console/check-ins/new")
    assert "7 20 bill-10" in again
    assert "12-22 冬至 9" in again


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("starts_on", "2026-11-21"), ("starts_on", ""), ("base", "0"), ("base", "x"),
        ("streaks", "seven 20"), ("streaks", "7 20 no-such-batch"), ("streaks", "7 20\n7 30"),
        ("specials", "13-45 假日 5"), ("specials", "12-22"), ("cycle", "year"), ("code", "Bad!"),
        ("days_back", "9"), ("cycle_days", "1"), ("name", ""), ("claim_days", "0"),
    ],
)  # fmt: skip
def test_rules_that_cannot_be_come_back(
    ready: House, owner: Browser, field: str, value: str
) -> None:
    answer = owner.post("/console/check-ins", **{**VERSION, field: value})

    assert answer.status_code == 422
    assert "没有发布" in answer.text
    assert len(versions(ready)) == 1


def _check_in(session: Session, member_id: int, at: datetime) -> None:
    checkins.check_in(session, member_id, at, Policy())


def test_an_amnesty_is_seen_before_and_keeps_streaks(
    ready: House, owner: Browser, wang: Member
) -> None:
    for ago in (3, 1):
        at = NOON - timedelta(days=ago)
        ready.database.transaction(partial(_check_in, member_id=wang.id, at=at))
    assert "1 人" in owner.text("/console/amnesties?day=2026-11-19")

    assert owner.post("/console/amnesties", day="2026-11-19", reason="").status_code == 422
    for _ in range(2):
        owner.post("/console/amnesties", day="2026-11-19", reason="机房断电")

    day = NOON.date() - timedelta(days=1)
    streak = ready.database.read(lambda db: checkin_days.streak_until(db, wang.id, day))
    assert streak == 2
    assert "机房断电" in owner.text("/console/amnesties")
    assert len([act for act in acts(ready) if act.action == "amnesty.declared"]) == 1


@pytest.mark.parametrize("day", ["2026-11-21", "2027-01-01", "2020-01-01", "soon"])
def test_a_day_that_cannot_be_protected(ready: House, owner: Browser, day: str) -> None:
    assert owner.get(f"/console/amnesties?day={day}").status_code == 422
    assert owner.post("/console/amnesties", day=day, reason="x").status_code == 422


def tier(house: House, level: int) -> Tier | None:
    return house.database.read(lambda db: db.get(Tier, level))


def test_a_tier_is_defined_changed_and_retired(ready: House, owner: Browser) -> None:
    owner.post("/console/tiers", **TIER)
    owner.post("/console/tiers", **{**TIER, "threshold": "2500", "coupons": "bill-10"})
    page = owner.text("/console/tiers")
    assert "2,500" in page
    assert "话费抵用券" in page
    owner.post("/console/tiers/2/retirements")

    gold = tier(ready, 2)
    assert gold is not None
    assert (gold.threshold, gold.active) == (2500, False)
    assert [rung.level for rung in ready.database.read(tier_ladder.rungs)] == [1]
    assert owner.post("/console/tiers/2/retirements").status_code == 404


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("threshold", "400"), ("threshold", ""), ("multiplier_percent", "90"), ("level", "99"),
        ("code", "silver"), ("coupons", "no-such"), ("points", "-1"), ("name", ""),
    ],
)  # fmt: skip
def test_a_tier_that_cannot_be(ready: House, owner: Browser, field: str, value: str) -> None:
    answer = owner.post("/console/tiers", **{**TIER, field: value})

    assert answer.status_code == 422
    assert tier(ready, 2) is None


def test_a_way_to_earn_pays_as_it_was_defined(ready: House, owner: Browser, wang: Member) -> None:
    owner.post("/console/earn-rules", **EARN)
    owner.post("/console/earn-rules/rating", **{**EARN, "points": "8", "code": "ignored"})

    event = Event("rating:1", NOON)
    earned = ready.database.transaction(
        lambda db: earn_rules.earn(db, wang.id, "rating", event, Policy())
    )

    assert earned.points == 8
    assert "每次 8 分" in owner.text("/console/earn-rules")
    assert [act.action for act in acts(ready)][-2:] == ["earn_rule.defined"] * 2
    assert breaches(ready.database, NOON) == {}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("code", "bill"), ("code", "大写"), ("title", ""), ("points", "0"), ("per_units", "-1"),
        ("day_cap", "-1"), ("month_cap", "9999999"), ("ends_at", "2020-01-01T00:00"),
    ],
)  # fmt: skip
def test_a_way_to_earn_that_cannot_be(
    ready: House, owner: Browser, field: str, value: str
) -> None:
    assert owner.post("/console/earn-rules", **{**EARN, field: value}).status_code == 422

    codes = select(earn_rules.EarnRule.code)
    assert ready.database.read(lambda db: db.scalars(codes).all()) == ["bill"]


def test_whether_points_wait_never_changes(ready: House, owner: Browser) -> None:
    owner.post("/console/earn-rules", **EARN)

    answer = owner.post("/console/earn-rules/rating", **{**EARN, "waits": "yes"})

    assert answer.status_code == 422
    assert owner.get("/console/earn-rules/no-such").status_code == 404
