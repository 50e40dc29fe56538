"""Transactions, the base of all tables, and the column types that hold on three databases."""

import random
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any, ClassVar, TypeVar

from sqlalchemy import (
    DateTime,
    Dialect,
    Engine,
    MetaData,
    String,
    Table,
    TypeDecorator,
    bindparam,
    event,
)
from sqlalchemy.dialects import mysql, postgresql, sqlite
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import DeclarativeBase, Session, sessionmaker
from sqlalchemy.schema import SchemaItem

from kernel.engine import READ_ONLY, make_engine
from kernel.hot import ALONE, Hot, table_of

T = TypeVar("T")

_TRIES = 8
# Serialization failure, deadlock, lock timeout.
_POSTGRES_RETRY = {"40001", "40P01", "55P03"}
# Deadlock, lock wait timeout (which undoes only the statement: we undo the rest), MariaDB's
# "record has changed", a savepoint that a deadlock took away.
_MYSQL_RETRY = {1213, 1205, 1020, 1305}
_MYSQL_DUPLICATE = 1062
# Without fsp, 23:59:59.6 is cut or even rounded into the next day.

_MYSQL_INSTANT = mysql.DATETIME(fsp=6)


class TryAgain(Exception):
    """Raised inside a transaction that must be repeated whole, from a fresh snapshot."""


class UtcDateTime(TypeDecorator[datetime]):
    """An aware UTC instant with microseconds on SQLite, PostgreSQL, MariaDB and MySQL.

    Refuses naive datetimes: a time without a zone is a bug at the place that made it.
    """

    impl = DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> Any:
        if dialect.name == "postgresql":
            return dialect.type_descriptor(postgresql.TIMESTAMP(timezone=True))
        if dialect.name in {"mysql", "mariadb"}:
            return dialect.type_descriptor(_MYSQL_INSTANT)
        return dialect.type_descriptor(sqlite.DATETIME())

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a datetime without a time zone cannot be stored")
        instant = value.astimezone(UTC)
        return instant if dialect.name == "postgresql" else instant.replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        del dialect
        if value is None:
            return None
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)


class Base(DeclarativeBase):
    """Base of every table; constraint names are fixed so that migrations can name them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar = {datetime: UtcDateTime(), str: String(255)}


@event.listens_for(Table, "after_parent_attach")
def _compare_exactly(table: SchemaItem, _parent: object) -> None:
    # The default collation of MariaDB and MySQL holds `oAbC1` and `oabc1` for one openid.
    if isinstance(table, Table):
        for dialect in ("mysql", "mariadb"):
            table.dialect_options[dialect]["charset"] = "utf8mb4"
            table.dialect_options[dialect]["collate"] = "utf8mb4_bin"


class Database:
    """An engine and the only way to open a transaction on it."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        reading = engine.execution_options(**{READ_ONLY: True})
        self._writing = sessionmaker(engine, expire_on_commit=False)
        self._alone = sessionmaker(engine, expire_on_commit=False, info={ALONE: True})
        self._reading = sessionmaker(reading, expire_on_commit=False, autoflush=False)

    def transaction(self, work: Callable[[Session], T]) -> T:
        """Run `work(session)` in one transaction and commit it.

        The whole of `work` runs again after a deadlock, a serialization failure, `TryAgain`, or a
        connection lost before COMMIT was sent, so it holds database work only: no HTTP, no Redis,
        no mail. A COMMIT whose answer is lost is not retried: it may have happened, and only an
        idempotency key can tell.
        """
        return _repeated(self._writing, work)

    def alone(self, work: Callable[[Session], T]) -> T:
        """Like `transaction`, for work that is one deed of the domain and nothing besides.

        On PostgreSQL such a deed may be one statement that commits itself, which spares the trips
        of BEGIN and COMMIT; what `work` did after it would stand in another transaction. A lost
        connection is never retried: the statement may have been done.
        """
        return _repeated(self._alone, work, retries_lost=False)

    def read(self, work: Callable[[Session], T]) -> T:
        """Like `transaction`, for work that only reads: takes no write lock on SQLite."""
        return _repeated(self._reading, work)

    def patient(self, work: Callable[[Session], T]) -> T:
        """Like `transaction`, for one that writes so many rows that it takes a while.

        On a connection of its own, without the limit on the time of a statement, and with one
        picture of the data throughout.
        """
        engine = make_engine(self.engine.url, pool_size=1, patient=True)
        try:
            return _repeated(sessionmaker(engine, expire_on_commit=False), work)
        finally:
            engine.dispose()

    def snapshot(self, work: Callable[[Session], T]) -> T:
        """Like `read`, with one picture of the data throughout, however long it takes.

        On a connection of its own, without the limit on the time of a statement.
        """
        engine = make_engine(self.engine.url, pool_size=1, patient=True)
        reading = engine.execution_options(**{READ_ONLY: True})
        try:
            return _repeated(sessionmaker(reading, autoflush=False), work)
        finally:
            engine.dispose()


