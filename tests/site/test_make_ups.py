"""Make-ups, rewards that wait, and the reminder, on the check-in page."""

from datetime import date, timedelta
from functools import partial

import pytest
from sqlalchemy import select, update

from loyalty import checkins, members, points
from loyalty.checkin_days import CheckIn
from loyalty.checkin_rewards import CheckInReward
from loyalty.gifts import Gift
from loyalty.members import Member
from tests.site.conftest import POLICY, START, Phone, World


def _alice(world: World) -> int:
    return world.database.read(lambda db: members.get(db, "oAlice").id)


@pytest.fixture
def old(alice: Phone, world: World) -> Phone:
    """Alice, who joined ten days ago, checked in three days ago, and has 100 points."""
    joined = START - timedelta(days=10)
    world.write(lambda db: db.execute(update(Member).values(registered_at=joined)))
    at = START - timedelta(days=3)
    world.write(partial(checkins.check_in, member_id=_alice(world), at=at, policy=POLICY))
    world.grant(_alice(world), 95)
    return alice


def test_a_missed_day_is_bought_once(old: Phone, world: World) -> None:
    page = old.text("/site/check-ins")
    assert 'aria-label="补签 21日"' in page
    assert "本月还可补 3 次" in page

    for _ in range(2):
        old.post("/site/check-ins/make-ups", day="2026-11-21")

    page = old.text("/site/check-ins")
    assert "这一天已经签到过了" in page
    assert 'aria-label="21日，已补签"' in page
    assert "本月还可补 2 次" in page
    assert world.database.read(lambda db: points.balance_of(db, _alice(world))) == 100 - 20 + 5


def test_bridging_the_gap_rebuilds_the_streak(old: Phone) -> None:
    old.post("/site/check-ins/make-ups", day="2026-11-20")
    old.post("/site/check-ins/make-ups", day="2026-11-21")

    assert "<b>3</b> 天" in old.text("/site/check-ins")


@pytest.mark.parametrize(
    ("day", "said"), [("2026-11-13", "✕"), ("2026-11-19", "已签到"), ("2026-11-21", "用 20 积分")]
)
def test_a_day_says_whether_it_can_be_made_up(old: Phone, day: str, said: str) -> None:
    page = old.text(f"/site/check-ins/make-ups/{day}")

    assert said in page
    assert ("这一天不能补签" in page) == (day != "2026-11-21")


def test_without_points_the_day_says_so(old: Phone, world: World) -> None:
    for day in ("15", "16", "17"):
        old.post("/site/check-ins/make-ups", day=f"2026-11-{day}")

    page = old.text("/site/check-ins")

    assert "3 次补签机会已用完" in page
    assert "calendar__day_open" not in page
    assert "/site/check-ins/make-ups/2026-11-21" in page
    assert "本月已补 3 次" in old.text("/site/check-ins/make-ups/2026-11-21")
    old.post("/site/check-ins/make-ups", day="2026-11-21")
    assert "补签机会已用完" in old.text("/site/check-ins")


@pytest.mark.parametrize(
    "day",
    ["2026-11-22", "2026-11-23", "2026-11-11", "2026-13-01", "x", "", "20261120", "0001-01-01"],
)
def test_a_day_that_is_none_is_not_found(old: Phone, world: World, day: str) -> None:
    assert old.get(f"/site/check-ins/make-ups/{day}").status_code in {404, 405}
    old.post("/site/check-ins/make-ups", day=day)

    done = world.database.read(lambda db: db.scalars(select(CheckIn.day)).all())
    assert done == [date(2026, 11, 19)]


@pytest.fixture
def reward_id(alice: Phone, world: World) -> int:
    """A reward that waits for Alice's hand."""
    member_id, gift = _alice(world), Gift(20, ("speed-up-month",))
    row = CheckInReward(
        member_id=member_id, day=START.date(), name="连签 7 天",
        reference=f"check-in-streak:2026-11-01:7:{member_id}", gift=gift.to_json(), points=20,
        state="claimable", created_at=START, claim_until=START + timedelta(days=30),
    )  # fmt: skip
    world.write(lambda db: db.add(row))
    return int(world.database.read(lambda db: db.scalar(select(CheckInReward.id))) or 0)


def test_a_reward_is_taken_once(alice: Phone, world: World, reward_id: int) -> None:
    assert "连签 7 天奖励" in alice.text("/site/check-ins")

    alice.post(f"/site/check-ins/rewards/{reward_id}")
    assert "领取成功：20 积分、提速体验券" in alice.text("/site/check-ins")
    alice.post(f"/site/check-ins/rewards/{reward_id}")

    assert "已领取或已过期" in alice.text("/site/check-ins")
    assert world.database.read(lambda db: points.balance_of(db, _alice(world))) == 20


@pytest.mark.parametrize("state", ["active", "blocked"])
def test_nobody_takes_a_reward_that_is_not_for_him(
    alice: Phone, bob: Phone, world: World, reward_id: int, state: str
) -> None:
    world.write(lambda db: db.execute(update(Member).values(state=state)))
    hand = bob if state == "active" else alice

    hand.post(f"/site/check-ins/rewards/{reward_id}")

    found = world.database.read(lambda db: db.get(CheckInReward, reward_id))
    assert found is not None
    assert found.state == "claimable"


def test_the_reminder_is_asked_for_and_left(alice: Phone, world: World) -> None:
    def wanted() -> bool:
        return world.database.read(lambda db: members.get(db, "oAlice").wants_check_in_reminder)

    assert not wanted()
    alice.post("/site/check-ins/reminder", wanted="yes")
    assert wanted()
    assert ">关闭</button>" in alice.text("/site/check-ins")
    alice.post("/site/check-ins/reminder", wanted="no")
    assert not wanted()


def test_before_the_first_programme_the_page_still_answers(alice: Phone, world: World) -> None:
    from loyalty.checkin_programmes import CheckInProgramme

    far = {"starts_on": date(2030, 1, 1)}
    world.write(lambda db: db.execute(update(CheckInProgramme).values(**far)))

    assert "签到活动暂未开放" in alice.text("/site/check-ins")
    alice.post("/site/check-ins")
    assert "签到活动暂未开放，敬请期待" in alice.text("/site/check-ins")
