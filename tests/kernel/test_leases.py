"""One holder at a time; one scheduler that leads."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial

import pytest

from kernel import lease, scheduler
from kernel.clock import SystemClock
from kernel.db import Database
from kernel.scheduler import Job, Scheduler
from tests.kernel.races import at_once
from tests.world import NOON


def take(database: Database, holder: str, later: float = 0) -> bool:
    """Try for a lease of six seconds, so many seconds after noon."""
    now = NOON + timedelta(seconds=later)
    return database.transaction(lambda db: lease.take(db, "x", holder, now, 6))


def take_as(database: Database, later: float, number: int) -> bool:
    """The same for holder `number`, who was never here before."""
    return take(database, f"{later}-{number}", later)


def held(database: Database, later: float) -> bool:
    """Whether anybody holds it."""
    now = NOON + timedelta(seconds=later)
    return database.read(lambda db: lease.held(db, "x", now))


def test_one_holds_until_it_runs_out(database: Database) -> None:
    assert take(database, "one")
    assert not take(database, "two", later=5.999)
    assert held(database, 5.999)
    assert not held(database, 6)
    assert take(database, "two", later=6)
    assert not take(database, "one", later=7)


def test_a_holder_renews(database: Database) -> None:
    for later in (0, 2, 4, 6, 8):
        assert take(database, "one", later)
    assert not take(database, "two", later=13.9)
    assert take(database, "two", later=14)


def test_only_the_holder_gives_it_back(database: Database) -> None:
    take(database, "one")
    database.transaction(lambda db: lease.release(db, "x", "two"))
    assert not take(database, "two")
    database.transaction(lambda db: lease.release(db, "x", "one"))
    assert take(database, "two")


def test_of_eight_at_once_one_holds(database: Database) -> None:
    for later in (0, 6, 12):  # free, then run out
        answers = at_once(8, partial(take_as, database, later))
        assert sorted(answers, key=str) == [False] * 7 + [True]


@contextmanager
def running(database: Database, name: str, ran: list[str]) -> Iterator[threading.Event]:
    """A scheduler on a thread, whose one job notes its name."""

    def tick() -> None:
        ran.append(name)
        if len(ran) == 1:
            raise RuntimeError("the first tick fails, which must stop nothing")

    stopping = threading.Event()
    made = Scheduler([Job("note", 0.05, tick)], database, SystemClock())
    thread = threading.Thread(target=made.run, args=(stopping,))
    thread.start()
    try:
        yield stopping
    finally:
        stopping.set()
        thread.join(10)
        assert not thread.is_alive()


def until(true: object, seconds: float = 5) -> None:
    """Wait for something to become true."""
    assert callable(true)
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_one_scheduler_leads_and_the_other_takes_over(
    sqlite: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scheduler, "_RENEW_SECONDS", 0.1)
    ran: list[str] = []
    with running(sqlite, "one", ran) as stop_one:
        until(lambda: len(ran) > 2)
        with running(sqlite, "two", ran):
            time.sleep(0.3)
            assert set(ran) == {"one"}
            stop_one.set()
            until(lambda: "two" in ran)
            after = len(ran)
            until(lambda: len(ran) > after + 1)
            assert set(ran[-2:]) == {"two"}


def test_a_scheduler_whose_database_is_gone_stands_down_and_comes_back(
    sqlite: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scheduler, "_RENEW_SECONDS", 0.05)
    real, broken = lease.take, threading.Event()

    def take_or_fail(*args: object) -> bool:
        if broken.is_set():
            raise ConnectionError
        return real(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(lease, "take", take_or_fail)
    ran: list[str] = []
    with running(sqlite, "one", ran):
        until(lambda: len(ran) > 1)
        broken.set()
        time.sleep(0.3)
        count = len(ran)
        time.sleep(0.2)
        assert len(ran) == count
        broken.clear()
        until(lambda: len(ran) > count)
