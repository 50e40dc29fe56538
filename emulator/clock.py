"""The platform's clock, which a test or a person may move.

It is the one place where the emulator reads the machine's time.
"""

import time
from datetime import datetime
from typing import Protocol
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")  # quotas of days and months are counted there


class HasOffset(Protocol):
    """Where the offset is kept, so that it survives a restart."""

    offset_seconds: float


class Clock:
    """Machine time plus an offset in seconds."""

    def __init__(self, kept_in: HasOffset) -> None:
        self._kept_in = kept_in

    @property
    def offset_seconds(self) -> float:
        return self._kept_in.offset_seconds

    def move(self, offset_seconds: float) -> None:
        """Set the offset; 0 returns to the present."""
        self._kept_in.offset_seconds = offset_seconds

    def now(self) -> float:
        """Unix time in seconds."""
        return time.time() + self.offset_seconds

    def read_seconds(self) -> int:
        """Whole unix seconds, as the platform writes CreateTime and timestamps."""
        return int(self.now())

    def local(self) -> datetime:
        """The moment in Shanghai."""
        return datetime.fromtimestamp(self.now(), SHANGHAI)

    def day(self) -> str:
        """`2026-11-20`, the day that daily quotas belong to."""
        return self.local().strftime("%Y-%m-%d")

    def month(self) -> str:
        """`2026-11`, the month that the mass quota belongs to."""
        return self.local().strftime("%Y-%m")
