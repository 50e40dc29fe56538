"""What the hall asks of WeChat, and how each answer is understood."""

import time

import pytest

from bot.gateway import Gateway
from bot.tokens import TokenRefused
from bot.transport import GatewayError, OutcomeUnknown, Unreachable
from kernel.outcomes import Outcome
from tests.bot.stub import (
    MASS,
    MENU,
    TOKEN,
    Answer,
    Hang,
    Page,
    Platform,
    Reset,
    token,
)
from tests.servers import free_port

PEOPLE = ["oAnna", "oBoris"]
STALE = {"errcode": 40001, "errmsg": "invalid credential, access_token is invalid"}


def send(gateway: Gateway) -> Outcome:
    """A mass send to two."""
    return gateway.send_to_many(
        PEOPLE, {"msgtype": "text", "text": {"content": "端午安康"}}, "push-1-0"
    )


def test_a_mass_send_names_its_call_and_takes_the_message_id(platform: Platform) -> None:
    platform.will(MASS, {"errcode": 0, "errmsg": "ok", "msg_id": 34182, "msg_data_id": 7})
    assert send(platform.gateway()) == Outcome("sent", message_id=34182)
    call = platform.last(MASS)
    assert call.query == {"access_token": "T1"}
    assert call.json == {
        "touser": PEOPLE,
        "msgtype": "text",
        "text": {"content": "端午安康"},
        "clientmsgid": "push-1-0",
    }


def test_bodies_are_raw_utf8_without_escapes(platform: Platform) -> None:
    platform.gateway().send_to_many(
        PEOPLE, {"msgtype": "text", "text": {"content": "你好 👋 <b>&"}}, "push-1-0"
    )
    body = platform.last(MASS).body
    assert b"\\u" not in body
    assert "你好 👋 <b>&" in body.decode()


@pytest.mark.parametrize("code", [40001, 40014, 42001])
def test_a_refused_token_is_renewed_once_and_the_call_repeated_once(
    platform: Platform, code: int
) -> None:
    platform.will(TOKEN, token("T1"), token("T2"))
    platform.will(MASS, {"errcode": code, "errmsg": ""}, {"errcode": 0, "msg_id": 5})
    assert send(platform.gateway()) == Outcome("sent", message_id=5)
    used = [call.query["access_token"] for call in platform.calls if call.path == MASS]
    assert used == ["T1", "T2"]
    assert platform.count(TOKEN) == 2


def test_a_token_refused_for_ever_ends_after_two_calls(platform: Platform) -> None:
    platform.will(MASS, STALE)
    gateway = platform.gateway()
    gateway.menu()  # the token is there before
    fetched = platform.count(TOKEN)
    assert send(gateway) == Outcome("again", "40001")
    assert platform.count(MASS) == 2
    assert platform.count(TOKEN) - fetched <= 1


def test_a_menu_call_with_a_token_refused_for_ever_is_an_error(platform: Platform) -> None:
    platform.will(MENU, STALE)
    with pytest.raises(GatewayError) as error:
        platform.gateway().menu()
    assert error.value.code == 40001
    assert platform.count(MENU) == 2


def test_a_token_that_cannot_be_renewed_is_tried_again_later(platform: Platform) -> None:
    platform.will(TOKEN, token("T1"), {"errcode": 40125, "errmsg": "invalid appsecret"})
    platform.will(MASS, STALE)
    assert send(platform.gateway()) == Outcome("again", "TokenRefused")
    assert platform.count(MASS) == 1


