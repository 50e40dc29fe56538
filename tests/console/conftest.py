"""Fixtures of the console: a house with operators, and a small cast."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from kernel.db import Base, Database
from kernel.engine import make_engine
from loyalty.members import Member
from products.applications import Application
from tests.console import seeds
from tests.console.house import Browser, House, make_house
from tests.databases import refill


@pytest.fixture(scope="session")
def furnished_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with one operator a role; made once, since making tables is slow."""
    path = tmp_path_factory.mktemp("console") / "console.sqlite3"
    engine = make_engine(f"sqlite:///{path}")
    Base.metadata.create_all(engine)
    Database(engine).transaction(seeds.add_operators)
    engine.dispose()
    return path


@pytest.fixture(scope="session")
def console_database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """The database of all houses, one after the other."""
    engine = make_engine(f"sqlite:///{tmp_path_factory.mktemp('house')}/console.sqlite3")
    yield Database(engine)
    engine.dispose()


@pytest.fixture
def house(console_database: Database, furnished_file: Path) -> House:
    """The console with one operator a role."""
    refill(console_database, furnished_file)
    return make_house(console_database)


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
