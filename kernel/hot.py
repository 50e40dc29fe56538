"""Statements for the hot paths: compiled once, then sent past SQLAlchemy's work for each call.

On PostgreSQL a statement costs some 20 us in the driver and 100 us or more in SQLAlchemy (cache
keys, contexts, results); that, not the database, is what a check-in costs. Elsewhere the same
statement takes the ordinary way.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from psycopg.types.json import Json
from sqlalchemy import CursorResult, Insert, Table, bindparam, insert
from sqlalchemy.orm import Session
from sqlalchemy.sql.dml import UpdateBase
from sqlalchemy.sql.selectable import Select


class Hot:
    """One statement, built at import, with bind parameters for everything that varies.

    Parameters are plain values: instants aware, JSON as dicts. Results are the driver's.
    """

    def __init__(self, statement: UpdateBase | Select[Any]) -> None:
        self._statement = statement
        self._postgres: str | None = None

    def run(self, session: Session, parameters: Mapping[str, Any]) -> CursorResult[Any]:
        """Execute in the session's transaction."""
        connection = session.connection()
        if connection.dialect.name != "postgresql":
            return connection.execute(self._statement, parameters)
        if self._postgres is None:
            self._postgres = str(self._statement.compile(dialect=connection.dialect))
        return connection.exec_driver_sql(self._postgres, plain(parameters))


def plain(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters as the PostgreSQL driver takes them."""
    return {
        name: Json(value) if isinstance(value, dict) else value
        for name, value in parameters.items()
    }


def inserting(table: Table, columns: Iterable[str]) -> Insert:
    """An insert of those columns, each bound to a parameter of its own name."""
    return insert(table).values(
        {name: bindparam(name, type_=table.c[name].type) for name in columns}
    )


def table_of(mapped: type[Any]) -> Table:
    """The table behind a mapped class."""
    table: Table = mapped.__table__
    return table
