"""A short run of `make chaos-push`, which does it at length on every kind of database."""

import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import func, select

from kernel.db import Database
from pushes.chunks import PushChunk
from pushes.deliveries import Delivery
from tests import databases
from tests.chaos import push as chaos
from tests.chaos.house import built
from tests.jobs.house import operators

pytestmark = [pytest.mark.race, pytest.mark.timeout(180)]
_PEOPLE = 400


def test_nobody_gets_it_twice_and_nobody_is_lost_while_everything_breaks(
    opened: dict[str, Database], tmp_path: Path
) -> None:
    database = opened["postgresql"]
    found = chaos.run(database, tmp_path, _PEOPLE, every=3.0, breaking=9.0, outage=False)
    assert found.is_well, found
    assert sum(found.counts.values()) == _PEOPLE
    assert found.kills >= 1
    databases.empty(database)


def test_a_worker_that_is_told_to_end_settles_its_calls_and_returns_its_leases(
    opened: dict[str, Database], tmp_path: Path
) -> None:
    database = opened["mariadb"]
    database.transaction(operators)
    chaos.populate(database, _PEOPLE)
    with built(database, tmp_path, _PEOPLE) as house:
        house.processes.environment["WEITING_PUSHES__RATE"] = "50"
        push_id = database.transaction(chaos.plan)
        house.open(1)
        _until(lambda: _count(database, push_id, "sent") > 20)
        worker = house.processes.running.pop("worker-0")
        told = time.monotonic()
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(20) == 0
        assert time.monotonic() - told < 10
        assert _count(database, push_id, "sending") == 0
        assert _leased(database, push_id) == 0
        assert _count(database, push_id, "pending") > 0
    databases.empty(database)


def _count(database: Database, push_id: int, state: str) -> int:
    query = select(func.count()).where(Delivery.push_id == push_id, Delivery.state == state)
    return int(database.read(lambda session: session.scalar(query)) or 0)


def _leased(database: Database, push_id: int) -> int:
    query = select(func.count()).where(PushChunk.push_id == push_id, PushChunk.state == "leased")
    return int(database.read(lambda session: session.scalar(query)) or 0)


def _until(done: Callable[[], bool], seconds: float = 60.0) -> None:
    until = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < until, "it never happened"
        time.sleep(0.1)
