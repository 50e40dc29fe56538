"""Tiers: climbed at once when enough was earned in the window; gifts once for ever."""

from datetime import date, timedelta

import pytest
from sqlalchemy import event, func, select
from sqlalchemy.orm import Session

from kernel.activity import Activity
from kernel.clock import business_day, day_start
from kernel.db import Database
from kernel.refusals import Invalid, NotFound
from loyalty import points, points_reversals, proof_runs, proofs_tiers, tier_changes, tiers
from loyalty.gifts import Gift
from loyalty.ledger import PointsAccount
from loyalty.members import Member
from loyalty.notices import Notice
from loyalty.policy import Policy
from loyalty.tier_changes import TierGift
from loyalty.tiers import Draft, Standing
from tests.loyalty.ladder import GOLD, SILVER, earn, raise_ladder
from tests.loyalty.people import join
from tests.world import NOON

POLICY = Policy()
TODAY = business_day(NOON)


def sound(session: Session) -> bool:
    """Whether all promises about tiers hold."""
    session.flush()
    return not any(proof_runs.find(session, proof, NOON) for proof in proofs_tiers.PROOFS)


def test_a_threshold_that_is_reached_raises_at_once(database: Database) -> None:
    def work(session: Session) -> None:
        raise_ladder(session)
        member = join(session)
        earn(session, member, 99)
        assert tiers.climb(session, member, NOON, POLICY) is None
        earn(session, member, 1)
        assert tiers.climb(session, member, NOON, POLICY) == SILVER
        assert tiers.climb(session, member, NOON, POLICY) is None
        row = session.get_one(Member, member, populate_existing=True)
        assert (row.tier_level, row.tier_since) == (SILVER, TODAY)
        assert row.tier_until == TODAY + timedelta(days=365)
        assert tiers.multiplier_of(session, member) == 110
        step = tier_changes.of_member(session, member)[0]
        assert (step.kind, step.from_level, step.to_level, step.qualified) == ("climb", 0, 1, 100)
        notice = session.scalars(select(Notice)).one()
        assert (notice.kind, notice.facts["tier"]) == ("tier.climb", "银卡")
        done = session.scalars(select(Activity).where(Activity.kind == "tier.climb")).one()
        assert done.facts == {"from": 0, "to": 1, "qualified": 100}
        assert sound(session)

    database.transaction(work)


def test_a_jump_brings_the_gifts_of_every_rung_once_for_ever(database: Database) -> None:
    def work(session: Session) -> None:
        raise_ladder(session, Gift(points=7))
        member = join(session)
        earn(session, member, 400)
        assert tiers.climb(session, member, NOON, POLICY) == GOLD
        assert points.balance_of(session, member) == 407
        session.get_one(Member, member).tier_level = 0
        session.flush()
        assert tiers.climb(session, member, NOON, POLICY) == GOLD
        assert points.balance_of(session, member) == 407
        assert session.scalar(select(func.count()).select_from(TierGift)) == 1

    database.transaction(work)


def test_the_window_of_a_year_ends_with_the_day_and_leaps(database: Database) -> None:
    """On 2028-02-29 a window of 365 days begins on 2027-03-02, at midnight in Shanghai."""
    leap = day_start(date(2028, 2, 29))
    first = day_start(date(2027, 3, 2))

    def work(session: Session) -> None:
        raise_ladder(session)
        member = join(session)
        earn(session, member, 60, first - timedelta(microseconds=1))
        earn(session, member, 50, first)
        earn(session, member, 30, leap + timedelta(days=1) - timedelta(microseconds=1))
        counted = tiers.recount(session, [member], date(2028, 2, 29), POLICY)
        assert counted == {member: 80}
        # The account still says 140, of which 60 have left the window: the count decides.
        assert tiers.climb(session, member, leap, POLICY) is None
        assert session.get_one(PointsAccount, member, populate_existing=True).qualified == 80

    database.transaction(work)


def test_what_was_clawed_back_counts_no_more(database: Database) -> None:
    def work(session: Session) -> None:
        raise_ladder(session)
        member = join(session)
        reference = earn(session, member, 90)
        earn(session, member, 20)
        points.spend(session, member, points.Debit(50, "spent", ""), NOON)
        points_reversals.claw_back(session, reference, NOON, "clamp")
        assert tiers.recount(session, [member], TODAY, POLICY) == {member: 20}
        assert tiers.climb(session, member, NOON, POLICY) is None
        # A spend that is refunded is not earned anew.
        points_reversals.refund(session, "spent", NOON)
        assert tiers.recount(session, [member], TODAY, POLICY) == {member: 20}

    database.transaction(work)


def test_no_threshold_crossed_costs_one_statement(sqlite: Database) -> None:
    def prepare(session: Session) -> int:
        raise_ladder(session)
        member = join(session)
        earn(session, member, 99)
        return member

    member = sqlite.transaction(prepare)
    sent: list[str] = []

    def note(_c: object, _k: object, statement: str, *_rest: object) -> None:
        sent.append(statement)

    event.listen(sqlite.engine, "before_cursor_execute", note)
    try:
        sqlite.transaction(lambda session: tiers.climb(session, member, NOON, POLICY))
    finally:
        event.remove(sqlite.engine, "before_cursor_execute", note)
    assert len([one for one in sent if not one.startswith(("BEGIN", "COMMIT"))]) == 1


def test_a_blocked_member_does_not_climb(sqlite: Database) -> None:
    def work(session: Session) -> None:
        raise_ladder(session)
        member = join(session)
        earn(session, member, 100)
        session.get_one(Member, member).state = "blocked"
        session.flush()
        assert tiers.climb(session, member, NOON, POLICY) is None

    sqlite.transaction(work)


def test_a_member_sees_how_far_it_is(sqlite: Database) -> None:
    def work(session: Session) -> None:
        raise_ladder(session)
        member = join(session)
        assert tiers.standing_of(session, member) == Standing(0, "普通会员", 0, None, "银卡", 100)
        earn(session, member, 120)
        tiers.climb(session, member, NOON, POLICY)
        until = TODAY + timedelta(days=365)
        wanted = Standing(SILVER, "银卡", 120, until, "金卡", 180)
        assert tiers.standing_of(session, member) == wanted
        with pytest.raises(NotFound):
            tiers.standing_of(session, member + 1)

    sqlite.transaction(work)


@pytest.mark.parametrize(
    ("draft", "field"),
    [
        (Draft(0, "x", "名", 1), "level"),
        (Draft(21, "x", "名", 1), "level"),
        (Draft(3, "X", "名", 500), "code"),
        (Draft(3, "gold", "名", 500), "code"),
        (Draft(3, "x", " ", 500), "name"),
        (Draft(3, "x", "名", 0), "threshold"),
        (Draft(3, "x", "名", 300), "threshold"),
        (Draft(1, "silver", "银卡", 300), "threshold"),
        (Draft(3, "x", "名", 500, 99), "multiplier_percent"),
        (Draft(3, "x", "名", 500, 1_001), "multiplier_percent"),
    ],
)
def test_a_faulty_tier_is_refused(sqlite: Database, draft: Draft, field: str) -> None:
    def work(session: Session) -> None:
        raise_ladder(session)
        with pytest.raises(Invalid) as refused:
            tiers.define(session, draft, NOON, by=None)
        assert refused.value.facts["field"] == field

    sqlite.transaction(work)
