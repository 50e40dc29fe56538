"""What the commands work with, put together by `app.py`."""

import threading
from dataclasses import dataclass, field
from pathlib import Path

from bot.gateway import Gateway
from content.texts import Texts
from handlers.tools import Tools
from kernel.clock import Clock
from kernel.db import Database
from kernel.queue import Queue
from kernel.scheduler import Scheduler
from kernel.vault import Vault
from loyalty.policy import Policy
from menus.tree import Menu


@dataclass(frozen=True)
class Serving:
    """Where the processes of this host listen; `redis_embedded` says whether we start one."""

    host: str
    port: int
    base_url: str
    workers: int
    threads: int
    redis_embedded: bool
    emulator: dict[str, str] | None
    emulator_port: int


@dataclass(frozen=True)
class CommandContext:
    """Everything a command may use."""

    database: Database
    clock: Clock
    # For what lets operators in; another than `clock` where that may be moved.
    wall: Clock
    vault: Vault
    texts: Texts
    policy: Policy
    gateway: Gateway
    queue: Queue
    scheduler: Scheduler
    menu: Menu
    hall_folder: Path
    var: Path
    serving: Serving
    settings_shown: str
    tools: Tools
    # Set when the process was asked to end.
    stopping: threading.Event = field(default_factory=threading.Event)
    # Hosts that texts of the hall may lead to, besides its own.
    link_domains: tuple[str, ...] = ()
