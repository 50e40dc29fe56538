"""The jobs of the night: each day once, page by page, whoever kills or repeats them."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from handlers import nightly
from handlers.nightly import NIGHTLY
from kernel import job_marks
from kernel.activity import Activity
from kernel.clock import business_day, day_start
from kernel.db import Database
from kernel.job_marks import JobMark
from loyalty import (
    checkin_reminders,
    followers,
    points,
    proof_records,
    reward_orders,
    tag_definitions,
    tags,
)
from loyalty.ledger import PointsAccount
from loyalty.members import Member
from loyalty.notices import Notice
from loyalty.points import Credit
from loyalty.proof_records import ProofRun
from loyalty.reward_orders import Parcel
from loyalty.tag_definitions import Draft
from tests.jobs.house import House
from tests.loyalty.books import breaches
from tests.loyalty.ladder import SILVER, earn, raise_ladder
from tests.loyalty.people import join, join_many
from tests.loyalty.shop import buy, rich, show
from tests.world import NOON, MovableClock

TONIGHT = day_start(NOON.date() + timedelta(days=1))


def run(house: House, ticks: int = 3) -> None:
    for _ in range(ticks):
        nightly.run_nightly(house.tools)


def marks(house: House) -> dict[str, JobMark]:
    rows = house.database.read(lambda session: session.scalars(select(JobMark)).all())
    return {row.name: row for row in rows}


def notices(house: House, kind: str) -> list[Notice]:
    query = select(Notice).where(Notice.kind == kind).order_by(Notice.id)
    return house.database.read(lambda session: list(session.scalars(query)))


def balances(house: House, expires_at: datetime, count: int = 3) -> list[int]:
    """Members with ten points each that expire then."""
    members = join_many(house.database, count)

    def give(session: Session) -> None:
        for member in members:
            credit = Credit(10, f"gift:{member}", "礼")
            points.earn(session, member, [credit], NOON, expires_at)

    house.do(give)
    return members


def left(house: House) -> int:
    query = select(func.sum(PointsAccount.balance))
    return int(house.database.read(lambda session: session.scalar(query)) or 0)


def test_points_expire_with_the_first_tick_of_their_day(house: House) -> None:
    balances(house, TONIGHT)
    house.clock.instant = TONIGHT - timedelta(seconds=1)
    run(house)
    assert left(house) == 30
    house.clock.instant = TONIGHT
    run(house)
    assert left(house) == 0
    assert marks(house)["expire_points"].counts == {"members": 3, "points": 30}
    assert breaches(house.database, TONIGHT) == {}


def test_a_run_that_was_killed_goes_on_where_it_was(
    quick_house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nightly, "_ROWS", 1)
    monkeypatch.setattr(nightly, "_PAGES_A_TICK", 2)
    balances(quick_house, TONIGHT, 5)
    quick_house.clock.instant = TONIGHT
    seen = []
    for _ in range(4):
        nightly.run_nightly(quick_house.tools)
        seen.append(left(quick_house))
    assert seen == [30, 10, 0, 0]
    mark = marks(quick_house)["expire_points"]
    assert (mark.counts, mark.finished_at) == ({"members": 5, "points": 50}, TONIGHT)


def test_a_page_that_fails_leaves_nothing_behind(
    quick_house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    balances(quick_house, TONIGHT)
    quick_house.clock.instant = TONIGHT

    def fall(*_: object) -> None:
        raise RuntimeError("the power is gone")

    with monkeypatch.context() as patch:
        patch.setattr(job_marks, "settle", fall)
        with pytest.raises(RuntimeError):
            nightly.run_nightly(quick_house.tools)
    assert left(quick_house) == 30
    run(quick_house)
    assert left(quick_house) == 0


def test_a_day_is_done_once_and_a_clock_set_back_starts_nothing(quick_house: House) -> None:
    quick_house.clock.instant = TONIGHT
    run(quick_house)
    before = marks(quick_house)["expire_points"].finished_at
    quick_house.clock.move(hours=1)
    run(quick_house)
    quick_house.clock.move(hours=-2)  # yesterday again
    run(quick_house)
    assert marks(quick_house)["expire_points"].finished_at == before
    quick_house.clock.move(hours=26)
    run(quick_house)
    assert marks(quick_house)["expire_points"].finished_at == quick_house.clock.now()


def test_tiers_and_rule_tags_are_settled_at_night(house: House) -> None:
    rule = {"field": "points.balance", "op": ">=", "value": 100}

    def prepare(session: Session) -> int:
        raise_ladder(session)
        member = join(session)
        earn(session, member, 150)
        session.execute(update(PointsAccount).values(qualified=0))  # it missed the climb
        session.execute(update(Member).where(Member.id == member).values(tier_level=0))
        tag_definitions.define(session, Draft("rich", "积分大户", rule), NOON, by=None)
        return member

    member = house.database.transaction(prepare)
    house.clock.instant = TONIGHT + timedelta(hours=1)
    run(house)
    found = house.database.read(
        lambda session: (session.get_one(Member, member), tags.of_member(session, member))
    )
    assert found[0].tier_level == SILVER
    assert [tag.code for tag, _ in found[1]] == ["rich"]
    query = select(Activity.facts).where(Activity.kind == "tag.run")
    noted = house.database.read(lambda session: session.scalars(query).all())
    assert [(facts or {})["added"] for facts in noted] == [1]


def test_members_hear_of_points_and_coupons_by_day_only(quick_house: House) -> None:
    balances(quick_house, TONIGHT + timedelta(days=6), 2)
    quick_house.clock.instant = TONIGHT + timedelta(hours=7)
    run(quick_house)
    assert notices(quick_house, "points_expiring") == []
    quick_house.clock.move(hours=1)
    run(quick_house)
    run(quick_house)
    assert [one.facts["days"] for one in notices(quick_house, "points_expiring")] == [6, 6]


def test_a_reminder_goes_out_in_the_evening_once(house: House) -> None:
    def prepare(session: Session) -> None:
        for openid in ("oWants", "oLeft", "oNever"):
            member = join(session, openid)
            followers.follow(session, openid, NOON)
            checkin_reminders.choose(session, member, openid != "oNever", NOON)
        followers.unfollow(session, "oLeft", NOON)

    house.do(prepare)
    seen = []
    for clock_time in ("19:29", "19:30", "20:00", "22:00"):
        hour, minute = clock_time.split(":")
        house.clock.instant = TONIGHT + timedelta(hours=int(hour), minutes=int(minute))
        run(house)
        seen.append(len(notices(house, "check_in_reminder")))
    assert seen == [0, 1, 1, 1]


def test_a_late_scheduler_does_not_remind_at_night(quick_house: House) -> None:
    house = quick_house

    def prepare(session: Session) -> None:
        checkin_reminders.choose(session, join(session, "oWants"), True, NOON)
        followers.follow(session, "oWants", NOON)

    house.do(prepare)
    house.clock.instant = TONIGHT + timedelta(hours=22)
    run(house)
    assert notices(house, "check_in_reminder") == []


def test_parcels_arrive_by_themselves(house: House) -> None:
    def send(session: Session) -> int:
        order = buy(session, show(session), rich(session))
        return reward_orders.ship(session, order.id, Parcel("顺丰", "SF1"), NOON, by=1).id

    order = house.database.transaction(send)
    states = []
    for days in (14, 16):
        house.clock.instant = NOON + timedelta(days=days)
        run(house)
        states.append(house.database.read(lambda session: reward_orders.get(session, order).state))
    assert states == ["shipped", "received"]


def test_old_notices_go(quick_house: House) -> None:
    balances(quick_house, TONIGHT + timedelta(days=6))
    quick_house.clock.instant = TONIGHT + timedelta(hours=8)
    run(quick_house)
    assert len(notices(quick_house, "points_expiring")) == 3
    quick_house.clock.move(days=401)
    run(quick_house)
    assert notices(quick_house, "points_expiring") == []


def test_the_proof_runs_once_a_night_and_is_kept(house: House) -> None:
    house.clock.instant = TONIGHT + timedelta(hours=3, minutes=29)
    nightly.prove(house.tools)
    assert newest(house) is None
    house.clock.move(minutes=1)
    for _ in range(2):
        nightly.prove(house.tools)
    run_ = newest(house)
    assert run_ is not None
    assert (run_.breaches, run_.at) == ([], house.clock.now())
    count = house.database.read(lambda session: session.scalar(select(func.count(ProofRun.id))))
    assert count == 1


def newest(house: House) -> ProofRun | None:
    return house.database.read(proof_records.newest)


def test_broken_books_are_called_out(quick_house: House) -> None:
    member = balances(quick_house, TONIGHT + timedelta(days=9), 1)[0]
    broken = update(PointsAccount).where(PointsAccount.member_id == member).values(balance=11)
    quick_house.do(lambda session: session.execute(broken))
    quick_house.clock.instant = TONIGHT + timedelta(hours=4)
    nightly.prove(quick_house.tools)
    found = newest(quick_house)
    assert found is not None
    codes = [breach["code"] for breach in found.breaches]
    assert "L1" in codes
    assert found.breaches[codes.index("L1")]["rows"] == [[str(member)]]
    query = select(Activity.facts).where(Activity.kind == "books.broken")
    noted = quick_house.database.read(lambda session: session.scalars(query).all())
    assert noted == [{"run_id": found.id, "codes": codes}]


def test_every_job_of_the_table_is_through_by_midnight(quick_house: House) -> None:
    quick_house.clock.instant = TONIGHT
    for _ in range(48):
        run(quick_house, 1)
        quick_house.clock.move(minutes=30)
    found = marks(quick_house)
    assert {name for name, mark in found.items() if mark.finished_at} == set(NIGHTLY)
    assert {mark.day for mark in found.values()} == {business_day(TONIGHT)}


@pytest.mark.race
def test_four_schedulers_at_once_do_a_night_once(
    server_database: Database, clock: MovableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nightly, "_ROWS", 3)
    house = House(server_database, clock)
    balances(house, TONIGHT, 30)
    clock.instant = TONIGHT + timedelta(hours=4)

    def schedule() -> None:
        for _ in range(8):
            nightly.run_nightly(house.tools)
            nightly.prove(house.tools)

    with ThreadPoolExecutor(4) as pool:
        for running in [pool.submit(schedule) for _ in range(4)]:
            running.result()
    assert left(house) == 0
    found = marks(house)
    assert found["expire_points"].counts == {"members": 30, "points": 300}
    assert found["settle_tiers"].counts["seen"] == 30
    assert all(mark.finished_at for mark in found.values())
    runs = select(func.count(ProofRun.id))
    assert server_database.read(lambda session: session.scalar(runs)) == 1
    assert breaches(server_database, clock.now()) == {}
