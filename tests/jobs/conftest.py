"""Fixtures of the tests of actors and jobs."""

import pytest

from kernel.db import Database
from tests.jobs.house import House, operators
from tests.world import MovableClock


@pytest.fixture
def house(database: Database, clock: MovableClock) -> House:
    """Actors and jobs on each kind of database, with an author and an approver."""
    made = House(database, clock)
    made.do(operators)
    return made


@pytest.fixture
def quick_house(sqlite: Database, clock: MovableClock) -> House:
    """The same on SQLite, for what cannot differ between databases."""
    made = House(sqlite, clock)
    made.do(operators)
    return made
