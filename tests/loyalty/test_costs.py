"""What the hot deeds cost: statements counted in the driver, and plans without a full scan."""

import contextlib
import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, insert, select, text
from sqlalchemy.orm import Session

from kernel.activity import Activity
from kernel.db import Database
from kernel.refusals import Refused
from loyalty import checkins, claims, points, points_expiry, points_statements, timeline
from loyalty.ledger import PointsAccount, PointsEntry, PointsLot
from loyalty.points import Credit, Debit
from tests.loyalty.people import NEXT_YEAR, POLICY, join, offer, open_programme
from tests.test_statements import counted
from tests.world import NOON

ENTRIES = 100_000
LONG = ("points_entry", "points_lot", "activity")
DAY = timedelta(days=1)


def cost(database: Database, work: Callable[[Session], Any]) -> int:
    """How many statements `work` sends, without BEGIN and COMMIT."""
    with counted(database.engine) as sent, contextlib.suppress(Refused):
        database.transaction(work)
    return len([one for one in sent if not one.upper().startswith(("BEGIN", "PRAGMA"))])


# (PostgreSQL, SQLite, MariaDB): what each may cost at most.
LIMITS = {
    "check in, first day": (2, 7, 8),
    "check in, second day": (2, 9, 10),
    "check in again": (3, 4, 4),
    "claim": (1, 6, 6),
    "claim after sell-out": (2, 1, 1),
    "spend": (7, 7, 8),
}


@pytest.fixture
def costs(database: Database) -> dict[str, int]:
    """What each deed costs once everything is warm."""

    def prepare(session: Session) -> tuple[list[int], list[int]]:
        open_programme(session)
        members = [join(session) for _ in range(4)]
        for member in members:
            points.earn(session, member, [Credit(100, f"b:{member}", "")], NOON - DAY, NEXT_YEAR)
        checkins.check_in(session, members[0], NOON - DAY, POLICY)
        return members, [offer(session, 5), offer(session, 1)]

    members, batches = database.transaction(prepare)
    one, two, three, _ = members
    deeds: dict[str, Callable[[Session], Any]] = {
        "check in, first day": lambda s: checkins.check_in(s, two, NOON, POLICY),
        "check in, second day": lambda s: checkins.check_in(s, one, NOON, POLICY),
        "check in again": lambda s: checkins.check_in(s, one, NOON, POLICY),
        "claim": lambda s: claims.claim(s, batches[0], one, NOON),
        "spend": lambda s: points.spend(s, three, Debit(7, "order", ""), NOON),
    }
    found = {name: cost(database, deed) for name, deed in deeds.items()}
    database.transaction(lambda s: claims.claim(s, batches[1], one, NOON))
    found["claim after sell-out"] = cost(
        database, lambda s: claims.claim(s, batches[1], two, NOON)
    )
    return found


def test_the_hot_deeds_cost_few_statements(database: Database, costs: dict[str, int]) -> None:
    kinds = ("postgresql", "sqlite", "mysql")
    which = kinds.index(database.engine.dialect.name.replace("mariadb", "mysql"))
    allowed = {name: limits[which] for name, limits in LIMITS.items()}
    assert {name: n for name, n in costs.items() if n > allowed[name]} == {}, costs


def test_a_claim_after_sell_out_writes_nothing(database: Database) -> None:
    def prepare(session: Session) -> tuple[int, list[int]]:
        members = [join(session) for _ in range(2)]
        batch = offer(session, 1)
        claims.claim(session, batch, members[0], NOON)
        return batch, members

    batch, members = database.transaction(prepare)
    with counted(database.engine) as sent, pytest.raises(Refused):
        database.transaction(lambda s: claims.claim(s, batch, members[1], NOON))
    assert not [one for one in sent if one.upper().lstrip().startswith(("INSERT", "UPDATE"))], sent


