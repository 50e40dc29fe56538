"""Each promise about points, check-ins and people: silent on sound books, heard on its fault.

The faults are seeded in temporary copies of the tables, which have no constraints: what a
constraint would stop must be seen by the proof as well.
"""

from collections.abc import Iterator
from datetime import date, timedelta

import pytest
from sqlalchemy import Connection, text, update
from sqlalchemy.orm import Session

from kernel.db import Base, Database
from loyalty import (
    amnesties,
    checkins,
    earn_rules,
    erasure,
    make_ups,
    merges,
    points,
    points_adjustments,
    points_expiry,
    points_pending,
    points_reversals,
    proof_runs,
    proofs_checkins,
    proofs_members,
    proofs_points,
)
from loyalty.earn_rules import EarnRule, Event
from loyalty.members import Member
from loyalty.merges import Decision
from loyalty.points import Credit, Debit
from loyalty.points_adjustments import Wish
from loyalty.points_pending import Promise
from loyalty.proofs import Proof
from tests.loyalty.desk import hire
from tests.loyalty.people import NEXT_YEAR, PLAIN, POLICY, join, open_programme
from tests.world import NOON

DAY = timedelta(days=1)
PROOFS = (*proofs_points.PROOFS, *proofs_checkins.PROOFS, *proofs_members.PROOFS)
TABLES = (
    "member", "points_account", "points_entry", "points_lot", "lot_use", "points_reversal",
    "points_adjustment", "points_pending", "points_debt_move", "rule_earning", "check_in",
    "check_in_reward", "check_in_amnesty", "consent", "profile_value", "activity",
)  # fmt: skip
SPEND = "(SELECT id FROM points_entry WHERE reference = 'order:1')"

FAULTS = {
    "L1": "UPDATE points_entry SET delta = delta + 1 WHERE reference = 'late'",
    "L2": "UPDATE points_lot SET remaining = remaining + 1 WHERE remaining > 0",
    "L3": "UPDATE points_account SET balance = -1 WHERE balance > 0",
    "L4": "UPDATE points_entry SET balance_after = balance_after + 1 WHERE reference = 'late'",
    "L5": "DELETE FROM points_account",
    "L6": "DELETE FROM points_lot WHERE amount = 30",
    "L7": f"UPDATE lot_use SET amount = amount + 1 WHERE entry_id = {SPEND}",
    "L8": "UPDATE points_lot SET amount = amount + 1 WHERE amount = 30",
    "L9": "UPDATE points_lot SET member_id = member_id + 1 WHERE amount = 10",
    "L10": "UPDATE points_lot SET expires_at = '2099-01-01' WHERE amount = 10",
    "L11": "UPDATE points_entry SET reference = 'order:1' WHERE reference = 'late'",
    "L12": "UPDATE points_reversal SET moved = moved + 1",
    "L13": "UPDATE points_lot SET expires_at = '2026-01-01' WHERE amount = 30",
    "L14": "UPDATE points_adjustment SET decided_by = proposed_by WHERE needs_second",
    "L15": "UPDATE points_entry SET created_at = '2099-01-01' WHERE reference = 'late'",
    "L16": "UPDATE points_account SET debt = debt + 1 WHERE debt = 0",
    "L17": "UPDATE points_account SET debt = 1 WHERE balance > 0",
    "L18": "UPDATE points_pending SET state = 'cancelled' WHERE state = 'released'",
    "L19": "UPDATE rule_earning SET points = points + 1",
    "L20": "DELETE FROM points_entry WHERE reference LIKE 'transfer-in:%'",
    "K1": "UPDATE check_in SET day = '2026-11-19' WHERE day = '2026-11-20'",
    "K2": "UPDATE check_in SET points = points + 1 WHERE day = '2026-11-20'",
    "K3": "DELETE FROM check_in WHERE day = '2026-11-20'",
    "K4": "UPDATE check_in SET day = '2026-11-25' WHERE day = '2026-11-20'",
    "K5": "UPDATE check_in SET streak = streak + 1 WHERE day = '2026-11-20'",
    "K6": "UPDATE check_in SET cost = 0",
    "K7": "UPDATE check_in_reward SET state = 'claimable'",
    "K8": "DELETE FROM check_in_amnesty",
    "S1": "UPDATE member SET openid = 'oTwice'",
    "S2": "UPDATE member SET phone_hint = '138****0000' WHERE state = 'erased'",
    "S3": "UPDATE member SET name = '13800138000'",
    "S4": "DELETE FROM consent",
    "S5": "DELETE FROM points_account",
}