def _repeated(
    sessions: sessionmaker[Session], work: Callable[[Session], T], *, retries_lost: bool = True
) -> T:
    attempt = 0
    while True:
        attempt += 1
        committing = not retries_lost
        try:
            with sessions.begin() as session:
                result = work(session)
                committing = True
            return result
        except (DBAPIError, TryAgain) as error:
            if attempt == _TRIES or not _repeatable(error, committing):
                raise
        time.sleep(min(0.5, 0.004 * 2**attempt) * random.uniform(0.5, 1.5))  # noqa: S311 - jitter


def _repeatable(error: DBAPIError | TryAgain, committing: bool) -> bool:
    if isinstance(error, TryAgain):
        return True
    if error.connection_invalidated:
        return not committing
    if error.orig is None:
        return False
    state = getattr(error.orig, "sqlstate", None)
    if state is not None:
        return state in _POSTGRES_RETRY
    number = error.orig.args[0] if error.orig.args else None
    return number in _MYSQL_RETRY or "database is locked" in str(error.orig)


def insert_once(session: Session, table: type[Base], values: Mapping[str, Any], key: str) -> bool:
    """Insert a row unless one with the same unique `key` column(s) stands; say whether it did.

    `key` names the columns of one unique constraint, joined by commas; `*` means any of them. A
    rival's insert that has not committed yet is waited for, so the answer is final. Needs no
    savepoint. Column defaults are not applied: `values` is the whole row.
    """
    connection = session.connection()
    if connection.dialect.name in {"mysql", "mariadb"}:
        return _insert_or_catch(session, table, values)
    if connection.dialect.name == "postgresql":
        hot = _insert_once_hot(table, tuple(values), key)
        return hot.run(session, values).first() is not None
    statement = sqlite.insert(table).on_conflict_do_nothing(index_elements=_unique(key))
    returned = table_of(table).primary_key.columns
    return session.execute(statement.returning(*returned), values).first() is not None


@cache
def _insert_once_hot(table: type[Base], columns: tuple[str, ...], key: str) -> Hot:
    into = table_of(table)
    row = {name: bindparam(name, type_=into.c[name].type) for name in columns}
    statement = postgresql.insert(into).values(row)
    # RETURNING, since the row count of this statement is unreliable under psycopg.
    statement = statement.on_conflict_do_nothing(index_elements=_unique(key))
    return Hot(statement.returning(*into.primary_key.columns))


def _unique(key: str) -> list[str] | None:
    return None if key == "*" else key.split(",")


def _insert_or_catch(session: Session, table: type[Base], values: Mapping[str, Any]) -> bool:
    # INSERT IGNORE would also swallow truncation; the plain error leaves the transaction usable.
    try:
        session.connection().execute(table_of(table).insert(), values)
    except IntegrityError as error:
        if error.orig is not None and error.orig.args[0] == _MYSQL_DUPLICATE:
            return False
        raise
    return True
