"""Reversals: back to the lots of origin, once; claw-backs of spent points by each policy."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from kernel.db import Database
from kernel.refusals import NotFound
from loyalty import points, points_expiry, points_reversals
from loyalty.ledger import PointsAccount, PointsLot
from loyalty.points import Credit, Debit
from loyalty.points_reversals import NotReversible, PointsAlreadySpent, PointsReversal
from loyalty.policy import ClawBack
from tests.loyalty.books import breaches
from tests.loyalty.people import NEXT_YEAR, join
from tests.world import NOON

SOON = NOON + timedelta(days=30)


def earn(session: Session, member: int, amount: int, name: str, until: datetime) -> int:
    """Some points."""
    return points.earn(session, member, [Credit(amount, name, "缴费")], NOON, until)


def lots(database: Database) -> list[tuple[int, int]]:
    """(amount, remaining) of every lot, in order."""
    rows = database.read(lambda session: session.scalars(select(PointsLot)).all())
    return [(lot.amount, lot.remaining) for lot in sorted(rows, key=lambda lot: lot.id)]


def test_a_refund_goes_back_to_the_lots_it_came_from(database: Database) -> None:
    def work(session: Session) -> list[int]:
        member = join(session)
        earn(session, member, 10, "late", NEXT_YEAR)
        earn(session, member, 5, "soon", SOON)
        points.spend(session, member, Debit(8, "order:1", "兑换"), NOON)
        first = points_reversals.refund(session, "order:1", NOON)
        again = points_reversals.refund(session, "order:1", NOON + timedelta(days=1))
        return [first, again]

    assert database.transaction(work) == [15, 15]
    assert lots(database) == [(10, 10), (5, 5)]
    assert breaches(database) == {}


def test_refunded_points_that_expired_meanwhile_expire_again(database: Database) -> None:
    later = SOON + timedelta(hours=1)

    def work(session: Session) -> tuple[int, int]:
        member = join(session)
        earn(session, member, 5, "soon", SOON)
        points.spend(session, member, Debit(3, "order:1", "兑换"), NOON)
        points_expiry.sweep(session, 0, later)
        back = points_reversals.refund(session, "order:1", later)
        points_expiry.sweep(session, 0, later)
        return back, points.balance_of(session, member)

    assert database.transaction(work) == (3, 0)
    assert breaches(database, later) == {}


def test_a_spend_that_is_not_there_or_an_earning_cannot_be_refunded(sqlite: Database) -> None:
    def work(session: Session) -> None:
        member = join(session)
        earn(session, member, 5, "credit", NEXT_YEAR)
        with pytest.raises(NotFound):
            points_reversals.refund(session, "nothing", NOON)
        with pytest.raises(NotReversible):
            points_reversals.refund(session, "credit", NOON)
        points.spend(session, member, Debit(5, "order:1", ""), NOON)
        with pytest.raises(NotReversible):
            points_reversals.claw_back(session, "order:1", NOON, "debt")

    sqlite.transaction(work)


def test_a_claw_back_takes_its_own_lot_first(database: Database) -> None:
    def work(session: Session) -> int:
        member = join(session)
        earn(session, member, 5, "soon", SOON)
        earn(session, member, 10, "paid:7", NEXT_YEAR)
        left = points_reversals.claw_back(session, "paid:7", NOON, "refuse")
        return left + points_reversals.claw_back(session, "paid:7", NOON, "refuse") * 100

    assert database.transaction(work) == 505
    assert lots(database) == [(5, 5), (10, 0)]
    assert breaches(database) == {}


@pytest.mark.parametrize(
    ("mode", "fate", "after"),
    [("debt", (4, 0, 6, 0), 14), ("clamp", (4, 0, 0, 6), 20)],
)
def test_spent_points_become_a_debt_or_are_let_go(
    database: Database, mode: ClawBack, fate: tuple[int, ...], after: int
) -> None:
    def work(session: Session) -> tuple[int, int, tuple[int, ...], int]:
        member = join(session)
        earn(session, member, 10, "paid:7", NEXT_YEAR)
        points.spend(session, member, Debit(6, "order:1", ""), NOON)
        left = points_reversals.claw_back(session, "paid:7", NOON, mode)
        debt = session.get_one(PointsAccount, member, populate_existing=True).debt
        row = session.scalars(select(PointsReversal)).one()
        became = (row.moved, row.expired, row.owed, row.forgiven)
        return left, debt, became, earn(session, member, 20, "next", NEXT_YEAR)

    assert database.transaction(work) == (0, fate[2], fate, after)
    assert breaches(database) == {}


def test_refusing_changes_nothing(database: Database) -> None:
    def prepare(session: Session) -> int:
        member = join(session)
        earn(session, member, 10, "paid:7", NEXT_YEAR)
        points.spend(session, member, Debit(6, "order:1", ""), NOON)
        return member

    member = database.transaction(prepare)
    with pytest.raises(PointsAlreadySpent) as refused:
        database.transaction(
            lambda session: points_reversals.claw_back(session, "paid:7", NOON, "refuse")
        )
    assert refused.value.facts == {"points": 10, "missing": 6}
    assert database.read(lambda session: points.balance_of(session, member)) == 4
    assert breaches(database) == {}


def test_what_expired_by_itself_is_not_clawed_back_from_other_points(sqlite: Database) -> None:
    later = SOON + timedelta(days=1)

    def work(session: Session) -> tuple[int, tuple[int, ...]]:
        member = join(session)
        earn(session, member, 10, "paid:7", SOON)
        earn(session, member, 50, "other", NEXT_YEAR)
        points.spend(session, member, Debit(4, "order:1", ""), NOON)
        left = points_reversals.claw_back(session, "paid:7", later, "debt")
        row = session.scalars(select(PointsReversal)).one()
        return left, (row.moved, row.expired, row.owed, row.forgiven)

    # 6 of the 10 had expired, unswept; the 4 that were spent come out of the other lot.
    assert sqlite.transaction(work) == (52, (4, 6, 0, 0))
    sqlite.transaction(lambda session: points_expiry.sweep(session, 0, later))
    assert breaches(sqlite, later) == {}


def test_a_debt_is_paid_by_the_next_credits_in_turn(database: Database) -> None:
    def work(session: Session) -> list[tuple[int, int]]:
        member = join(session)
        earn(session, member, 10, "paid:7", NEXT_YEAR)
        points.spend(session, member, Debit(10, "order:1", ""), NOON)
        points_reversals.claw_back(session, "paid:7", NOON, "debt")
        seen: list[tuple[int, int]] = []
        for amount in (4, 4, 4):
            balance = earn(session, member, amount, f"next:{len(seen)}", NEXT_YEAR)
            account = session.get_one(PointsAccount, member, populate_existing=True)
            seen.append((balance, account.debt))
        return seen

    assert database.transaction(work) == [(0, 6), (0, 2), (2, 0)]
    assert breaches(database) == {}
