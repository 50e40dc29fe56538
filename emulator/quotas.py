"""Counts calls per API and day (Shanghai) and per minute, and refuses beyond the limits."""

from emulator.errcodes import Refused
from emulator.platform import Platform
from emulator.state import Json

KEPT_DAYS = 7
CLEARINGS_A_MONTH = 10


def count_call(platform: Platform, path: str, daily: int, minute: int) -> None:
    """Count one call; refuses with 45009 beyond the day's limit, 45011 beyond the minute's.

    Limits set through the control API win over `daily`; a refused call is not counted.
    """
    today = count_today(platform)
    if today.get(path, 0) >= platform.state.limits.get(path, daily):
        raise Refused(45009)
    limit = platform.state.limits.get(f"{path}#minute", minute)
    if limit:
        key = (path, int(platform.clock.now() // 60))
        if platform.minute_counts.get(key, 0) >= limit:
            raise Refused(45011)
        platform.minute_counts[key] = platform.minute_counts.get(key, 0) + 1
        forget_minutes(platform, key[1])
    today[path] = today.get(path, 0) + 1
    platform.store.touch()


def forget_minutes(platform: Platform, minute: int) -> None:
    """Drop counters of other minutes, now and then."""
    if len(platform.minute_counts) > 100:
        for key in [key for key in platform.minute_counts if key[1] != minute]:
            del platform.minute_counts[key]


def count_today(platform: Platform) -> dict[str, int]:
    """The day's counters by path."""
    counters = platform.state.counters
    day = platform.clock.day()
    if day not in counters:
        counters[day] = {}
        # Not today, even if the clock came back from the future.
        for old in [each for each in sorted(counters)[:-KEPT_DAYS] if each != day]:
            del counters[old]
    return counters.setdefault(day, {})


def describe_quota(platform: Platform, path: str, daily: int) -> Json:
    """`{"daily_limit", "used", "remain"}` of one API."""
    limit = platform.state.limits.get(path, daily)
    used = count_today(platform).get(path, 0)
    return {"daily_limit": limit, "used": used, "remain": max(0, limit - used)}


def clear_quotas(platform: Platform, path: str = "") -> None:
    """Set the day's counters to 0; refuses with 48006 after ten times in a month."""
    month = platform.clock.month()
    used = platform.state.clearings.get(month, 0)
    if used >= CLEARINGS_A_MONTH:
        raise Refused(48006)
    platform.state.clearings[month] = used + 1
    if path:
        count_today(platform).pop(path, None)
    else:
        count_today(platform).clear()
    platform.store.touch()
