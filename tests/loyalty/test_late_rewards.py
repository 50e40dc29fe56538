"""What comes late: rewards of a rebuilt streak, make-ups written down, claw-backs after expiry."""

from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from kernel.activity import Activity
from kernel.clock import SHANGHAI
from kernel.db import Database
from loyalty import (
    checkin_programmes,
    checkin_rewards,
    checkins,
    make_ups,
    points,
    points_expiry,
    points_pending,
    points_reversals,
)
from loyalty.checkin_rewards import CheckInReward
from loyalty.ledger import PointsAccount, PointsEntry
from loyalty.members import Member
from loyalty.points import Credit, Debit
from loyalty.points_pending import PointsPending, Promise
from loyalty.points_reversals import Because, PointsReversal
from tests.loyalty.books import breaches
from tests.loyalty.people import NEXT_YEAR, PLAIN, POLICY, join, open_programme
from tests.loyalty.test_make_ups import arrive, at, check_in_on
from tests.world import NOON

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
GAP = date(2026, 11, 18)


def another(session: Session) -> int:
    """A second member since the first of the month, with points."""
    member = join(session)
    since = update(Member).where(Member.id == member).values(registered_at=at(1))
    session.execute(since)
    points.earn(session, member, [Credit(100, f"start:{member}", "")], at(1), NEXT_YEAR)
    return member


def test_late_rewards_go_to_whoever_reached_them(sqlite: Database) -> None:
    def work(session: Session) -> None:
        member, other = arrive(session), another(session)
        for one in (member, other):
            check_in_on(session, one, 17, 19)
            make_ups.make_up(session, one, GAP, NOON, POLICY)
        [done] = check_in_on(session, member, 20)
        assert [(one.name, one.gift.points, one.waits) for one in done.rewards] == [
            ("连签 3 天", 20, False)
        ]
        states = select(CheckInReward.member_id, CheckInReward.state, CheckInReward.given_at)
        rows = session.execute(states.order_by(CheckInReward.id)).all()
        assert [tuple(row) for row in rows] == [(member, "given", at(20)), (other, "due", None)]

    sqlite.transaction(work)
    assert breaches(sqlite, at(20)) == {}


def test_late_rewards_wait_where_rewards_are_claimed(sqlite: Database) -> None:
    rules = {**PLAIN, "claimable": True, "claim_days": 2}

    def work(session: Session) -> None:
        member = arrive(session, rules=rules)
        check_in_on(session, member, 17, 19)
        make_ups.make_up(session, member, GAP, NOON, POLICY)
        [done] = check_in_on(session, member, 20)
        assert [(one.name, one.waits) for one in done.rewards] == [("连签 3 天", True)]
        [row] = checkin_rewards.claimable(session, member, at(20))
        assert (row.state, row.given_at, row.claim_until) == ("claimable", None, at(22))
        assert checkin_rewards.claimable(session, member, at(22)) == []
        before = points.balance_of(session, member)
        checkin_rewards.claim(session, row.id, member, at(21), POLICY)
        assert points.balance_of(session, member) == before + 20

    sqlite.transaction(work)
    assert breaches(sqlite, at(21)) == {}


def test_rewards_given_at_once_have_no_end_and_no_tier_where_none_counts(sqlite: Database) -> None:
    def work(session: Session) -> None:
        rules = {"base": 5, "multiplied": False, "streaks": [{"days": 1, "points": 7}]}
        member = arrive(session, 0, rules)
        check_in_on(session, member, 20)
        row = session.scalars(select(CheckInReward)).one()
        assert (row.state, row.given_at, row.claim_until) == ("given", at(20), None)
        assert (row.points, row.gift["points"], row.member_id) == (7, 7, member)

    sqlite.transaction(work)


def test_a_make_up_is_written_down_and_counted_by_its_member(sqlite: Database) -> None:
    def work(session: Session) -> None:
        member, other = arrive(session), another(session)
        check_in_on(session, member, 17)
        for day in (14, 15, 16):
            make_ups.make_up(session, other, date(2026, 11, day), NOON, POLICY)
        made = make_ups.make_up(session, member, GAP, NOON, POLICY)
        assert (made.streak, made.cost) == (2, 20)
        told = session.scalars(select(Activity).where(Activity.kind == "make_up")).all()
        assert (told[-1].member_id, told[-1].at) == (member, NOON)
        assert told[-1].facts == {"day": "2026-11-18", "cost": 20}
        missed = make_ups.conditions(session, member, date(2026, 11, 17), NOON, 0)
        assert [(one.met, one.value) for one in missed[:3]] == [
            (True, "正常"), (True, "11-17"), (False, "已签到"),
        ]  # fmt: skip
        assert missed[2].refusal.facts == {"streak": 1, "points": 5}
        early = make_ups.conditions(session, member, date(2026, 11, 1), NOON, 0)
        assert not early[1].met
        assert early[1].refusal.facts == {"earliest": "11-13", "latest": "11-19"}
        assert early[2].refusal.facts == {"streak": 0, "points": 0}

    sqlite.transaction(work)
    assert breaches(sqlite) == {}


