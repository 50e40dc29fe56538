"""One database of each kind a test process, with the real schema, emptied between tests."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import psycopg
import pymysql
import pytest
from sqlalchemy import (
    CompoundSelect,
    Connection,
    String,
    case,
    cast,
    exists,
    func,
    literal_column,
    select,
    text,
    union_all,
)
from sqlalchemy.engine import make_url
from sqlalchemy.orm import Session

from handlers.commands.schema import upgrade
from kernel.db import Base, Database
from kernel.engine import make_engine
from tests.servers import postgres, standing_mariadb

KINDS = ("sqlite", "postgresql", "mariadb")


def database_name(worker: str) -> str:
    """A name that no other run uses."""
    return f"weiting_test_{worker}_{os.getpid()}"


@contextmanager
def make_database(
    kind: str, worker: str, folder: Path, *, durable: bool = False
) -> Iterator[Database]:
    """A migrated database of that kind; skips the test when no server answers.

    Only a `durable` one of PostgreSQL waits for the disk at each commit, as a hall's does: for
    whatever is measured.
    """
    opened = {"sqlite": _sqlite, "postgresql": _postgresql, "mariadb": _mariadb}[kind]
    with opened(database_name(worker), folder, durable) as url:
        database = Database(make_engine(url))
        upgrade(database.engine)
        try:
            yield database
        finally:
            database.engine.dispose()


@contextmanager
def _sqlite(name: str, folder: Path, _durable: bool = False) -> Iterator[str]:
    yield f"sqlite:///{folder}/{name}.sqlite3"


@contextmanager
def _postgresql(name: str, _folder: Path, durable: bool = False) -> Iterator[str]:
    with postgres() as server:
        if server is None:
            pytest.skip("no PostgreSQL answers, and the embedded one is not for this machine")
        with psycopg.connect(server, autocommit=True) as admin:
            admin.execute(f"CREATE DATABASE {name}")
            if not durable:
                admin.execute(f"ALTER DATABASE {name} SET synchronous_commit = off")
            try:
                url = make_url(server).set(drivername="postgresql+psycopg", database=name)
                yield url.render_as_string(hide_password=False)
            finally:
                admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def _mariadb(name: str, _folder: Path, _durable: bool = False) -> Iterator[str]:
    server = standing_mariadb()
    if server is None:
        pytest.skip("no MariaDB answers at 127.0.0.1:3306 (or TEST_MYSQL_URL)")
    parts = make_url(server)
    admin = pymysql.connect(
        host=parts.host or "127.0.0.1",
        port=parts.port or 3306,
        user=parts.username or "root",
        password=str(parts.password or ""),
        autocommit=True,
    )
    with admin, admin.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
        try:
            url = parts.set(drivername="mysql+pymysql", database=name)
            yield url.render_as_string(hide_password=False)
        finally:
            cursor.execute(f"DROP DATABASE {name}")


def refill(database: Database, source: sqlite3.Connection) -> None:
    """Make an SQLite database what `source` is; its engine and pool stay."""
    with database.engine.connect() as connection:
        raw = connection.connection.driver_connection
        assert isinstance(raw, sqlite3.Connection)
        source.backup(raw)


def duplicate(database: Database) -> sqlite3.Connection:
    """What an SQLite database is now, in memory."""
    copy = sqlite3.connect(":memory:")
    with database.engine.connect() as connection:
        raw = connection.connection.driver_connection
        assert isinstance(raw, sqlite3.Connection)
        raw.backup(copy)
    return copy


def is_empty(database: Database) -> bool:
    """Whether no table has a row."""
    with database.engine.connect() as connection:
        return connection.execute(_used_tables()).first() is None


def empty(database: Database) -> None:
    """Remove every row, so that the next test begins with nothing."""
    with database.engine.connect() as connection:
        is_postgres = connection.dialect.name == "postgresql"
        # Rows that go one by one are slow where each looks for those that refer to it.
        off, on = _REFERENCES.get(connection.dialect.name, ("SELECT 1", "SELECT 1"))
        _run_bare(connection, off)
        with connection.begin():
            used = {row[0]: row[1] for row in connection.execute(_used_tables())}
            if is_postgres and any(used.values()):
                connection.execute(text(f"TRUNCATE {', '.join(used)} CASCADE"))
                used = {}
            # Only those in use: TRUNCATE of all tables takes PostgreSQL a second.
            for table in reversed(Base.metadata.sorted_tables):
                if table.name in used:
                    connection.execute(table.delete())
        _run_bare(connection, on)


_REFERENCES = {
    "sqlite": ("PRAGMA foreign_keys=OFF", "PRAGMA foreign_keys=ON"),
    "mysql": ("SET FOREIGN_KEY_CHECKS=0", "SET FOREIGN_KEY_CHECKS=1"),
    "mariadb": ("SET FOREIGN_KEY_CHECKS=0", "SET FOREIGN_KEY_CHECKS=1"),
}
_LONG = 1000


def _run_bare(connection: Connection, words: str) -> None:
    # SQLite ignores the switch within a transaction.
    raw = connection.connection.driver_connection
    assert raw is not None
    cursor = raw.cursor()
    cursor.execute(words)
    cursor.close()


@cache
def _used_tables() -> CompoundSelect[str, bool]:
    """The names of the tables that have rows, and whether they are many, in one question."""
    return union_all(
        *(
            select(
                literal_column(f"'{table.name}'"),
                exists(select(1).select_from(table).limit(1).offset(_LONG)),
            ).where(exists(select(1).select_from(table)))
            for table in Base.metadata.sorted_tables
        )
    )


def traces(session: Session, word: str) -> list[str]:
    """The columns of any table in which the word stands."""
    found = []
    for table in Base.metadata.sorted_tables:
        texts = [cast(column, String(4000)) for column in table.columns]
        counts = [func.count(case((one.contains(word, autoescape=True), 1))) for one in texts]
        row = session.execute(select(*counts)).one()
        found += [
            f"{table.name}.{column.name}"
            for column, count in zip(table.columns, row, strict=True)
            if count
        ]
    return found
