"""Sealing beside others: rivals in processes, writers who must not wait, the commands."""

import re
import time
from functools import partial

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from handlers import audit_jobs
from kernel import audit, audit_chain
from kernel.audit import AuditEntry
from kernel.audit_checks import Verdict
from kernel.db import Database
from kernel.refusals import NotFound
from tests.kernel.test_audit_chain import look, write, write_many
from tests.races.rivals import race
from tests.world import NOON, Hall


def jostle(session: Session, number: int) -> int:
    """Write, seal, or roll back after writing; some take their time to commit."""
    if number % 5 == 0:
        return audit_chain.seal(session, NOON, limit=7)
    write(session, number)
    session.flush()
    time.sleep(number % 4 * 0.005)
    if number % 7 == 0:
        raise NotFound
    return 0


def test_writers_and_sealers_of_many_processes_leave_one_whole_chain(database: Database) -> None:
    tries = 240
    outcomes = race(database, jostle, tries)
    audit_jobs.seal(database, NOON)

    expected = sum(1 for n in range(tries) if n % 5 and n % 7)
    assert outcomes.count("not_found") == sum(1 for n in range(tries) if n % 5 and not n % 7)
    found = look(database)
    assert (found.broken, found.checked, found.position) == (None, expected, expected)
    assert database.read(lambda s: s.scalar(select(func.count(AuditEntry.id)))) == expected


def test_a_writer_does_not_wait_for_the_sealer_nor_it_for_him(server_database: Database) -> None:
    server_database.transaction(lambda session: write(session, 1))

    def seal_within(session: Session) -> None:
        write(session, 2)  # not committed yet
        session.flush()
        assert server_database.transaction(lambda s: audit_chain.seal(s, NOON)) == 1

    def write_within(session: Session) -> None:
        assert audit_chain.seal(session, NOON) == 1
        server_database.transaction(lambda s: write(s, 3))

    server_database.transaction(seal_within)
    server_database.transaction(write_within)
    audit_jobs.seal(server_database, NOON)
    assert look(server_database) == Verdict(3, 3, server_database.read(audit_chain.head)[0])


def test_the_commands_say_whether_the_log_is_whole(hall: Hall) -> None:
    runner = hall.app.test_cli_runner()
    hall.database.transaction(partial(write_many, count=3))
    head = runner.invoke(args=["audit", "head"]).output.strip()
    whole = runner.invoke(args=["audit", "verify", "--expect", head])
    other = runner.invoke(args=["audit", "verify", "--expect", "0" * 64 + ":2"])
    odd = runner.invoke(args=["audit", "verify", "--expect", "nothing"])
    hall.database.transaction(lambda s: s.execute(update(AuditEntry).values(subject="x")))
    changed = runner.invoke(args=["audit", "verify", "--since", "2026-11-20"])

    assert re.fullmatch(r"[0-9a-f]{64}:\d+", head)
    assert (whole.exit_code, other.exit_code, odd.exit_code, changed.exit_code) == (0, 1, 2, 1)
    assert head in whole.output
    assert "第 2 环与另存的摘要不同" in other.output
    assert "第 1 环与内容不符" in changed.output


def test_changes_name_what_differs() -> None:
    before = {"name": "银卡", "threshold": 10, "rule": None}
    after = {"name": "金卡", "threshold": 10, "rule": {"all": []}, "at": NOON}

    names = ("name", "threshold", "rule", "at")
    assert audit.changes(before, after, names) == {
        "name": ["银卡", "金卡"],
        "rule": [None, {"all": []}],
        "at": [None, NOON.isoformat()],
    }
    assert audit.changes(None, after, ("name",)) == {"name": [None, "金卡"]}
    assert len(audit.changes(None, {"body": "长" * 9_000}, ("body",))["body"][1]) == 501
