"""The clock, passed in by whoever starts the work; nothing else asks the machine for the time."""

import contextlib
import os
import threading
import time as time_of_machine
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")


class Clock(Protocol):
    """Tells the present instant as an aware UTC datetime."""

    def now(self) -> datetime: ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class FollowedClock:
    """The machine's clock, shifted as the emulator's is: a demo hall travels with its phone.

    A thread of its own asks, so that telling the time never waits for anybody.
    """

    def __init__(self, offset_seconds: Callable[[], float], every_seconds: float = 1.0) -> None:
        self._ask = offset_seconds
        self._every = every_seconds
        self._offset = timedelta()
        self._process: int | None = None
        self._starting = threading.Lock()

    def now(self) -> datetime:
        """The present instant of the demo."""
        if self._process != os.getpid():  # also after a fork, which threads do not survive
            self._start()
        return datetime.now(UTC) + self._offset

    def _start(self) -> None:
        with self._starting:
            if self._process == os.getpid():
                return
            self._process = os.getpid()
            self._follow()
            threading.Thread(target=self._keep_following, daemon=True).start()

    def _keep_following(self) -> None:
        while True:
            time_of_machine.sleep(self._every)
            self._follow()

    def _follow(self) -> None:
        # While the emulator is away, time goes on as it last did.
        with contextlib.suppress(Exception):
            self._offset = timedelta(seconds=self._ask())


def business_day(instant: datetime) -> date:
    """The calendar day in Shanghai at `instant`, whatever zone the server runs in."""
    return instant.astimezone(SHANGHAI).date()


def day_start(day: date) -> datetime:
    """The instant, in UTC, at which the business day `day` begins in Shanghai."""
    return datetime.combine(day, time.min, SHANGHAI).astimezone(UTC)


def day_window(day: date) -> tuple[datetime, datetime]:
    """The half-open window `[start, end)` of a business day, as UTC instants."""
    return day_start(day), day_start(day + timedelta(days=1))
