"""The long lists stay fast: whatever is asked, a page visits a few rows of the many."""

import json
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import event, insert, text
from sqlalchemy.orm import Session

from kernel.audit import AuditEntry
from kernel.db import Database
from kernel.operators import Operator
from loyalty.ledger import PointsAccount
from loyalty.members import Member
from loyalty.tags import MemberTag, Tag
from tests.world import NOON
from web.console import audit_search, member_lists, member_search
from web.console.audit_search import Wanted as Acts
from web.console.member_search import Wanted as Members
from web.console.paging import leaf, write_token

ROWS = 20_000
LONG = ("member", "points_account", "member_tag", "audit_entry")
# A page, what is looked up for each of its rows, and the fourth part that are of a tier counted.
FEW = 6_000
MINUTE = timedelta(minutes=1)
SURNAMES = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许"


def fill(session: Session) -> None:
    """Members and acts as they are: most are alike, some are rare."""
    people = [
        {"id": n + 1, "login": f"o{n}", "name": f"o{n}", "role": "owner", "password_hash": "",
         "active": True, "created_at": NOON} for n in range(20)
    ]  # fmt: skip
    session.execute(insert(Operator), people)
    session.execute(insert(Member), [_member(n) for n in range(1, ROWS + 1)])
    accounts = [
        {"member_id": n, "balance": n * 7919 % 5_000, "debt": 0, "qualified": 0,
         "streak_version": 0} for n in range(1, ROWS + 1)
    ]  # fmt: skip
    session.execute(insert(PointsAccount), accounts)
    tag = {"code": "vip", "name": "贵宾", "kind": "hand", "active": True, "created_at": NOON}
    session.execute(insert(Tag), {"id": 1, "rule": None, **tag})
    worn = {"tag_id": 1, "source": "hand", "put_at": NOON}
    session.execute(insert(MemberTag), [{"member_id": n, **worn} for n in range(1, ROWS, 4)])
    session.execute(insert(AuditEntry), [_act(n) for n in range(1, ROWS + 1)])


def _member(n: int) -> dict[str, Any]:
    return {
        "id": n, "openid": f"o{n}", "name": f"{SURNAMES[n % 20]}{n:05d}", "channel":
        "import" if n % 50 == 0 else "site", "registered_at": NOON - (ROWS - n) * MINUTE,
        "state": "blocked" if n % 500 == 0 else "active", "tier_level": n % 4,
        "wants_check_in_reminder": False,
    }  # fmt: skip


def _act(n: int) -> dict[str, Any]:
    return {
        "at": NOON - (ROWS - n) * MINUTE, "operator_id": n % 20 + 1,
        "subject": f"member:{n % 900}",
        "action": "tier.defined" if n % 1000 == 0 else "tag.put", "address": f"10.0.0.{n % 200}",
        "details": None, "position": n, "hash": "0" * 64,
    }  # fmt: skip


@pytest.fixture
def filled(database: Database, monkeypatch: pytest.MonkeyPatch) -> Database:
    """A database with forty thousand members and acts, whose statistics are fresh."""
    # What is not counted one by one, and where parts of names are looked for, in proportion.
    monkeypatch.setattr(member_lists, "COUNTED", 1_000)
    monkeypatch.setattr(member_search, "NEWEST", 1_000)
    database.transaction(fill)
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        whole = connection.dialect.name in {"sqlite", "postgresql"}
        connection.execute(text("ANALYZE" if whole else f"ANALYZE TABLE {', '.join(LONG)}"))
    return database


def dear(database: Database, work: Callable[[Session], Any]) -> list[str]:
    """The statements of `work` for which the database visits more than a few rows."""
    sent: list[tuple[str, Any]] = []

    def note(*args: Any) -> None:
        sent.append((args[2], args[3]))

    event.listen(database.engine, "before_cursor_execute", note)
    database.read(work)
    event.remove(database.engine, "before_cursor_execute", note)
    reads = [one for one in sent if one[0].lstrip().upper().startswith("SELECT")]
    assert reads
    with database.engine.connect() as connection:
        visits = {"postgresql": _postgres, "sqlite": _sqlite}.get(
            connection.dialect.name, _mariadb
        )
        return [sql for sql, values in reads if visits(connection, sql, values) > FEW]


