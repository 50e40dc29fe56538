"""Engines for SQLite, PostgreSQL and MariaDB/MySQL that behave alike where it matters."""

import math
import time
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.pool import ConnectionPoolEntry

READ_ONLY = "weiting_read_only"
_IDLE_SECONDS = 5.0

_POSTGRES_SESSION = {
    "lock_timeout": "5000",
    "statement_timeout": "60000",
    "idle_in_transaction_session_timeout": "30000",
    "timezone": "UTC",
}
_MYSQL_SESSION = (
    "SET time_zone='+00:00', innodb_lock_wait_timeout=5, "
    "sql_mode='STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION,ERROR_FOR_DIVISION_BY_ZERO'"
)


def make_engine(url: str | URL, *, pool_size: int = 10, patient: bool = False) -> Engine:
    """An engine for `url` with our session settings; READ COMMITTED on servers.

    A `patient` one waits as long as a statement takes, and each of its transactions sees one
    picture of the data: for the few reads that look at whole tables.

    SQLite takes its write lock when a transaction begins: a deferred lock loses updates or fails
    at once with "database is locked" (measured: 400 increments gave 100, or 296 errors).
    """
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        return _sqlite(parsed)
    options: dict[str, Any] = {
        "isolation_level": "REPEATABLE READ" if patient else "READ COMMITTED",
        "pool_timeout": 3,
        "pool_use_lifo": True,
        "pool_size": pool_size,
        "max_overflow": 5,
    }
    if parsed.get_backend_name() == "postgresql":
        session = {**_POSTGRES_SESSION, **({"statement_timeout": "0"} if patient else {})}
        words = " ".join(f"-c {name}={value}" for name, value in session.items())
        options["connect_args"] = {"options": words, "connect_timeout": 3}
    else:
        options["connect_args"] = {
            "charset": "utf8mb4",
            "init_command": _MYSQL_SESSION,
            "connect_timeout": 3,
            "read_timeout": None if patient else 60,
            "write_timeout": 60,
        }
    engine = create_engine(parsed, hide_parameters=True, **options)  # errors are logged
    _ping_when_idle(engine)
    return engine


def _ping_when_idle(engine: Engine) -> None:
    """Ask a connection that has lain idle whether it still stands, before it is used.

    SQLAlchemy's own ping costs a round trip at every checkout, a fifth of a check-in.
    """

    def note(_connection: object, record: ConnectionPoolEntry) -> None:
        record.info["idle_since"] = time.monotonic()

    def check(connection: DBAPIConnection, record: ConnectionPoolEntry, _proxy: object) -> None:
        if time.monotonic() - record.info.get("idle_since", math.inf) < _IDLE_SECONDS:
            return
        try:
            engine.dialect.do_ping(connection)
        except Exception as error:  # each driver has its own; all mean the same here
            raise DisconnectionError from error

    event.listen(engine, "checkin", note)
    event.listen(engine, "checkout", check)


def _sqlite(url: URL) -> Engine:
    options: dict[str, Any] = {"connect_args": {"timeout": 30}, "pool_size": 10}
    engine = create_engine(url, hide_parameters=True, max_overflow=20, **options)
    if url.database:
        folder = Path(url.database).parent
        # When it is first needed: whoever checks the folder before can say what is wrong with it.
        event.listen(engine, "do_connect", lambda *_: folder.mkdir(parents=True, exist_ok=True))
    event.listen(engine, "connect", _configure_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _configure_sqlite(connection: DBAPIConnection, _record: ConnectionPoolEntry) -> None:
    # The driver's own implicit BEGIN breaks savepoints; ours is sent by _begin_sqlite.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in (
        "journal_mode=WAL",
        "synchronous=NORMAL",
        "busy_timeout=30000",
        "foreign_keys=ON",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    reading = connection.get_execution_options().get(READ_ONLY, False)
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")
