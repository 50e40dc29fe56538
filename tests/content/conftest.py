"""Fixtures of the tests of content."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from emulator.server import run_in_thread
from kernel.db import Database
from tests.content.wechat_desk import SETTINGS, Desk


@pytest.fixture
def desk(sqlite: Database, tmp_path: Path) -> Iterator[Desk]:
    """A worker of a hall, and an emulator."""
    with run_in_thread(SETTINGS) as url:
        yield Desk(url, sqlite, tmp_path / "media")
