"""Fixtures of the emulator's tests."""

from collections.abc import Iterator

import pytest

from tests.emulator.stubs import Callback, Wechat, open_callback, open_wechat


@pytest.fixture
def callback() -> Iterator[Callback]:
    """A callback server on loopback."""
    with open_callback() as callback:
        yield callback


@pytest.fixture
def wechat() -> Iterator[Wechat]:
    """An emulator without a socket and without a callback."""
    with open_wechat() as wechat:
        yield wechat
