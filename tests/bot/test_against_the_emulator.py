"""The gateway against WeChat in the box: a second opinion on the protocol."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import requests

from bot import transport
from bot.client import Client
from bot.gateway import Gateway
from bot.oauth import OAuth, SignInFailed
from bot.tokens import Tokens
from bot.transport import GatewayError, Transport
from emulator.server import run_in_thread
from emulator.settings import Settings
from kernel.outcomes import Outcome

SETTINGS = Settings(port=0, mode="plain", job_delay_seconds=0.01, delivery_timeout_seconds=0.2)
MENU = {"button": [{"name": "签到", "type": "click", "key": "check_in"}]}


@dataclass
class Box:
    """An emulator, and the gateway of a hall that was given its address."""

    url: str

    def control(self, path: str, **body: Any) -> Any:
        """What a tester does to the platform."""
        return requests.post(f"{self.url}/control/{path}", json=body, timeout=5).json()

    def fail(self, endpoint: str, **fault: Any) -> None:
        """The next calls of an endpoint go wrong."""
        self.control("faults", endpoint=endpoint, **fault)

    def followers(self, count: int) -> list[str]:
        """People who follow."""
        openids = [self.control("users", nickname=f"小{n}")["openid"] for n in range(count)]
        for openid in openids:
            self.control("follow", openid=openid)
        return openids

    def sent_to(self, openid: str) -> list[str]:
        """What a person sees of the account."""
        query = {"openid": openid}
        shown = requests.get(f"{self.url}/control/transcript", params=query, timeout=5).json()
        return [str(each.get("text") or each) for each in shown if each["from"] == "account"]

    def calls(self, path: str) -> int:
        """How often an endpoint was called today."""
        counted = requests.get(f"{self.url}/control/counters", timeout=5).json()
        return sum(value for name, value in _flat(counted) if path in name)

    def gateway(self) -> Gateway:
        """The gateway of one process."""
        api = Transport(self.url)
        tokens = Tokens(api, SETTINGS.app_id, SETTINGS.app_secret, None)
        return Gateway(Client(SETTINGS.app_id, tokens, api))


def _flat(counted: Any, path: str = "") -> Iterator[tuple[str, int]]:
    if isinstance(counted, dict):
        for name, value in counted.items():
            yield from _flat(value, f"{path}.{name}")
    elif isinstance(counted, int):
        yield path, counted


@pytest.fixture
def box(monkeypatch: pytest.MonkeyPatch) -> Iterator[Box]:
    """A new emulator."""
    monkeypatch.setattr(transport, "TIMEOUT_SECONDS", (0.5, 0.5))
    with run_in_thread(SETTINGS) as url:
        yield Box(url)


def test_a_menu_is_published_and_read_back(box: Box) -> None:
    gateway = box.gateway()
    assert gateway.menu() is None
    gateway.publish_menu(MENU)
    shown = gateway.menu()
    assert shown is not None
    (button,) = shown["menu"]["button"]
    assert (button["name"], button["key"]) == ("签到", "check_in")
    with pytest.raises(GatewayError) as error:
        gateway.publish_menu({"button": [{"name": "x" * 100, "type": "click", "key": "k"}]})
    assert error.value.code == 40018


def test_a_mass_send_arrives_once_however_often_it_is_asked(box: Box) -> None:
    openids, gateway = box.followers(3), box.gateway()
    first = gateway.send_to_many(
        openids, {"msgtype": "text", "text": {"content": "端午安康 👋"}}, "push-1-0"
    )
    assert first.verdict == "sent"
    assert first.message_id
    box.control("clock", advance_seconds=61)  # sooner, the platform says "too fast"
    again = gateway.send_to_many(
        openids, {"msgtype": "text", "text": {"content": "端午安康 👋"}}, "push-1-0"
    )
    assert again == Outcome("sent", "45065", first.message_id)
    for openid in openids:
        assert len([text for text in box.sent_to(openid) if "端午安康 👋" in text]) == 1


def test_one_recipient_is_too_few_for_a_mass_send(box: Box) -> None:
    outcome = box.gateway().send_to_many(
        box.followers(1), {"msgtype": "text", "text": {"content": "x"}}, "push-1-0"
    )
    assert outcome.verdict == "refused"


def test_a_token_that_was_revoked_is_renewed_unseen(box: Box) -> None:
    gateway = box.gateway()
    assert gateway.menu() is None
    body = {
        "grant_type": "client_credential",
        "appid": SETTINGS.app_id,
        "secret": SETTINGS.app_secret,
        "force_refresh": True,
    }
    box.control("clock", advance_seconds=60)
    requests.post(f"{box.url}/cgi-bin/stable_token", json=body, timeout=5)
    assert gateway.menu() is None


@pytest.mark.parametrize("code", [40001, 42001])
def test_one_refusal_of_the_token_is_not_seen_outside(box: Box, code: int) -> None:
    openids, gateway = box.followers(2), box.gateway()
    box.fail("/cgi-bin/message/mass/send", kind="errcode", errcode=code, times=1)
    assert (
        gateway.send_to_many(
            openids, {"msgtype": "text", "text": {"content": "x"}}, "push-1-0"
        ).verdict
        == "sent"
    )


@pytest.mark.parametrize(
    ("fault", "verdict"),
    [
        ({"kind": "errcode", "errcode": 45028}, "stop"),
        ({"kind": "errcode", "errcode": -1}, "again"),
        ({"kind": "garbage"}, "unknown"),
        ({"kind": "empty"}, "unknown"),
        ({"kind": "html_502"}, "unknown"),
        ({"kind": "reset"}, "unknown"),
        ({"kind": "reset", "act": True}, "unknown"),
        ({"kind": "hang_after_acting", "seconds": 1.0}, "unknown"),
    ],
    ids=str,
)
def test_faults_are_told_apart(box: Box, fault: dict[str, Any], verdict: str) -> None:
    openids, gateway = box.followers(2), box.gateway()
    gateway.menu()
    box.fail("/cgi-bin/message/mass/send", times=1, **fault)
    assert (
        gateway.send_to_many(
            openids, {"msgtype": "text", "text": {"content": "端午安康"}}, "push-1-0"
        ).verdict
        == verdict
    )


def test_a_made_up_code_is_nobody(box: Box) -> None:
    oauth = OAuth(SETTINGS.app_id, SETTINGS.app_secret, box.url, Transport(box.url))
    with pytest.raises(SignInFailed, match="GatewayError"):
        oauth.visitor("made-up")
