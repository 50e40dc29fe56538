"""Two numbers in a table of the tests' own, to be added to."""

from sqlalchemy import Column, Integer, MetaData, String, Table, insert, select, update
from sqlalchemy.orm import Session

from kernel.db import Database

_TABLE = Table(
    "test_counter",
    MetaData(),
    Column("name", String(10), primary_key=True),
    Column("total", Integer, nullable=False),
)


def create(database: Database) -> None:
    """Make the table, with `a` and `b`."""
    _TABLE.drop(database.engine, checkfirst=True)
    _TABLE.create(database.engine)
    with database.engine.begin() as connection:
        connection.execute(insert(_TABLE), [{"name": name, "total": 0} for name in "ab"])


def drop(database: Database) -> None:
    """Take the table away."""
    _TABLE.drop(database.engine)


def add(session: Session, name: str, amount: int = 1) -> None:
    """Add in the database."""
    session.execute(
        update(_TABLE).where(_TABLE.c.name == name).values(total=_TABLE.c.total + amount)
    )


def read(session: Session, name: str) -> int:
    """The number as the session sees it."""
    found = session.execute(select(_TABLE.c.total).where(_TABLE.c.name == name))
    return int(found.scalar_one())


def write(session: Session, name: str, total: int) -> None:
    """Set the number, as careless code does after reading it."""
    session.execute(update(_TABLE).where(_TABLE.c.name == name).values(total=total))


def totals(database: Database) -> tuple[int, int]:
    """Both numbers."""
    return database.read(lambda session: (read(session, "a"), read(session, "b")))
