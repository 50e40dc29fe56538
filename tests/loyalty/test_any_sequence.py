"""Whatever is done in whatever order, every promise of docs/invariants.md holds."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings

from kernel.db import Database
from tests.databases import make_database
from tests.loyalty.machine_desk import Desk

# More of them by hand or at night: WEITING_SEQUENCES=500 make test TESTS=tests/loyalty/…
SEQUENCES = int(os.environ.get("WEITING_SEQUENCES", "10"))


@pytest.fixture
def alone(tmp_path: Path, worker: str) -> Iterator[Database]:
    """An SQLite database of its own; each sequence empties it first."""
    with make_database("sqlite", f"{worker}_machine", tmp_path) as database:
        yield database


@pytest.mark.timeout(100 + SEQUENCES * 30)
def test_every_promise_holds_after_every_step(alone: Database) -> None:
    Desk.database = alone
    machine = Desk.TestCase
    machine.settings = settings(
        max_examples=SEQUENCES,
        stateful_step_count=40,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        database=None,
        print_blob=True,
        # Shrinking a long sequence takes minutes; the sequence itself is printed either way.
        phases=(Phase.explicit, Phase.generate),
    )
    machine().runTest()
