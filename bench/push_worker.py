"""One worker process of `bench.push`: all that a worker of the hall has loaded, and one lane.

One thread keeps a core of Python busy, so a process sends by one lane; more processes, more lanes.
"""

import importlib
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bot.fleet import Fleet
from bot.tokens import Tokens
from bot.transport import Transport
from handlers.push_actors import send_push
from handlers.tools import Tools
from kernel.clock import SystemClock
from kernel.db import Database
from kernel.engine import make_engine
from kernel.vault import Vault
from pushes import chunks
from pushes.clicks import Links
from pushes.settings import PushRules

importlib.import_module("house")  # its memory counts
RULES = PushRules(error_percent=100)


def lane(base: str) -> Fleet:
    """A lane to the platform at `base`."""
    return Fleet(base, Tokens(Transport(base), "wx", "s", None), lambda *_: None)


def work(url: str, base: str, push_id: int, gate: Any, results: Any) -> None:
    """Send chunks until none is due; tells when that was, and the most megabytes it took."""
    database = Database(make_engine(url))
    vault = Vault({"k1": b"k" * 32}, b"l" * 32)
    nobody: Any = None
    tools = Tools(
        database, SystemClock(), vault, nobody, nobody, lambda *_: None,
        Links("https://hall.example", vault.digest), lambda _kind: lane(base), RULES,
    )  # fmt: skip
    most = [0]
    threading.Thread(target=_watch, args=(most,), daemon=True).start()
    _due(database, push_id)
    gate.wait()
    while _due(database, push_id):
        send_push(tools, push_id)
    results.put((time.time(), most[0]))


def _due(database: Database, push_id: int) -> int:
    """How many chunks wait for a worker."""
    now = datetime.now(UTC)
    return database.read(lambda session: chunks.busy(session, push_id, now))[0]


def _watch(most: list[int]) -> None:
    while True:
        status = Path("/proc/self/status").read_text()
        line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
        most[0] = max(most[0], int(line.split()[1]) // 1024)
        time.sleep(0.5)
