"""One database of each kind a test process, with the real schema, emptied between tests."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pymysql
import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url

from handlers.commands.schema import upgrade
from kernel.db import Base, Database
from kernel.engine import make_engine
from tests.servers import postgres, standing_mariadb

KINDS = ("sqlite", "postgresql", "mariadb")


def database_name(worker: str) -> str:
    """A name that no other run uses."""
    return f"weiting_test_{worker}_{os.getpid()}"


@contextmanager
def make_database(kind: str, worker: str, folder: Path) -> Iterator[Database]:
    """A migrated database of that kind; skips the test when no server answers."""
    opened = {"sqlite": _sqlite, "postgresql": _postgresql, "mariadb": _mariadb}[kind]
    with opened(database_name(worker), folder) as url:
        database = Database(make_engine(url))
        upgrade(database.engine)
        try:
            yield database
        finally:
            database.engine.dispose()


@contextmanager
def _sqlite(name: str, folder: Path) -> Iterator[str]:
    yield f"sqlite:///{folder}/{name}.sqlite3"


@contextmanager
def _postgresql(name: str, _folder: Path) -> Iterator[str]:
    with postgres() as server:
        if server is None:
            pytest.skip("no PostgreSQL answers, and the embedded one is not for this machine")
        with psycopg.connect(server, autocommit=True) as admin:
            admin.execute(f"CREATE DATABASE {name}")
            try:
                url = make_url(server).set(drivername="postgresql+psycopg", database=name)
                yield url.render_as_string(hide_password=False)
            finally:
                admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def _mariadb(name: str, _folder: Path) -> Iterator[str]:
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


def empty(database: Database) -> None:
    """Remove every row, so that the next test begins with nothing."""
    tables = [table.name for table in Base.metadata.sorted_tables]
    with database.engine.begin() as connection:
        dialect = connection.dialect.name
        if dialect == "postgresql":
            connection.execute(text(f"TRUNCATE {', '.join(tables)} RESTART IDENTITY CASCADE"))
            return
        if dialect != "sqlite":
            connection.execute(text("SET FOREIGN_KEY_CHECKS=0"))
        for table in reversed(tables):
            connection.execute(text(f"DELETE FROM {table}"))
        if dialect != "sqlite":
            connection.execute(text("SET FOREIGN_KEY_CHECKS=1"))