def test_the_version_in_force_is_the_latest_that_covers_the_day(
    sqlite: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkin_programmes, "_KNOWN", {})

    def work(session: Session) -> None:
        first = open_programme(session, {"base": 5})
        new = checkin_programmes.NewProgramme(
            "v2", "新", date(2026, 11, 22), {"base": 9}, date(2026, 11, 23)
        )
        second = checkin_programmes.publish(session, new, NOON).id
        seen = [checkin_programmes.in_force(session, date(2026, 11, day)) for day in (21, 22, 23)]
        assert [(one.id, one.rules.base) for one in seen] == [(first, 5), (second, 9), (first, 5)]
        assert seen[1].starts_on == date(2026, 11, 22)
        same, turned = {"base": 5, "step": 1}, {"step": 1, "base": 5}
        assert checkin_programmes.digest_of(same) == checkin_programmes.digest_of(turned)

    sqlite.transaction(work)


def test_totals_count_the_days_up_to_today_only(sqlite: Database) -> None:
    """The clock went back over midnight: tomorrow's check-in is written already."""
    rules = {"base": 5, "totals": [{"days": 2, "points": 30}]}

    def work(session: Session) -> None:
        member = arrive(session, 0, rules)
        late, early = datetime(2026, 11, 21, 0, 1, tzinfo=SHANGHAI), at(20)
        assert checkins.check_in(session, member, late, POLICY).rewards == ()
        assert checkins.check_in(session, member, early, POLICY).rewards == ()

    sqlite.transaction(work)


@pytest.mark.parametrize("swept", [True, False])
def test_what_expired_is_not_taken_back_from_others(sqlite: Database, swept: bool) -> None:
    def work(session: Session) -> None:
        member, other = join(session), join(session)
        for one, name in ((other, "theirs"), (member, "mine")):
            points.earn(session, one, [Credit(10, name, "缴费")], NOON, NOON + DAY)
        points.spend(session, member, Debit(4, "order", ""), NOON)
        points.earn(session, member, [Credit(50, "next", "")], NOON, NEXT_YEAR)
        later = NOON + DAY
        if swept:
            points_expiry.sweep(session, 0, later)
        points_reversals.claw_back(session, "mine", later, "debt", Because("录错", 7))
        made = session.scalars(select(PointsReversal)).one()
        assert (made.moved, made.expired, made.owed, made.forgiven) == (4, 6, 0, 0)
        assert (made.reason, made.operator_id, made.created_at) == ("录错", 7, later)
        entry = session.get_one(PointsEntry, made.entry_id)
        assert (entry.kind, entry.delta, entry.operator_id) == ("reverse", -4, 7)
        assert entry.note == "收回：缴费"

    sqlite.transaction(work)


def test_what_is_taken_back_no_longer_counts_for_a_tier(sqlite: Database) -> None:
    def qualified(session: Session, member: int) -> int:
        return session.get_one(PointsAccount, member, populate_existing=True).qualified

    def work(session: Session) -> None:
        member = join(session)
        for amount in (10, 5):
            credit = Credit(amount, f"earned:{amount}", "长" * 60)
            points.earn(session, member, [credit], NOON, NEXT_YEAR)
        assert qualified(session, member) == 15
        points_reversals.claw_back(session, "earned:10", NOON, "debt")
        assert qualified(session, member) == 5
        points.spend(session, member, Debit(5, "order", "长" * 60), NOON)
        points_reversals.refund(session, "order", NOON + HOUR, Because("退货", 9))
        assert qualified(session, member) == 5
        entry = points.entries_of(session, member, limit=1)[0]
        assert (entry.kind, entry.delta, entry.operator_id) == ("reverse", 5, 9)
        assert entry.note == "退回：" + "长" * 57

    sqlite.transaction(work)
    assert breaches(sqlite, NOON + HOUR) == {}


def test_what_waits_goes_or_moves_with_its_own_member_only(sqlite: Database) -> None:
    def states(session: Session) -> list[tuple[int, str, datetime | None]]:
        session.expire_all()
        rows = session.scalars(select(PointsPending).order_by(PointsPending.id))
        return [(row.member_id, row.state, row.settled_at) for row in rows]

    def work(session: Session) -> None:
        leaver, heir, other = (join(session) for _ in range(3))
        for member in (leaver, other):
            for name in ("done", "open"):
                promised = Promise(Credit(40, f"{name}:{member}", ""), f"{name}:{member}")
                points_pending.promise(session, member, promised, NOON)
            points_pending.release(session, f"done:{member}", NOON, POLICY)
        points_pending.hand_over(session, leaver, heir)
        given = "released", NOON
        kept = [(other, *given), (other, "pending", None)]
        assert states(session) == [(leaver, *given), (heir, "pending", None), *kept]
        assert points_pending.cancel_all_of(session, heir, NOON + HOUR) == 40
        gone = (heir, "cancelled", NOON + HOUR)
        assert states(session) == [(leaver, *given), gone, *kept]
        assert points_pending.release(session, f"open:{leaver}", NOON, POLICY) == 0

    sqlite.transaction(work)
    assert breaches(sqlite, NOON + HOUR) == {}
