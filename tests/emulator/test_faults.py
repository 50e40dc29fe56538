"""Faults on demand, over a real socket."""

import time
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from emulator.server import run_in_thread
from emulator.settings import Settings

PATH = "/cgi-bin/getcallbackip"


class Line:
    """A running emulator and calls to it."""

    def __init__(self, base: str) -> None:
        self.base = base
        self.session = requests.Session()
        self.session.trust_env = False
        query = {
            "grant_type": "client_credential",
            "appid": Settings.app_id,
            "secret": Settings.app_secret,
        }
        answer = self.session.get(f"{base}/cgi-bin/token", params=query, timeout=5)
        self.token = answer.json()["access_token"]

    def add(self, kind: str, **more: Any) -> None:
        body = {"endpoint": PATH, "kind": kind, **more}
        self.session.post(f"{self.base}/control/faults", json=body, timeout=5)

    def call(self, timeout: float = 5) -> requests.Response:
        query = {"access_token": self.token}
        return self.session.get(f"{self.base}{PATH}", params=query, timeout=timeout)

    def count(self) -> int:
        counters = self.session.get(f"{self.base}/control/counters", timeout=5).json()
        return int(counters.get(PATH, 0))


@pytest.fixture
def line() -> Iterator[Line]:
    with run_in_thread(Settings(port=0)) as base:
        line = Line(base)
        yield line
        line.session.close()


def test_errcode_comes_as_often_as_asked(line: Line) -> None:
    line.add("errcode", errcode=-1, times=2)
    assert [line.call().json().get("errcode", 0) for _ in range(3)] == [-1, -1, 0]
    assert line.count() == 1


def test_answers_that_are_no_json(line: Line) -> None:
    line.add("garbage")
    with pytest.raises(requests.JSONDecodeError):
        line.call().json()
    line.add("empty")
    assert line.call().content == b""
    line.add("html_502")
    response = line.call()
    assert response.status_code == 502
    assert "<html>" in response.text
    assert line.count() == 0


def test_reset_breaks_the_connection(line: Line) -> None:
    line.add("reset")
    with pytest.raises(requests.ConnectionError):
        line.call()
    assert line.call().status_code == 200


def test_hang_after_acting_leaves_the_caller_unsure(line: Line) -> None:
    line.add("hang_after_acting", seconds=0.5)
    with pytest.raises(requests.ReadTimeout):
        line.call(timeout=0.1)
    assert line.count() == 1


def test_delay_and_lost_answer(line: Line) -> None:
    line.add("delay", seconds=0.2)
    began = time.monotonic()
    assert line.call().status_code == 200
    assert time.monotonic() - began >= 0.2
    line.add("html_502", act=True)
    assert line.call().status_code == 502
    assert line.count() == 2


def test_faults_are_cleared(line: Line) -> None:
    line.add("errcode", probability=0.0)
    assert line.call().json().get("errcode", 0) == 0
    line.session.delete(f"{line.base}/control/faults", timeout=5)
    listed = line.session.get(f"{line.base}/control/faults", timeout=5).json()
    assert listed == {"faults": []}