def eventful_year(session: Session) -> None:
    """Something of everything."""
    one, two, three, four = (join(session) for _ in range(4))
    by, other = hire(session), hire(session)
    session.execute(update(Member).values(registered_at=NOON - 30 * DAY))
    soon = NOON + 3 * DAY
    points.earn(session, one, [Credit(10, "soon", "")], NOON - 9 * DAY, soon)
    points.earn(session, one, [Credit(7, "gone", "")], NOON - 9 * DAY, NOON - DAY)
    points.earn(session, one, [Credit(30, "late", "")], NOON - 9 * DAY, NEXT_YEAR)
    points_expiry.sweep(session, 0, NOON)
    points.spend(session, one, Debit(12, "order:1", ""), NOON)
    points.spend(session, one, Debit(5, "order:2", ""), NOON)
    points_reversals.refund(session, "order:2", NOON)
    points.earn(session, two, [Credit(8, "paid", "")], NOON, NEXT_YEAR)
    points.spend(session, two, Debit(8, "order:3", ""), NOON)
    points_reversals.claw_back(session, "paid", NOON, "debt")
    wish = Wish(three, 2_000, "补发", "key")
    row = points_adjustments.propose(session, wish, by, NOON, POLICY)
    points_adjustments.decide(session, row.id, (other, True), NOON, POLICY)
    points_pending.promise(session, one, Promise(Credit(9, "install", ""), "done"), NOON)
    points_pending.release(session, "done", NOON, POLICY)
    points_pending.promise(session, one, Promise(Credit(9, "waits", ""), "later"), NOON)
    terms = {"code": "bill", "title": "缴费", "points": 1, "per_units": 1, "day_cap": 4}
    session.add(EarnRule(starts_at=NOON - DAY, ends_at=NOON + DAY, **terms))
    earn_rules.earn(session, one, "bill", Event("b1", NOON, 6), POLICY)
    check_ins(session, one, by)
    merges.merge(session, Decision(three, four, "同一人"), NOON, by=by)
    erasure.erase(session, join(session), NOON)
    session.flush()


def check_ins(session: Session, member: int, by: int) -> None:
    """A gap bought, a day protected, a streak of three rewarded."""
    open_programme(session, PLAIN)
    for back in (5, 3, 1):
        checkins.check_in(session, member, NOON - back * DAY, POLICY)
    make_ups.make_up(session, member, date(2026, 11, 18), NOON - DAY, POLICY)
    day = date(2026, 11, 16)
    amnesty = amnesties.declare(session, day, "维护", by, NOON).id
    while amnesties.run_page(session, amnesty, NOON):
        pass
    checkins.check_in(session, member, NOON, POLICY)


@pytest.fixture
def books(database: Database) -> Iterator[Session]:
    """The eventful year in tables without constraints."""
    database.transaction(eventful_year)
    with database.engine.connect() as connection:
        home = "main" if connection.dialect.name == "sqlite" else _home(connection)
        for table in TABLES:
            sql = f"CREATE TEMPORARY TABLE {table} AS SELECT * FROM {home}.{table}"
            connection.exec_driver_sql(sql)
        yield Session(connection)
        for table in TABLES:
            word = "TEMPORARY " if connection.dialect.name in {"mysql", "mariadb"} else ""
            connection.exec_driver_sql(f"DROP {word}TABLE {table}")


def _home(connection: Connection) -> str:
    if connection.dialect.name == "postgresql":
        return "public"
    return str(connection.engine.url.database)


@pytest.mark.parametrize("proof", PROOFS, ids=lambda proof: proof.code)
def test_each_promise_is_silent_on_sound_books_and_fires_on_its_fault(
    books: Session, proof: Proof
) -> None:
    assert proof_runs.find(books, proof, NOON) == []
    done = books.execute(text(FAULTS[proof.code]))
    assert done.rowcount > 0, "the fault changed nothing, so this proves nothing"  # type: ignore[attr-defined]
    assert proof_runs.find(books, proof, NOON) != []


def test_every_table_that_a_proof_reads_is_copied() -> None:
    known = {table.name for table in Base.metadata.sorted_tables}
    assert set(TABLES) <= known
    for proof in PROOFS:
        words = set(proof.sql.replace(",", " ").split())
        assert words & known <= set(TABLES) | {"activity"}, proof.code


def test_no_two_proofs_share_a_code() -> None:
    codes = [proof.code for proof in proof_runs.PROOFS]
    assert len(codes) == len(set(codes))
    assert {proof.code for proof in PROOFS} == set(FAULTS)
