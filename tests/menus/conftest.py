"""Fixtures of the tests of menus."""

import pytest

from kernel.db import Database
from tests.menus.house import House, operators
from tests.world import MovableClock


@pytest.fixture
def house(database: Database, clock: MovableClock) -> House:
    """Menus on each kind of database, with three operators."""
    made = House(database, clock)
    made.do(operators)
    return made


@pytest.fixture
def quick_house(sqlite: Database, clock: MovableClock) -> House:
    """The same on SQLite, for what cannot differ between databases."""
    made = House(sqlite, clock)
    made.do(operators)
    return made


@pytest.fixture
def server_house(server_database: Database, clock: MovableClock) -> House:
    """The same on a server, for races."""
    made = House(server_database, clock)
    made.do(operators)
    return made
