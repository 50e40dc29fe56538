"""Transactions: repeated whole when that is safe, and only then."""

import threading
import time

import pytest
from sqlalchemy import event, text
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session

from kernel.db import Database, TryAgain
from kernel.engine import make_engine
from tests.kernel.counters import add, create, drop, read, totals, write
from tests.kernel.races import at_once

_KILL = {"postgresql": "SELECT pg_terminate_backend({})", "mysql": "KILL {}"}
_ID = {"postgresql": "SELECT pg_backend_pid()", "mysql": "SELECT CONNECTION_ID()"}


def kill(database: Database, connection_id: int) -> None:
    """End another connection, as an operator or a failing network would."""
    name = database.engine.dialect.name.replace("mariadb", "mysql")
    with database.engine.connect() as admin:
        admin.execute(text(_KILL[name].format(connection_id)))
    time.sleep(0.05)  # until the server has done it


def id_of(database: Database, connection: Connection | Session) -> int:
    """The server's number of this connection."""
    name = database.engine.dialect.name.replace("mariadb", "mysql")
    return int(connection.execute(text(_ID[name])).scalar_one())


def test_a_deadlock_is_repeated_and_no_sum_is_lost(server_counters: Database) -> None:
    database, tries = server_counters, []
    meeting = threading.Barrier(2, timeout=5)

    def work(number: int) -> None:
        first, second = ("a", "b") if number == 0 else ("b", "a")

        def cross(session: Session) -> None:
            tries.append(number)
            add(session, first)
            if len(tries) <= 2:  # both hold their first row: a deadlock, for certain
                meeting.wait()
            add(session, second)

        database.transaction(cross)

    assert at_once(2, work) == [None, None]
    assert totals(database) == (2, 2)
    assert len(tries) >= 3


def test_try_again_repeats_the_whole_from_a_fresh_start(counters: Database) -> None:
    seen: list[int] = []

    def work(session: Session) -> str:
        add(session, "a")
        seen.append(read(session, "a"))
        if len(seen) < 4:
            raise TryAgain
        return "done"

    assert counters.transaction(work) == "done"
    assert seen == [1, 1, 1, 1]
    assert totals(counters) == (1, 0)


def test_try_again_for_ever_ends(counters: Database) -> None:
    tries: list[int] = []

    def work(session: Session) -> None:
        tries.append(1)
        raise TryAgain

    with pytest.raises(TryAgain):
        counters.transaction(work)
    assert len(tries) == 8


def test_other_errors_are_not_repeated_and_undo_everything(counters: Database) -> None:
    tries: list[int] = []

    def work(session: Session) -> None:
        tries.append(1)
        add(session, "a")
        session.execute(text("INSERT INTO test_counter (name, total) VALUES ('b', 1)"))

    with pytest.raises(IntegrityError):
        counters.transaction(work)
    assert (tries, totals(counters)) == ([1], (0, 0))


def test_a_connection_lost_before_commit_is_repeated(server_counters: Database) -> None:
    database, tries = server_counters, []

    def work(session: Session) -> None:
        tries.append(id_of(database, session))
        add(session, "a")
        if len(tries) == 1:
            kill(database, tries[0])
        add(session, "b")

    database.transaction(work)

    assert len(tries) == 2
    assert tries[0] != tries[1]
    assert totals(database) == (1, 1)


def test_a_commit_whose_answer_is_lost_is_not_repeated(server_counters: Database) -> None:
    database = server_counters
    tries: list[int] = []

    def cut(connection: Connection) -> None:
        # COMMIT is the very next thing that is sent: whether it arrives nobody can know.
        kill(database, tries[-1])

    def work(session: Session) -> None:
        tries.append(id_of(database, session))
        add(session, "a")
        event.listen(session.connection(), "commit", cut, once=True)

    with pytest.raises(DBAPIError) as error:
        database.transaction(work)
    assert error.value.connection_invalidated
    assert len(tries) == 1
    # The next one gets another connection.
    database.transaction(lambda session: add(session, "b"))
    assert totals(database) == (0, 1)


def test_a_connection_that_died_while_idle_is_replaced_unseen(server_counters: Database) -> None:
    database = Database(make_engine(server_counters.engine.url.render_as_string(False)))
    tries: list[int] = []
    with database.engine.connect() as connection:
        gone = id_of(database, connection)
    kill(server_counters, gone)

    def work(session: Session) -> None:
        tries.append(1)
        add(session, "a")

    database.transaction(work)
    assert totals(database) == (1, 0)
    database.engine.dispose()


def test_eight_threads_that_read_then_write_lose_nothing_on_sqlite(sqlite: Database) -> None:
    """SQLAlchemy's own way with SQLite lost 300 of 400."""
    create(sqlite)

    def work(number: int) -> None:
        for _ in range(10):
            sqlite.transaction(lambda db: write(db, "a", read(db, "a") + 1))

    assert at_once(8, work) == [None] * 8
    assert totals(sqlite) == (80, 0)
    drop(sqlite)


def test_eight_threads_that_add_lose_nothing(counters: Database) -> None:
    def work(number: int) -> None:
        for _ in range(5):
            counters.transaction(lambda db: add(db, "a"))

    assert at_once(8, work) == [None] * 8
    assert totals(counters) == (40, 0)


def test_reading_takes_no_write_lock(counters: Database) -> None:
    def work(session: Session) -> int:
        add(session, "a")
        # While this transaction holds its lock, others still read what was before.
        return totals(counters)[0]

    assert counters.transaction(work) == 0
    assert totals(counters) == (1, 0)


def test_alone_a_deed_commits_and_a_failing_one_leaves_nothing(counters: Database) -> None:
    counters.alone(lambda session: add(session, "a", 5))

    def fails(session: Session) -> None:
        add(session, "a", 7)
        raise KeyError

    with pytest.raises(KeyError):
        counters.alone(fails)
    assert totals(counters) == (5, 0)


def test_alone_a_lost_connection_is_not_repeated(server_counters: Database) -> None:
    tries: list[int] = []

    def work(session: Session) -> None:
        tries.append(1)
        add(session, "a", 1)
        kill(server_counters, id_of(server_counters, session))
        add(session, "a", 1)

    with pytest.raises(DBAPIError):
        server_counters.alone(work)
    assert len(tries) == 1
