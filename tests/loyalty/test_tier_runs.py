"""The nightly run of the tiers: periods that end, grace, falls, and pages that are cheap."""

from datetime import date, timedelta

import pytest
from sqlalchemy import event, func, select, update
from sqlalchemy.orm import Session

from kernel.clock import business_day
from kernel.db import Database
from loyalty import proof_runs, proofs_tiers, tier_changes, tier_runs, tiers
from loyalty.gifts import Gift
from loyalty.ledger import PointsAccount
from loyalty.members import Member
from loyalty.policy import Policy
from loyalty.proofs import Proof
from loyalty.tier_changes import TierChange
from loyalty.tier_runs import Counts
from loyalty.tiers import Draft
from tests.loyalty.ladder import GOLD, SILVER, earn, raise_ladder
from tests.loyalty.people import join
from tests.world import NOON

POLICY = Policy(tier_grace_days=30)
TODAY = business_day(NOON)
LAST = TODAY + timedelta(days=365)  # of the period that begins today


def run(session: Session, day: date, page: int = 2, policy: Policy = POLICY) -> Counts:
    done, last = Counts(), 0
    while True:
        found, counts = tier_runs.run_page(session, last, day, page, policy)
        done += counts
        if found is None:
            return done
        last = found


def silver(session: Session) -> int:
    """A member who has just become silver."""
    member = join(session)
    earn(session, member, 100)
    assert tiers.climb(session, member, NOON, POLICY) == SILVER
    return member


def state_of(session: Session, member: int) -> tuple[int, date | None]:
    row = session.get_one(Member, member, populate_existing=True)
    return row.tier_level, row.tier_until


@pytest.mark.parametrize(
    ("day", "level"),
    [
        (LAST, SILVER),  # the last day of the period
        (LAST + timedelta(days=1), SILVER),  # the first of grace
        (LAST + timedelta(days=30), SILVER),  # the last of grace
        (LAST + timedelta(days=31), 0),
    ],
)
def test_who_no_longer_qualifies_falls_after_the_days_of_grace(
    database: Database, day: date, level: int
) -> None:
    def work(session: Session) -> None:
        raise_ladder(session)
        member = silver(session)
        done = run(session, day)
        assert state_of(session, member)[0] == level
        assert (done.fallen, done.waiting) == ((0, int(day > LAST)) if level else (1, 0))
        if not level:
            assert state_of(session, member) == (0, None)
            kinds = [step.kind for step in tier_changes.of_member(session, member)]
            assert kinds == ["fall", "climb"]

    database.transaction(work)


def test_who_qualifies_at_the_end_begins_a_new_period_and_a_rerun_changes_nothing(
    database: Database,
) -> None:
    day = LAST + timedelta(days=1)

    def work(session: Session) -> None:
        raise_ladder(session)
        member = silver(session)
        earn(session, member, 100, NOON + timedelta(days=200))
        assert run(session, day) == Counts(seen=1, recounted=1, kept=1)
        assert state_of(session, member) == (SILVER, day + timedelta(days=365))
        assert run(session, day) == Counts(seen=1)
        row = session.get_one(Member, member, populate_existing=True)
        assert row.tier_since == TODAY  # a renewal is no new tier

    database.transaction(work)


def test_points_earned_in_the_days_of_grace_keep_the_tier(sqlite: Database) -> None:
    day = LAST + timedelta(days=20)

    def work(session: Session) -> None:
        raise_ladder(session)
        member = silver(session)
        assert run(session, day - timedelta(days=1)).waiting == 1
        earn(session, member, 100, NOON + timedelta(days=384))
        assert run(session, day).kept == 1
        assert state_of(session, member)[0] == SILVER

    sqlite.transaction(work)


