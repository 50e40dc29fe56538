"""Ticks: APScheduler, in the one process that holds the lease, asks "what is due?" all the time.

What is due are rows, so a missed tick, two leaders or a kill cost nothing.
"""

import os
import secrets
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass

import structlog
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

from kernel import lease
from kernel.clock import Clock
from kernel.db import Database

log = structlog.get_logger(__name__)

LEASE = "scheduler"
LEASE_SECONDS = 6.0
_RENEW_SECONDS = 2.0


@dataclass(frozen=True)
class Job:
    """One line of the table of timed jobs: `run` is asked every `seconds` what is due."""

    name: str
    seconds: float
    run: Callable[[], object]


class Scheduler:
    """Runs a table of jobs while this process holds the lease; stands by otherwise."""

    def __init__(self, jobs: list[Job], database: Database, clock: Clock) -> None:
        self._jobs = jobs
        self._database = database
        self._clock = clock
        # Random, so that a process which takes over a pid never inherits a lease.
        self._holder = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
        self._ticking: BackgroundScheduler | None = None

    def run(self, stopping: threading.Event) -> None:
        """Lead or stand by until `stopping` is set; then give the lease back."""
        while not stopping.is_set():
            self._lead_or_stand_by()
            stopping.wait(_RENEW_SECONDS)
        self._stand_down()
        try:
            self._database.transaction(lambda session: lease.release(session, LEASE, self._holder))
        except Exception:
            log.warning("lease_not_released")  # it runs out by itself

    def _lead_or_stand_by(self) -> None:
        try:
            leads = self._database.transaction(
                lambda session: lease.take(
                    session, LEASE, self._holder, self._clock.now(), LEASE_SECONDS
                )
            )
        except Exception as error:
            # Without the database nobody knows who leads, and no tick could do anything.
            log.warning("lease_unreachable", error=type(error).__name__)
            leads = False
        if leads and self._ticking is None:
            self._ticking = self._start()
        elif not leads:
            self._stand_down()

    def _start(self) -> BackgroundScheduler:
        ticking = BackgroundScheduler(
            timezone="Asia/Shanghai",
            executors={"default": ThreadPoolExecutor(max(4, len(self._jobs)))},
            # Without these a busy second drops a tick with a warning and nothing else.
            job_defaults={"coalesce": True, "misfire_grace_time": None, "max_instances": 1},
        )
        for job in self._jobs:
            ticking.add_job(_logged(job), "interval", seconds=job.seconds, id=job.name)
        ticking.start()
        log.info("scheduler_leads", holder=self._holder)
        return ticking

    def _stand_down(self) -> None:
        if self._ticking is not None:
            self._ticking.shutdown(wait=True)
            self._ticking = None
            log.info("scheduler_stands_by", holder=self._holder)


def _logged(job: Job) -> Callable[[], None]:
    def tick() -> None:
        try:
            job.run()
        except Exception:
            # One failing job must not stop the others, nor its own next tick.
            log.exception("job_failed", job=job.name)

    return tick