def fill(session: Session) -> int:
    """A member with a hundred thousand entries among others; the last of them is a year old."""
    members = [join(session) for _ in range(20)]
    at = NOON - 400 * DAY
    rows = [
        {
            "member_id": members[0] if n < ENTRIES else members[n % 20],
            "kind": "earn",
            "delta": 1,
            "balance_after": n + 1,
            "reference": f"fill:{n}",
            "note": "",
            "created_at": at + n * timedelta(minutes=5),
        }
        for n in range(ENTRIES + 10_000)
    ]
    session.execute(insert(PointsEntry), rows)
    tail = select(PointsEntry.id, PointsEntry.member_id).order_by(PointsEntry.id.desc())
    ids = session.execute(tail.limit(10_000)).all()
    lot = {"amount": 1, "remaining": 0, "expires_at": NEXT_YEAR}
    session.execute(
        insert(PointsLot), [{"entry_id": e.id, "member_id": e.member_id, **lot} for e in ids]
    )
    act = {"at": at, "kind": "check_in"}
    session.execute(
        insert(Activity), [{"member_id": members[n % 20], **act} for n in range(30_000)]
    )
    account = session.get_one(PointsAccount, members[0])
    account.balance = ENTRIES
    return members[0]


def scans(database: Database, work: Callable[[Session], Any]) -> list[str]:
    """The statements of `work` that read a whole table of the ledger or the activity log."""
    sent: list[tuple[str, Any]] = []

    def note(*args: Any) -> None:
        sent.append((args[2], args[3]))

    event.listen(database.engine, "before_cursor_execute", note)
    database.read(work)
    event.remove(database.engine, "before_cursor_execute", note)
    reads = [one for one in sent if one[0].upper().lstrip().startswith(("SELECT", "WITH", "("))]
    assert reads
    with database.engine.connect() as connection:
        return [sql for sql, values in reads if _is_scan(connection, sql, values)]


def _is_scan(connection: Any, sql: str, values: Any) -> bool:
    kind = connection.dialect.name
    if kind == "postgresql":
        plan = connection.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {sql}", values).scalar()
        return any(
            node["Node Type"] == "Seq Scan" and node["Relation Name"] in LONG
            for node in _nodes(json.loads(plan) if isinstance(plan, str) else plan)
        )
    if kind == "sqlite":
        rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", values).all()
        return any(row[3] == f"SCAN {name}" for row in rows for name in LONG)
    rows = connection.exec_driver_sql(f"EXPLAIN {sql}", values).mappings().all()
    return any(row["type"] == "ALL" and int(row["rows"] or 0) > 1_000 for row in rows)


def _nodes(plan: Any) -> Iterator[dict[str, Any]]:
    if isinstance(plan, dict):
        if "Node Type" in plan:
            yield plan
        plan = list(plan.values())
    if isinstance(plan, list):
        for part in plan:
            yield from _nodes(part)


def test_a_long_history_is_never_read_whole(database: Database) -> None:
    member = database.transaction(fill)
    with database.engine.begin() as connection:
        whole = connection.dialect.name in {"sqlite", "postgresql"}
        tables = ", ".join(LONG)
        connection.execute(text("ANALYZE" if whole else f"ANALYZE TABLE {tables}"))
    start, end = NOON - 100 * DAY, NOON - 70 * DAY
    works: dict[str, Callable[[Session], Any]] = {
        "balance": lambda s: points.balance_of(s, member),
        "entries": lambda s: points.entries_of(s, member, limit=20),
        "statement": lambda s: points_statements.of_period(s, member, start, end, limit=50),
        "next expiry": lambda s: points_expiry.expiring(s, member, NOON),
        "timeline": lambda s: timeline.page(s, member),
    }
    assert {name: found for name, work in works.items() if (found := scans(database, work))} == {}


def test_the_scan_detector_sees_a_scan(database: Database) -> None:
    database.transaction(fill)
    by_note = text("SELECT COUNT(*) FROM points_entry WHERE note = 'x'")
    assert scans(database, lambda session: session.execute(by_note).all())