def test_gold_falls_to_the_tier_now_earned(sqlite: Database) -> None:
    day = LAST + timedelta(days=31)

    def work(session: Session) -> None:
        raise_ladder(session)
        member = join(session)
        earn(session, member, 300)
        assert tiers.climb(session, member, NOON, POLICY) == GOLD
        earn(session, member, 150, NOON + timedelta(days=300))
        assert run(session, day).fallen == 1
        assert state_of(session, member) == (SILVER, day + timedelta(days=365))

    sqlite.transaction(work)


def test_a_lowered_threshold_raises_with_the_next_run(database: Database) -> None:
    def work(session: Session) -> None:
        raise_ladder(session)
        members = [join(session) for _ in range(3)]
        for member in members:
            earn(session, member, 60)
        assert run(session, TODAY).climbed == 0
        tiers.define(session, Draft(SILVER, "silver", "银卡", 60), NOON, by=None)
        assert run(session, TODAY) == Counts(seen=3, climbed=3)
        assert {state_of(session, member)[0] for member in members} == {SILVER}
        assert run(session, TODAY).climbed == 0

    database.transaction(work)


def test_a_retired_tier_is_kept_until_its_period_ends(sqlite: Database) -> None:
    def work(session: Session) -> None:
        raise_ladder(session)
        member = silver(session)
        earn(session, member, 100, NOON + timedelta(days=200))
        tiers.retire(session, SILVER, NOON, by=None)
        assert tiers.multiplier_of(session, member) == 100
        assert run(session, LAST).fallen == 0
        assert run(session, LAST + timedelta(days=31)).fallen == 1
        assert state_of(session, member) == (0, None)

    sqlite.transaction(work)


def test_what_left_the_window_is_counted_off_exactly_at_its_day(database: Database) -> None:
    def work(session: Session) -> None:
        raise_ladder(session)
        member = join(session)
        earn(session, member, 40)
        kept = TODAY + timedelta(days=364)
        assert run(session, kept).recounted == 0
        assert run(session, kept + timedelta(days=1)).recounted == 1
        account = session.get_one(PointsAccount, member, populate_existing=True)
        assert account.qualified == 0

    database.transaction(work)


def test_a_page_is_a_handful_of_statements_whatever_its_size(sqlite: Database) -> None:
    def prepare(session: Session) -> None:
        raise_ladder(session)
        for _ in range(40):
            silver(session)

    sqlite.transaction(prepare)
    sent: list[str] = []

    def note(_c: object, _k: object, statement: str, *_rest: object) -> None:
        sent.append(statement)

    event.listen(sqlite.engine, "before_cursor_execute", note)
    try:
        done = sqlite.transaction(lambda session: run(session, LAST + timedelta(days=31), 100))
    finally:
        event.remove(sqlite.engine, "before_cursor_execute", note)
    assert (done.fallen, done.recounted) == (40, 40)
    assert len([one for one in sent if not one.startswith(("BEGIN", "COMMIT"))]) <= 13


def test_merged_and_erased_members_are_left_alone(sqlite: Database) -> None:
    def work(session: Session) -> None:
        raise_ladder(session)
        member = silver(session)
        session.get_one(Member, member).state = "merged"
        session.flush()
        assert run(session, LAST + timedelta(days=31)) == Counts()

    sqlite.transaction(work)


FAULTS = {
    "T1": update(Member).values(tier_level=GOLD),
    "T2": update(PointsAccount).values(qualified=-1),
    "T3": update(TierChange).values(seq=3),
    "T4": update(Member).values(tier_until=None),
    "T5": update(TierChange).values(to_level=0),
}


@pytest.mark.parametrize("proof", proofs_tiers.PROOFS[:5], ids=lambda proof: proof.code)
def test_each_promise_is_silent_on_sound_books_and_fires_on_a_fault(
    database: Database, proof: Proof
) -> None:
    def work(session: Session) -> None:
        raise_ladder(session, Gift(points=1))
        silver(session)
        assert session.scalar(select(func.count(TierChange.id))) == 1
        assert proof_runs.find(session, proof, NOON) == []
        session.execute(FAULTS[proof.code])
        assert proof_runs.find(session, proof, NOON) != []

    database.transaction(work)
