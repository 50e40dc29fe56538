"""The processes of a hall that are killed again and again, and what they run on."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.engine import make_url

from kernel.db import Database
from kernel.keyring import ensure
from kernel.valkey import find_server
from tests.chaos.line import Line
from tests.servers import free_port
from tests.world import ROOT

_BIN = Path(sys.executable).parent
_OUT_SECONDS = 20.0


@dataclass
class Processes:
    """Commands by name, each restarted when it is killed."""

    environment: dict[str, str]
    folder: Path
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    commands: dict[str, list[str]] = field(default_factory=dict)
    kills: int = 0

    def start(self, name: str, command: list[str]) -> None:
        """Start a command and remember it."""
        self.commands[name] = command
        with (self.folder / f"{name}.log").open("ab") as out:
            self.running[name] = subprocess.Popen(
                command, cwd=ROOT, env=self.environment, stdout=out, stderr=out
            )

    def kill(self, name: str) -> None:
        """kill -9, and a new one in its place."""
        process = self.running[name]
        process.kill()
        process.wait()
        self.kills += 1
        self.start(name, self.commands[name])

    def end(self) -> None:
        """SIGTERM to all; whoever does not end within half a minute is told so."""
        for process in self.running.values():
            process.send_signal(signal.SIGTERM)
        for name, process in self.running.items():
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                raise AssertionError(f"{name} did not end after SIGTERM") from None


@contextmanager
def built(database: Database, folder: Path, people: int) -> Iterator["House"]:
    """Everything but the workers: WeChat, a Redis-protocol server, a line to the database."""
    with ExitStack() as stack:
        wechat, redis = free_port(), free_port()
        url = make_url(database.engine.url.render_as_string(hide_password=False))
        line = None
        if url.host:
            line = Line(url.host, int(url.port or 0))
            stack.callback(line.close)
            url = url.set(host="127.0.0.1", port=line.port)
        environment = _environment(
            folder, url.render_as_string(hide_password=False), wechat, redis
        )
        processes = Processes(environment, folder)
        stack.callback(processes.end)
        out = folder / "got.json"
        program = [sys.executable, "-m", "tests.chaos.wechat", str(wechat), str(people), str(out)]
        processes.start("wechat", program)
        server = find_server()
        assert server is not None, "no Redis-protocol server on this machine"
        # It keeps nothing: killed, it comes back empty.
        options = ["--port", str(redis), "--save", "", "--appendonly", "no", "--dir", str(folder)]
        processes.start("valkey", [server, *options])
        yield House(database, processes, line, out)


def _environment(folder: Path, url: str, wechat: int, redis: int) -> dict[str, str]:
    ensure(folder / "secrets")
    (folder / "secrets" / "wechat__app_secret").write_text("0123456789abcdef" * 2)
    address = f"http://127.0.0.1:{wechat}"
    kept = {name: value for name, value in os.environ.items() if not name.startswith("WEITING_")}
    return kept | {
        "FLASK_APP": "app",
        "PYTHONUTF8": "1",
        "WEITING_SECRETS_DIR": str(folder / "secrets"),
        "WEITING_VAR": str(folder),
        "WEITING_DATABASE__URL": url,
        "WEITING_REDIS__URL": f"redis://127.0.0.1:{redis}/0",
        # Another transport of the queue, such as amqp://guest:guest@127.0.0.1:5672/.
        "WEITING_QUEUE__URL": os.environ.get("CHAOS_QUEUE", ""),
        "WEITING_EMULATOR__PORT": str(wechat),
        "WEITING_WECHAT__API_BASE": address,
        "WEITING_WECHAT__OPEN_BASE": address,
        "WEITING_PUSHES__CHUNK": "500",
        "WEITING_PUSHES__IN_FLIGHT": "64",
        "WEITING_PUSHES__LANES": "6",
        # No hours to sleep in, and no pause for what is meant to go wrong.
        "WEITING_PUSHES__QUIET_FROM": "08:00",
        "WEITING_PUSHES__QUIET_UNTIL": "08:00",
        "WEITING_PUSHES__ERROR_PERCENT": "100",
        "WEITING_PUSHES__ERROR_SAMPLE": "1000",
        "WEITING_PUSHES__MOST_ATTEMPTS": "20",
    }


@dataclass
class House:
    """What a chaos run breaks and looks at."""

    database: Database
    processes: Processes
    line: Line | None
    out: Path

    def open(self, workers: int) -> None:
        """Start the workers and two schedulers, of which one leads."""
        flask = str(_BIN / "flask")
        for number in range(workers):
            self.processes.start(f"worker-{number}", [flask, "worker"])
        for number in range(2):
            self.processes.start(f"scheduler-{number}", [flask, "scheduler"])

    def break_things(
        self, every: float, seconds: float, *, outage: bool, over: Callable[[], bool]
    ) -> list[str]:
        """Kill something each `every` seconds, for so long or until it is over; what was done."""
        dice, until, done = random.Random(7), time.monotonic() + seconds, []
        workers = [name for name in self.processes.commands if name.startswith("worker")]
        others = ["scheduler-0", "scheduler-1", "valkey"]
        turn = 0
        while time.monotonic() < until and not over():
            time.sleep(every)
            turn += 1
            name = dice.choice(others) if turn % 4 == 0 else dice.choice(workers)
            self.processes.kill(name)
            done.append(name)
            if outage and turn == 6:
                self.lose_database(_OUT_SECONDS)
                done.append("database")
        return done

    def lose_database(self, seconds: float) -> None:
        """Nobody reaches the database for a while; a file is locked instead."""
        if self.line is not None:
            self.line.cut()
            time.sleep(seconds)
            self.line.mend()
            return
        with self.database.engine.connect() as connection, connection.begin():
            connection.execute(text("SELECT 1"))  # BEGIN IMMEDIATE: the only writer
            time.sleep(seconds)
