"""The clock, passed in by whoever starts the work; nothing else asks the machine for the time."""

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


def business_day(instant: datetime) -> date:
    """The calendar day in Shanghai at `instant`, whatever zone the server runs in."""
    return instant.astimezone(SHANGHAI).date()


def day_start(day: date) -> datetime:
    """The instant, in UTC, at which the business day `day` begins in Shanghai."""
    return datetime.combine(day, time.min, SHANGHAI).astimezone(UTC)


def day_window(day: date) -> tuple[datetime, datetime]:
    """The half-open window `[start, end)` of a business day, as UTC instants."""
    return day_start(day), day_start(day + timedelta(days=1))