def _postgres(connection: Any, sql: str, values: Any) -> float:
    """Rows that the scans of the executed plan looked at."""
    plan = connection.exec_driver_sql(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", values).scalar()
    return sum(
        float((node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"])
        for node in _nodes(json.loads(plan) if isinstance(plan, str) else plan)
        if "Relation Name" in node
    )


def _nodes(plan: Any) -> Iterator[dict[str, Any]]:
    if isinstance(plan, dict):
        if "Node Type" in plan:
            yield plan
        plan = list(plan.values())
    if isinstance(plan, list):
        for part in plan:
            yield from _nodes(part)


def _mariadb(connection: Any, sql: str, values: Any) -> float:
    """Rows that were asked of the engine."""

    def handled() -> int:
        rows = connection.exec_driver_sql("SHOW SESSION STATUS LIKE 'Handler_read%%'").all()
        return sum(int(row[1]) for row in rows)

    before = handled()
    connection.exec_driver_sql(sql, values).all()
    return handled() - before


def _sqlite(connection: Any, sql: str, values: Any) -> float:
    """Steps of its machine, in rows: looking at one takes four, fetching it ten or more."""
    steps = 0

    def count() -> int:
        nonlocal steps
        steps += 1
        return 0

    driver = connection.connection.driver_connection
    driver.set_progress_handler(count, 100)
    connection.exec_driver_sql(sql, values).all()
    driver.set_progress_handler(None, 0)
    return steps * 100 / 8


def deep(session: Session, wanted: Members) -> str:
    """A token that leads far into the list."""
    found = member_search.way(session, wanted)
    rows = leaf(session, found.query, found.order, "", ROWS // 10).rows
    return write_token(found.order, rows[-1], back=False)


MEMBERS = {
    "all": Members(),
    "the oldest": Members(sort="old"),
    "the richest": Members(sort="rich"),
    "the poorest": Members(sort="poor"),
    "by name": Members(sort="name"),
    "a name that begins so": Members(q="王"),
    "a part of a name": Members(q="0777"),
    "a number": Members(q="778"),
    "a tier": Members(tier=2),
    "a tag": Members(tag="vip"),
    "a tag from the oldest": Members(tag="vip", sort="old"),
    "the blocked": Members(state="blocked"),
    "the active": Members(state="active"),
    "the imported": Members(channel="import"),
    "some days": Members(first=date(2026, 11, 10), last=date(2026, 11, 11)),
    "some days of a tier": Members(tier=2, first=date(2026, 11, 10), last=date(2026, 11, 11)),
}
ACTS = {
    "all": Acts(),
    "of a person": Acts(operator="7"),
    "a rare act": Acts(action="tier.defined"),
    "a frequent act": Acts(action="tag.put"),
    "a subject": Acts(kind="member", key="777"),
    "an address": Acts(address="10.0.0.7"),
    "some days": Acts(first=date(2026, 11, 10), last=date(2026, 11, 11)),
    "a part of a subject in some days": Acts(
        key="777", first=date(2026, 11, 10), last=date(2026, 11, 11)
    ),
    "a rare act of a person": Acts(operator="7", action="tier.defined"),
}


def test_no_page_of_a_long_list_reads_it_whole(filled: Database) -> None:
    found: dict[str, list[str]] = {}
    for name, wanted in MEMBERS.items():
        found[name] = dear(filled, partial(member_lists.listed, wanted=wanted, token=""))
    for name in ("all", "the richest", "a tier", "a tag", "the active", "by name"):
        wanted = MEMBERS[name]
        token = filled.read(partial(deep, wanted=wanted))
        found[f"{name}, far on"] = dear(
            filled, partial(member_lists.listed, wanted=wanted, token=token)
        )
    for name, acts in ACTS.items():
        found[f"acts: {name}"] = dear(filled, partial(audit_search.page, wanted=acts, token=""))
    assert {name: sent for name, sent in found.items() if sent} == {}


def _ask(session: Session, sql: str) -> None:
    session.execute(text(sql)).all()


def test_what_reads_whole_tables_is_seen(filled: Database) -> None:
    for sql in (
        "SELECT id FROM member WHERE phone_hint = 'x'",
        "SELECT id FROM audit_entry ORDER BY hash, at LIMIT 5",
    ):
        assert dear(filled, partial(_ask, sql=sql)), sql
