"""Redis dead or frozen costs a moment; the embedded one keeps what it was told."""

import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import redis

from kernel import valkey
from kernel.cache import connect
from kernel.queue import Queue
from tests.servers import free_port


@pytest.fixture
def frozen() -> Iterator[str]:
    """A server that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=16) as listening:
        yield f"redis://127.0.0.1:{listening.getsockname()[1]}/0"


@pytest.fixture(params=["refused", "no socket"])
def dead(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An address where nobody is."""
    if request.param == "refused":
        return f"redis://127.0.0.1:{free_port()}/0"
    return f"unix://{tmp_path}/nobody.sock"


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """The block may take so long."""
    began = time.monotonic()
    yield
    assert time.monotonic() - began < seconds


def test_a_dead_cache_fails_at_once(dead: str) -> None:
    client = connect(dead)
    with within(0.5), pytest.raises(redis.RedisError):
        client.get("x")
    client.close()


def test_a_frozen_cache_fails_in_half_a_second(frozen: str) -> None:
    client = connect(frozen)
    for _ in range(2):
        with within(0.5), pytest.raises(redis.RedisError):
            client.set("x", "1")
    client.close()


def test_a_dead_queue_says_so(dead: str) -> None:
    queue = Queue(dead, {"send": lambda _id: None})
    with within(0.5):
        assert queue.put("send", 1) is False
    queue.broker.close()


def test_a_frozen_queue_says_so_in_half_a_second(frozen: str) -> None:
    queue = Queue(frozen, {"send": lambda _id: None})
    with within(0.7):
        assert queue.put("send", 1) is False
    queue.broker.close()


def test_a_long_folder_listens_in_tmp(tmp_path: Path) -> None:
    short, long = tmp_path / "v", tmp_path / ("v" * 120)
    assert valkey.embedded_url(Path("/srv/v")) == "unix:///srv/v/valkey.sock"
    assert str(valkey.socket_path(long)).startswith(("/tmp/weiting-", "/var/"))
    assert len(str(valkey.socket_path(long))) < 100
    assert valkey.socket_path(long) == valkey.socket_path(long)
    assert valkey.socket_path(long) != valkey.socket_path(short)


def wait(attempt: Callable[[], object], seconds: float = 10) -> None:
    """Until it no longer fails."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            attempt()
        except redis.RedisError:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        else:
            return


@contextmanager
def server(var: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The embedded server of that folder."""
    process = subprocess.Popen(
        valkey.server_command(var), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait(10)
        valkey.socket_path(var).unlink(missing_ok=True)


@pytest.mark.parametrize("folder", ["v", "v" * 120])
def test_the_embedded_server_keeps_its_data_over_a_kill(tmp_path: Path, folder: str) -> None:
    var = tmp_path / folder
    with server(var) as process:
        client = connect(valkey.embedded_url(var))
        wait(client.ping)
        for number in range(20):
            client.set(f"k{number}", "v")
        assert valkey.socket_path(var).stat().st_mode & 0o077 == 0
        process.send_signal(signal.SIGKILL)
        process.wait(10)
        client.close()
        # The stale socket of the killed one is in nobody's way.
        assert valkey.socket_path(var).exists()
        with server(var):
            again = connect(valkey.embedded_url(var))
            wait(again.ping)
            assert again.dbsize() == 20
            again.close()


def test_a_machine_without_a_server_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(valkey, "find_server", lambda: None)
    with pytest.raises(FileNotFoundError, match="valkey"):
        valkey.server_command(tmp_path)
