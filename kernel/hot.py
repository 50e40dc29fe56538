"""Statements for the hot paths: compiled once, then sent past SQLAlchemy's work for each call.

On PostgreSQL a statement costs some 20 us in the driver and 100 us or more in SQLAlchemy (cache
keys, contexts, results); that, not the database, is what a check-in costs. Elsewhere the same
statement takes the ordinary way.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import psycopg
from psycopg.pq import TransactionStatus
from psycopg.types.json import Json
from sqlalchemy import JSON, Connection, CursorResult, Insert, Table, bindparam, insert
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session
from sqlalchemy.sql.dml import UpdateBase
from sqlalchemy.sql.selectable import Select

# Marks the sessions of `Database.alone`.
ALONE = "alone"


class Rows:
    """The result of a hot statement: the few accessors that its callers need."""

    def __init__(self, cursor: Any) -> None:
        self._cursor = cursor

    def first(self) -> Any:
        """The first row as a tuple; None when there is none."""
        return self._cursor.fetchone()

    def all(self) -> list[tuple[Any, ...]]:
        """Every row."""
        rows: list[tuple[Any, ...]] = self._cursor.fetchall()
        return rows

    @property
    def rowcount(self) -> int:
        """How many rows the statement touched."""
        return int(self._cursor.rowcount)

    def scalar(self) -> Any:
        """The first column of the first row; None when there is none."""
        row = self._cursor.fetchone()
        return None if row is None else row[0]


class Hot:
    """One statement, built at import, with bind parameters for everything that varies.

    Parameters are plain values: instants aware, JSON as dicts. Results are the driver's.
    """

    def __init__(self, statement: UpdateBase | Select[*tuple[Any, ...]]) -> None:
        self._statement = statement
        self._postgres: str | None = None
        self._constants: dict[str, Any] = {}
        # Lists go to the driver as arrays, except in these.
        self._json: frozenset[str] = frozenset()

    def run(self, session: Session, parameters: Mapping[str, Any]) -> Rows | CursorResult[Any]:
        """Execute in the session's transaction; the result has `first` and `scalar`."""
        connection = session.connection()
        if connection.dialect.name != "postgresql":
            return connection.execute(self._statement, parameters)
        if self._postgres is None:
            compiled = self._statement.compile(dialect=connection.dialect)
            # Values that stand in the statement itself; those to come are None here.
            self._constants = {
                name: value for name, value in compiled.params.items() if value is not None
            }
            self._json = frozenset(
                name for name, bind in compiled.binds.items() if isinstance(bind.type, JSON)
            )
            self._postgres = str(compiled)
        values = {**self._constants, **parameters}
        for name in self._json:
            if isinstance(values[name], list):
                values[name] = Json(values[name])
        return send(connection, self._postgres, values)


def send(connection: Connection, sql: str, parameters: Mapping[str, Any]) -> Rows:
    """Send SQL straight to psycopg, in the transaction that SQLAlchemy opened.

    Failures are raised as SQLAlchemy's, so that callers and retries see one kind.
    """
    raw: Any = connection.connection.dbapi_connection
    try:
        return Rows(raw.execute(sql, plain(parameters)))
    except psycopg.Error as error:
        # What the dialect would find out, asked of the driver itself.
        lost = bool(raw.closed)
        if lost:
            connection.invalidate(error)
        raise DBAPIError.instance(
            sql,
            None,
            error,
            psycopg.Error,
            connection_invalidated=lost,
            dialect=connection.dialect,
        ) from error


def is_alone(session: Session, connection: Connection) -> bool:
    """Whether a statement sent now may be a transaction by itself: see `Database.alone`."""
    if not session.info.get(ALONE):
        return False
    raw: Any = connection.connection.dbapi_connection
    return bool(raw.info.transaction_status == TransactionStatus.IDLE)


def send_alone(connection: Connection, sql: str, parameters: Mapping[str, Any]) -> Rows:
    """Send a statement that commits itself, where `is_alone`; two trips are spared."""
    raw: Any = connection.connection.dbapi_connection
    raw.autocommit = True
    try:
        return send(connection, sql, parameters)
    finally:
        if not raw.closed:
            raw.autocommit = False


def plain(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters as the PostgreSQL driver takes them."""
    return {
        name: Json(value) if isinstance(value, dict) else value
        for name, value in parameters.items()
    }


def numbers(values: Iterable[int | None]) -> str:
    """Whole numbers as an array of PostgreSQL; the driver takes three times as long over it."""
    return f"{{{','.join('NULL' if value is None else str(value) for value in values)}}}"


def inserting(table: Table, columns: Iterable[str]) -> Insert:
    """An insert of those columns, each bound to a parameter of its own name."""
    return insert(table).values(
        {name: bindparam(name, type_=table.c[name].type) for name in columns}
    )


def table_of(mapped: type[Any]) -> Table:
    """The table behind a mapped class."""
    table: Table = mapped.__table__
    return table
