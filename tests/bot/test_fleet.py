"""Many sends at once: each called once, each answer told apart, nothing repeated unseen."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from bot import transport
from bot.fleet import PATHS, Fleet
from kernel.outcomes import Outcome
from tests.bot.stub import TOKEN, Answer, Hang, Page, Platform, Reset, token
from tests.servers import free_port

SEND = PATHS["customer"]
STALE = {"errcode": 40001, "errmsg": "invalid credential"}


@dataclass
class Sent:
    """One message."""

    delivery_id: int
    to: str = "oAnna"
    channel: str = "customer"
    body: dict[str, Any] = field(default_factory=lambda: {"msgtype": "text"})


@dataclass
class Lane:
    """A fleet and what it noted."""

    fleet: Fleet
    notes: list[tuple[str, str]]

    def send(self, *messages: Sent, seconds: float = 5.0) -> dict[int, Outcome]:
        """What became of each."""
        self.fleet.submit(messages)
        found: dict[int, Outcome] = {}
        until = time.monotonic() + seconds
        while len(found) < len(messages) and time.monotonic() < until:
            found |= dict(self.fleet.collect(0.2))
        return found


@pytest.fixture
def lane(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lane]:
    """A fleet that sends to the platform, which takes its time with many new connections."""
    monkeypatch.setattr(transport, "TIMEOUT_SECONDS", (1.0, 0.5))
    yield from _lane(platform, platform.url)


def _lane(platform: Platform, url: str) -> Iterator[Lane]:
    notes: list[tuple[str, str]] = []
    fleet = Fleet(url, platform.tokens(), lambda *note: notes.append(note))
    yield Lane(fleet, notes)
    fleet.close()


def test_each_is_called_once_with_its_own_body(platform: Platform, lane: Lane) -> None:
    found = lane.send(*(Sent(n, f"o{n}", body={"text": f"你好 {n} 👋"}) for n in range(60)))
    assert found == dict.fromkeys(range(60), Outcome("sent"))
    calls = [call for call in platform.calls if call.path == SEND]
    assert {call.json["touser"]: call.json["text"] for call in calls} == {
        f"o{n}": f"你好 {n} 👋" for n in range(60)
    }
    assert len(calls) == 60
    assert b"\\u" not in calls[0].body
    assert platform.count(TOKEN) == 1
    assert lane.notes == []


def test_a_kept_connection_that_is_cut_is_not_used_for_a_second_call(
    platform: Platform, lane: Lane
) -> None:
    assert lane.send(Sent(1))[1].verdict == "sent"
    platform.will(SEND, Reset)
    assert lane.send(Sent(2))[2] == Outcome("unknown", "connection lost")
    assert platform.count(SEND) == 2


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        ({"errcode": 0, "msgid": 2**40}, Outcome("sent", None, 2**40)),
        ({"errcode": -1}, Outcome("again", "-1")),
        ({"errcode": 43004}, Outcome("refused", "43004")),
        ({"errcode": 43101}, Outcome("refused", "43101")),
        ({"errcode": 48001}, Outcome("stop", "48001")),
        ({"errcode": 45009}, Outcome("stop", "45009")),
        ({"errcode": "none"}, Outcome("unknown", "no JSON")),
        (b"<html>502</html>", Outcome("unknown", "no JSON")),
        (b"", Outcome("unknown", "no JSON")),
        (b"null", Outcome("unknown", "no JSON")),
        (Page(b"{}", 502), Outcome("unknown", "HTTP 502")),
        (Page(b"", 302, (("Location", "http://127.0.0.1:1/"),)), Outcome("unknown", "HTTP 302")),
        (Reset, Outcome("unknown", "connection lost")),
        (Hang, Outcome("unknown", "timeout")),
    ],
    ids=str,
)
def test_answers_are_told_apart(
    platform: Platform, lane: Lane, answer: Answer, outcome: Outcome
) -> None:
    platform.will(SEND, answer)
    assert lane.send(Sent(1)) == {1: outcome}
    assert platform.count(SEND) == 1
    assert bool(lane.notes) is (outcome.verdict != "sent")


def test_a_refused_token_is_renewed_once_and_the_call_repeated_once(
    platform: Platform, lane: Lane
) -> None:
    lane.fleet.submit([])
    platform.will(TOKEN, token("T2"))
    platform.will(SEND, STALE, {"errcode": 0})
    assert lane.send(Sent(1)) == {1: Outcome("sent")}
    assert [call.query["access_token"] for call in platform.calls if call.path == SEND] == [
        "T1", "T2",
    ]  # fmt: skip
    platform.will(SEND, STALE)
    assert lane.send(Sent(2)) == {2: Outcome("again", "40001")}
    assert platform.count(SEND) == 4


def test_without_a_connection_or_a_token_nothing_was_sent(platform: Platform) -> None:
    for lane in _lane(platform, f"http://127.0.0.1:{free_port()}"):
        assert lane.send(Sent(1)) == {1: Outcome("again", "Unreachable")}
    platform.will(TOKEN, {"errcode": 40164, "errmsg": "invalid ip"})
    for lane in _lane(platform, platform.url):
        assert lane.send(Sent(1)) == {1: Outcome("again", "TokenRefused")}
    assert platform.count(SEND) == 0


def test_slow_answers_are_waited_for_together(platform: Platform, lane: Lane) -> None:
    platform.will(SEND, Hang)
    found = lane.send(*(Sent(n) for n in range(50)), seconds=12)
    # One after the other they would take minutes.
    assert {outcome.verdict for outcome in found.values()} == {"unknown"}
    assert len(found) == 50