def test_a_hanging_token_endpoint_holds_nobody(platform: Platform) -> None:
    platform.will(TOKEN, Hang)
    gateway = platform.gateway()
    began = time.monotonic()
    assert send(gateway).verdict == "again"
    with pytest.raises(TokenRefused):
        gateway.menu()
    assert time.monotonic() - began < 2
    assert platform.count(MASS) == platform.count(MENU) == 0


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        ({"errcode": -1}, "again"),
        ({"errcode": 45011}, "again"),
        ({"errcode": 45066}, "again"),
        ({"errcode": 43004}, "refused"),
        ({"errcode": 45015}, "refused"),
        ({"errcode": 45047}, "refused"),
        ({"errcode": 40130}, "refused"),
        ({"errcode": 45028}, "stop"),
        ({"errcode": 45009}, "stop"),
        ({"errcode": 48001}, "stop"),
        ({"errcode": 48004}, "stop"),
        ({"errcode": 87014}, "stop"),
        ({"errcode": 99999999}, "stop"),
        ({"errcode": "45028"}, "stop"),
        ({"errcode": "soon"}, "unknown"),
        ({"errcode": "--1"}, "unknown"),
        ({"errcode": None}, "unknown"),
        ({"errcode": True}, "unknown"),
        ({"errcode": 0.5}, "unknown"),
        ({"errcode": [0]}, "unknown"),
        ({"errcode": "9" * 5000}, "unknown"),
        (b"", "unknown"),
        (b"null", "unknown"),
        (b"[]", "unknown"),
        (b"{}", "unknown"),
        (b'"ok"', "unknown"),
        (b"0", "unknown"),
        (b'{"errcode":0,"errm', "unknown"),
        (b'{"errcode":' + b"1" * 5000 + b"}", "unknown"),
        (b"[" * 100_000, "unknown"),
        (b"<html>502</html>", "unknown"),
        (Page(b'{"errcode":0}', status=500), "unknown"),
        (Page(b'{"errcode":0}', status=201), "unknown"),
        (Page(status=302, headers=(("Location", "/cgi-bin/elsewhere"),)), "unknown"),
        (Page(b"\x1f\x8b broken", headers=(("Content-Encoding", "gzip"),)), "unknown"),
        (Reset, "unknown"),
        (Hang, "unknown"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_every_answer_has_one_verdict(platform: Platform, answer: Answer, verdict: str) -> None:
    platform.will(MASS, answer)
    outcome = send(platform.gateway())
    assert outcome.verdict == verdict
    assert platform.count(MASS) == 1
    assert platform.count("/cgi-bin/elsewhere") == 0
    assert len(outcome.reason or "") <= 80


def test_a_repeat_that_wechat_knows_counts_as_sent(platform: Platform) -> None:
    platform.will(MASS, {"errcode": 45065, "errmsg": "clientmsgid exist", "msg_id": 201053012})
    assert send(platform.gateway()) == Outcome("sent", "45065", 201053012)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (9007199254740993, 9007199254740993),
        ("34182", 34182),
        ("abc", None),
        (None, None),
        (-5, None),
        ({}, None),
        (True, None),
        (10**30, None),
        ("9" * 5000, None),
    ],
)
def test_an_odd_message_id_does_not_undo_a_send(
    platform: Platform, given: object, kept: int | None
) -> None:
    platform.will(MASS, {"errcode": 0, "msg_id": given})
    assert send(platform.gateway()) == Outcome("sent", message_id=kept)


def test_a_platform_that_is_down_is_tried_again_later(platform: Platform) -> None:
    platform.gateway()
    tokens = platform.tokens()
    tokens.current()
    platform.url = f"http://127.0.0.1:{free_port()}"
    assert send(platform.gateway()) == Outcome("again", "TokenRefused")
    with pytest.raises(TokenRefused):
        platform.gateway().menu()


def test_a_refused_connection_is_surely_not_sent(platform: Platform) -> None:
    gateway = platform.gateway()
    gateway.menu()
    gateway._client._transport._base = f"http://127.0.0.1:{free_port()}"
    assert send(gateway) == Outcome("again", "Unreachable")
    with pytest.raises(Unreachable):
        gateway.menu()


def test_no_menu_is_none_and_a_lost_answer_is_an_error(platform: Platform) -> None:
    gateway = platform.gateway()
    platform.will(MENU, {"errcode": 46003, "errmsg": "menu no exist"})
    assert gateway.menu() is None
    platform.will(MENU, b"<html>")
    with pytest.raises(OutcomeUnknown):
        gateway.menu()


@pytest.mark.parametrize("answer", [Hang, Reset, b"<html>", {"errcode": 40018, "errmsg": "x"}])
def test_no_error_text_holds_the_token(platform: Platform, answer: Answer) -> None:
    platform.will(TOKEN, token("T0PSECRET"))
    platform.will(MENU, answer)
    with pytest.raises((GatewayError, OutcomeUnknown)) as error:
        platform.gateway().menu()
    assert "T0PSECRET" not in repr(error.value)
    assert error.value.__suppress_context__ or error.value.__context__ is None
