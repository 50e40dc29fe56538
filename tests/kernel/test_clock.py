"""The business day of Shanghai, wherever the server stands; the clock that follows."""

import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest

from kernel.clock import FollowedClock, SystemClock, business_day, day_start, day_window


@pytest.fixture(params=["UTC", "America/New_York", "Asia/Shanghai", "Pacific/Kiritimati"])
def zone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The zone of the server."""
    with monkeypatch.context() as patched:
        patched.setenv("TZ", request.param)
        time.tzset()
        yield request.param
    time.tzset()


def shanghai(text: str) -> datetime:
    """An instant written in Shanghai time."""
    return datetime.fromisoformat(f"{text}+08:00").astimezone(UTC)


def test_the_day_turns_at_midnight_in_shanghai(zone: str) -> None:
    assert business_day(shanghai("2026-11-20T23:59:59.900000")) == date(2026, 11, 20)
    assert business_day(shanghai("2026-11-21T00:00:00")) == date(2026, 11, 21)
    assert business_day(shanghai("2026-11-21T00:00:00.100000")) == date(2026, 11, 21)
    local = shanghai("2026-11-20T23:59:59.900000").astimezone()
    assert business_day(local) == date(2026, 11, 20)


def test_a_window_is_half_open_and_a_day_long(zone: str) -> None:
    start, end = day_window(date(2026, 12, 31))
    assert start == day_start(date(2026, 12, 31)) == shanghai("2026-12-31T00:00:00")
    assert end == shanghai("2027-01-01T00:00:00")
    assert end - start == timedelta(days=1)
    assert start.utcoffset() == end.utcoffset() == timedelta(0)


def test_the_machine_s_clock_is_aware(zone: str) -> None:
    now = SystemClock().now()
    assert now.utcoffset() == timedelta(0)
    assert abs(now.timestamp() - time.time()) < 5


def test_a_followed_clock_travels_and_survives_the_loss_of_its_guide() -> None:
    offsets = {"now": 0.0}

    def ask() -> float:
        return offsets["now"]

    clock = FollowedClock(ask, every_seconds=0.03)
    assert abs((clock.now() - datetime.now(UTC)).total_seconds()) < 2
    offsets["now"] = 86_400.0
    deadline = time.monotonic() + 3
    while (clock.now() - datetime.now(UTC)).total_seconds() < 80_000:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    del offsets["now"]
    time.sleep(0.05)
    assert (clock.now() - datetime.now(UTC)).total_seconds() > 80_000
