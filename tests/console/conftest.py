"""Fixtures of the console: a house with operators, and a small cast."""

import sqlite3
from collections.abc import Iterator

import pytest

from kernel.db import Base, Database
from kernel.engine import make_engine
from loyalty.members import Member
from products.applications import Application
from tests.console import seeds
from tests.console.house import Browser, House, make_house
from tests.databases import duplicate, refill


@pytest.fixture(scope="session")
def console_database(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[Database, sqlite3.Connection]]:
    """The database of all houses, one after the other, and how it begins: one operator a role."""
    engine = make_engine(f"sqlite:///{tmp_path_factory.mktemp('console')}/console.sqlite3")
    Base.metadata.create_all(engine)
    database = Database(engine)
    database.transaction(seeds.add_operators)
    yield database, duplicate(database)
    engine.dispose()


@pytest.fixture
def house(console_database: tuple[Database, sqlite3.Connection]) -> House:
    """The console with one operator a role."""
    database, beginning = console_database
    refill(database, beginning)
    return make_house(database)


@pytest.fixture
def owner(house: House) -> Browser:
    return house.enter("owner")


@pytest.fixture
def wang(house: House) -> Member:
    """A member who follows."""
    return house.database.transaction(lambda db: seeds.add_member(db, house.vault, 1))


@pytest.fixture
def application(house: House, wang: Member) -> Application:
    """Wang's application, just submitted."""
    return house.database.transaction(lambda db: seeds.add_application(db, house.vault, wang))
