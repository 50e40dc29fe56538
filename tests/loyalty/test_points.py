"""The ledger: balance, entries and lots agree after anything that happens to it."""

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from kernel.db import Database
from loyalty import points
from loyalty.ledger import PointsLot
from loyalty.points import Credit, Debit, NotEnoughPoints, ReferenceReused
from tests.loyalty.people import NEXT_YEAR, books_balance, join
from tests.world import NOON


def test_debits_take_what_expires_first(database: Database) -> None:
    def work(session: Session) -> list[tuple[int, int]]:
        member = join(session)
        soon = NEXT_YEAR - timedelta(days=300)
        points.earn(session, member, [Credit(10, "late", "")], NOON, NEXT_YEAR)
        points.earn(session, member, [Credit(5, "soon", "")], NOON, soon)
        assert points.spend(session, member, Debit(7, "gift", ""), NOON) == 8
        lots = session.scalars(select(PointsLot).order_by(PointsLot.expires_at))
        return [(lot.amount, lot.remaining) for lot in lots]

    assert database.transaction(work) == [(5, 0), (10, 8)]
    assert database.read(books_balance)


def test_a_price_above_the_balance_is_refused_and_changes_nothing(database: Database) -> None:
    member = database.transaction(join)
    database.transaction(
        lambda session: points.earn(session, member, [Credit(3, "a", "")], NOON, NEXT_YEAR)
    )
    with pytest.raises(NotEnoughPoints) as refused:
        database.transaction(
            lambda session: points.spend(session, member, Debit(4, "b", ""), NOON)
        )
    assert refused.value.facts == {"balance": 3, "price": 4}
    assert database.read(books_balance)


def test_one_fact_pays_once(database: Database) -> None:
    member = database.transaction(join)

    def pay(session: Session) -> int:
        return points.earn(session, member, [Credit(5, "same", "")], NOON, NEXT_YEAR)

    assert database.transaction(pay) == 5
    assert database.transaction(pay) == 5
    with pytest.raises(ReferenceReused):
        database.transaction(
            lambda session: points.earn(session, member, [Credit(6, "same", "")], NOON, NEXT_YEAR)
        )
    assert database.read(lambda session: points.balance_of(session, member)) == 5
    assert database.read(books_balance)


def test_a_statement_reads_newest_first_in_pages(sqlite: Database) -> None:
    def work(session: Session) -> list[int]:
        member = join(session)
        credits = [Credit(number, f"c{number}", "") for number in range(1, 6)]
        points.earn(session, member, credits, NOON, NEXT_YEAR)
        first = points.entries_of(session, member, limit=2)
        rest = points.entries_of(session, member, before=first[-1].id, limit=10)
        return [entry.balance_after for entry in first + rest]

    assert sqlite.transaction(work) == [15, 10, 6, 3, 1]
