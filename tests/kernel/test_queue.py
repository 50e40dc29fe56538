"""The queue over a real server: jobs are done, also after the worker was killed."""

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import redis
from dramatiq.middleware import Retries

from kernel.queue import Queue
from tests.world import ROOT


@pytest.fixture
def empty_url(redis_url: str) -> Iterator[str]:
    """The server of the tests, empty before and after."""
    with redis.Redis.from_url(redis_url) as client:
        client.flushall()
        yield redis_url
        client.flushall()


@contextmanager
def working(queue: Queue) -> Iterator[None]:
    """A worker in this process."""
    worker = queue.worker(threads=2)
    worker.start()
    try:
        yield
    finally:
        worker.stop(timeout=5000)
        queue.broker.close()


def test_an_actor_is_given_the_id(empty_url: str) -> None:
    done, items = threading.Event(), []

    def job(item_id: int) -> None:
        items.append(item_id)
        done.set()

    queue = Queue(empty_url, {"job": job, "other": items.append})
    assert queue.put("job", 4711)
    with working(queue):
        assert done.wait(5)
    assert items == [4711]


def test_a_job_that_fails_is_tried_again(empty_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    done, tries = threading.Event(), []

    def job(item_id: int) -> None:
        tries.append(item_id)
        if len(tries) == 1:
            raise TimeoutError
        done.set()

    queue = Queue(empty_url, {"job": job})
    for middleware in queue.broker.middleware:
        if isinstance(middleware, Retries):
            middleware.min_backoff = 10
    queue.put("job", 1)
    with working(queue):
        assert done.wait(8)
    assert tries == [1, 1]


def test_a_worker_waits_for_a_server_that_is_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dramatiq.worker.CONSUMER_RESTART_DELAY_SECS", 0.05)
    queue = Queue(f"unix://{tmp_path}/later.sock", {"job": lambda _id: None})
    with working(queue):
        assert queue.put("job", 1) is False


@contextmanager
def process(url: str, notes: Path, name: str) -> Iterator[subprocess.Popen[bytes]]:
    """A worker process of its own."""
    command = [sys.executable, "-m", "tests.kernel.worker_process", url, str(notes), name]
    started = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL)
    try:
        yield started
    finally:
        started.kill()
        started.wait(10)


def until(true: Callable[[], bool], seconds: float) -> None:
    """Wait for something to become true."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.race
def test_the_job_of_a_killed_worker_is_done_by_another(empty_url: str, tmp_path: Path) -> None:
    notes = tmp_path / "notes"
    notes.touch()
    queue = Queue(empty_url, {"job": lambda _id: None})
    for number in range(3):
        queue.put("job", number)
    with process(empty_url, notes, "first") as first:
        until(lambda: notes.read_text().count("first began") == 2, 20)
        first.kill()
    with process(empty_url, notes, "second"):
        until(lambda: notes.read_text().count("second did") >= 3, 20)
    queue.broker.close()
    done = {line.split()[-1] for line in notes.read_text().splitlines() if "second did" in line}
    assert done == {"0", "1", "2"}
