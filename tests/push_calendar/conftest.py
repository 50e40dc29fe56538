"""Fixtures of the calendar's tests: an empty database, and one with operators."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy.orm import Session

from kernel.db import Database
from tests.jobs.house import operators

Do = Callable[[Callable[[Session], Any]], Any]


@pytest.fixture
def do(sqlite: Database) -> Do:
    """One transaction on SQLite, where two operators work."""
    sqlite.transaction(operators)
    return sqlite.transaction
