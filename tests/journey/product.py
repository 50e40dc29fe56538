"""The whole product as `make run` starts it, on free ports and in a folder of its own."""

import contextlib
import ctypes
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from kernel.keyring import ensure
from tests.servers import free_port

_ROOT = Path(__file__).parents[2]
_READY = "微厅已就绪"
_START_SECONDS = 90
_STOP_SECONDS = 40
_PARENT_DEATH_SIGNAL = 1


@dataclass(frozen=True)
class Product:
    """Where it runs: the mini-site and the console at `web`, the phone at `phone`."""

    web: str
    phone: str
    logins: dict[str, str]
    environment: dict[str, str]


@contextmanager
def running() -> Iterator[Product]:
    """Start every process, wait until the newcomer is told so, and end them as Ctrl-C does."""
    # A short path: the name of a Unix socket holds at most 107 bytes.
    folder = Path(tempfile.mkdtemp(prefix="weiting-"))
    try:
        ensure(folder / "secrets")
        ports = free_port(), free_port()
        environment = _environment(folder, *ports)
        with _started(folder, environment):
            yield Product(
                f"http://127.0.0.1:{ports[0]}",
                f"http://127.0.0.1:{ports[1]}",
                _logins(folder / "console-logins.txt"),
                environment,
            )
        assert not [port for port in ports if _answers(port)], "a process outlived Ctrl-C"
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _environment(folder: Path, web: int, emulator: int) -> dict[str, str]:
    wechat = f"http://127.0.0.1:{emulator}"
    # What the caller's shell has set for another hall must not leak in.
    kept = {name: value for name, value in os.environ.items() if not name.startswith("WEITING_")}
    return kept | {
        "FLASK_APP": "app",
        "PYTHONUTF8": "1",
        "WEITING_SECRETS_DIR": str(folder / "secrets"),
        "WEITING_VAR": str(folder),
        "WEITING_WEB__PORT": str(web),
        "WEITING_WEB__BASE_URL": f"http://127.0.0.1:{web}",
        "WEITING_WEB__FRAME_ANCESTORS": wechat,
        "WEITING_WEB__WORKERS": "1",
        "WEITING_EMULATOR__PORT": str(emulator),
        "WEITING_WECHAT__API_BASE": wechat,
        "WEITING_WECHAT__OPEN_BASE": wechat,
        "WEITING_SMS__URL": f"{wechat}/sms/send",
        # Whatever the hour is, pushes of the tests go out.
        "WEITING_PUSHES__QUIET_FROM": "00:00",
        "WEITING_PUSHES__QUIET_UNTIL": "00:00",
    }


@contextmanager
def _started(folder: Path, environment: dict[str, str]) -> Iterator[None]:
    log = folder / "up.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [str(Path(sys.executable).parent / "flask"), "up"],
            cwd=_ROOT,
            env=environment,
            stdout=out,
            stderr=subprocess.STDOUT,
            preexec_fn=_die_with_parent,  # noqa: PLW1509 - nothing is locked across this fork
        )
    try:
        _wait_until_ready(process, log)
        yield
    finally:
        code = _stop(process)
    assert code == 0, f"flask up ended with {code}:\n{_tail(log)}"


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _die_with_parent() -> None:
    # A test run that is killed must not leave a whole hall behind.
    ctypes.CDLL(None).prctl(_PARENT_DEATH_SIGNAL, signal.SIGTERM)


def _wait_until_ready(process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while _READY not in log.read_text("utf-8", "replace"):
        assert process.poll() is None, f"flask up ended by itself:\n{_tail(log)}"
        assert time.monotonic() < deadline, f"not ready in time:\n{_tail(log)}"
        time.sleep(0.1)


def _stop(process: subprocess.Popen[bytes]) -> int:
    """Ctrl-C; returns the exit code."""
    with contextlib.suppress(ProcessLookupError):
        process.send_signal(signal.SIGINT)
    try:
        return process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()


def _tail(log: Path) -> str:
    return "\n".join(log.read_text("utf-8", "replace").splitlines()[-20:])


def _logins(path: Path) -> dict[str, str]:
    lines = [line.split("\t") for line in path.read_text("utf-8").splitlines()]
    return {login: password for login, password, _name in lines}
