"""Fixtures of the tests of pushes."""

import pytest

from kernel.db import Database
from tests.jobs.house import House, operators
from tests.pushes.lane import Lane
from tests.world import MovableClock


def _house(database: Database, clock: MovableClock) -> House:
    made = House(database, clock, lane=Lane())
    made.do(operators)
    return made


@pytest.fixture
def house(database: Database, clock: MovableClock) -> House:
    """Actors and jobs on each kind of database, with an author and an approver."""
    return _house(database, clock)


@pytest.fixture
def quick_house(sqlite: Database, clock: MovableClock) -> House:
    """The same on SQLite, for what cannot differ between databases."""
    return _house(sqlite, clock)
