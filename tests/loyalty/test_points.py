"""The ledger: balance, entries and lots agree after anything that happens to it."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from handlers.commands.schema import upgrade
from kernel.db import Database
from kernel.engine import make_engine
from loyalty import points
from loyalty.points import Credit, Debit, LotUse, NotEnoughPoints, PointsLot
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

    database.transaction(pay)
    with pytest.raises(IntegrityError):
        database.transaction(pay)
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


class Ledger(RuleBasedStateMachine):
    """Whatever is earned and spent in whatever order, the books balance."""

    database: Database

    @initialize()
    def begin(self) -> None:
        self.members = self.database.transaction(lambda s: [join(s) for _ in range(2)])
        self.expected = dict.fromkeys(self.members, 0)
        self.count = 0

    def _once(self) -> str:
        self.count += 1
        return f"{self.members}:{self.count}"

    @rule(who=st.integers(0, 1), amount=st.integers(1, 50), days=st.integers(1, 500))
    def earn(self, who: int, amount: int, days: int) -> None:
        member, credit = self.members[who], Credit(amount, self._once(), "")
        expires = NOON + timedelta(days=days)
        balance = self.database.transaction(
            lambda session: points.earn(session, member, [credit], NOON, expires)
        )
        self.expected[member] += amount
        assert balance == self.expected[member]

    @rule(who=st.integers(0, 1), amount=st.integers(1, 80))
    def spend(self, who: int, amount: int) -> None:
        member, debit = self.members[who], Debit(amount, self._once(), "")

        def work(session: Session) -> Any:
            return points.spend(session, member, debit, NOON)

        if amount > self.expected[member]:
            with pytest.raises(NotEnoughPoints):
                self.database.transaction(work)
            return
        self.expected[member] -= amount
        assert self.database.transaction(work) == self.expected[member]

    @invariant()
    def books(self) -> None:
        assert self.database.read(books_balance)


def test_the_books_balance_after_any_sequence(tmp_path: Path) -> None:
    database = Database(make_engine(f"sqlite:///{tmp_path}/ledger.sqlite3"))
    upgrade(database.engine)
    Ledger.database = database
    machine = Ledger.TestCase
    machine.settings = settings(
        max_examples=15,
        stateful_step_count=20,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        database=None,
    )
    machine().runTest()
    database.engine.dispose()


@pytest.mark.parametrize("fault", ["balance", "lot", "use"])
def test_the_proof_of_books_sees_a_seeded_fault(sqlite: Database, fault: str) -> None:
    member = sqlite.transaction(join)
    sqlite.transaction(
        lambda session: points.earn(session, member, [Credit(9, "x", "")], NOON, NEXT_YEAR)
    )
    sqlite.transaction(lambda session: points.spend(session, member, Debit(4, "y", ""), NOON))

    def break_it(session: Session) -> None:
        if fault == "balance":
            session.get_one(points.PointsAccount, member).balance = 6
        elif fault == "lot":
            session.scalars(select(PointsLot)).one().remaining = 4
        else:
            session.scalars(select(LotUse)).one().amount = 3

    sqlite.transaction(break_it)
    assert not sqlite.read(books_balance)
