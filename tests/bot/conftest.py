"""Fixtures of the bot's tests."""

from collections.abc import Iterator

import pytest

from bot import transport
from tests.bot.stub import Platform, open_platform


@pytest.fixture
def platform(monkeypatch: pytest.MonkeyPatch) -> Iterator[Platform]:
    """A platform to be scripted; calls to it give up after a moment."""
    monkeypatch.setattr(transport, "TIMEOUT_SECONDS", (0.3, 0.3))
    with open_platform() as opened:
        yield opened
