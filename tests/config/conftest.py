"""Fixtures of the tests of the configuration."""

import os
from pathlib import Path

import pytest

from tests.config.place import Place, make_place


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """A good configuration of its own, and no settings in the environment."""
    for name in list(os.environ):
        if name.upper().startswith("WEITING_"):
            monkeypatch.delenv(name)
    return make_place(tmp_path)
