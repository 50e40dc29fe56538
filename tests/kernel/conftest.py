"""Fixtures of the kernel's tests."""

from collections.abc import Iterator

import pytest

from kernel.db import Database
from tests.kernel.counters import create, drop


@pytest.fixture
def counters(database: Database) -> Iterator[Database]:
    """A database of each kind with two counters, `a` and `b`, at nought."""
    create(database)
    yield database
    drop(database)


@pytest.fixture
def server_counters(server_database: Database) -> Iterator[Database]:
    """The same, on the two servers."""
    create(server_database)
    yield server_database
    drop(server_database)
