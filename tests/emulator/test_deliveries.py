"""Pushes to the callback: five seconds, three tries, what counts as an answer."""

import time
from collections.abc import Iterator

import pytest

from emulator.chats import FAILURE_TEXT
from emulator.ciphers import decrypt, encrypt, is_signed, sign
from emulator.settings import Settings
from tests.emulator.stubs import Callback, Received, Wechat, open_wechat, reply_text


@pytest.fixture
def wechat(callback: Callback) -> Iterator[Wechat]:
    """An emulator that posts to the callback."""
    with open_wechat(callback_url=callback.url) as wechat:
        yield wechat


def test_reply_is_seen(wechat: Wechat, callback: Callback) -> None:
    openid = wechat.add_follower().openid
    callback.answer = lambda received: reply_text(received, "您好")
    outcome = wechat.control("say", openid=openid, text="在]]>吗<b>")
    assert (outcome["status"], outcome["tries"]) == ("replied", 1)
    assert outcome["seen"][0]["text"] == "您好"
    pushed = callback.received[-1]
    assert pushed.xml["Content"] == "在]]>吗<b>"
    assert int(pushed.xml["MsgId"]) > 2**53
    assert pushed.query["openid"] == openid
    parts = (wechat.settings.token, pushed.query["timestamp"], pushed.query["nonce"])
    assert is_signed(pushed.query["signature"], *parts)
    assert "encrypt_type" not in pushed.query


@pytest.mark.parametrize("body", [b"success", b""])
def test_success_and_empty_show_nothing(wechat: Wechat, callback: Callback, body: bytes) -> None:
    callback.answer = lambda _received: body
    outcome = wechat.control("say", openid=wechat.add_follower().openid, text="x")
    assert (outcome["status"], outcome["tries"], outcome["seen"]) == ("nothing", 1, [])


def test_three_identical_deliveries_then_the_failure_line(
    wechat: Wechat, callback: Callback
) -> None:
    openid = wechat.add_follower().openid
    callback.received.clear()
    callback.answer = lambda _received: b'{"ok":1}'
    outcome = wechat.control("say", openid=openid, text="x")
    assert (outcome["status"], outcome["tries"]) == ("failure", 3)
    assert outcome["seen"][0]["from"] == "system"
    assert outcome["seen"][0]["text"] == FAILURE_TEXT
    assert len({each.body for each in callback.received}) == 1
    assert len(callback.received) == 3


def test_slow_callback_is_dropped_and_asked_again(wechat: Wechat, callback: Callback) -> None:
    openid = wechat.add_follower().openid
    callback.received.clear()
    answers = iter([0.6, 0.0])

    def answer(received: Received) -> bytes:
        time.sleep(next(answers))
        return reply_text(received, "久等了")

    callback.answer = answer
    outcome = wechat.control("say", openid=openid, text="x")
    assert (outcome["status"], outcome["tries"]) == ("replied", 2)
    tries = wechat.read("deliveries", kind="text")[-1]["tries"]
    assert tries[0]["status"] == 0
    assert "0.25 s" in tries[0]["problem"]


@pytest.mark.parametrize(("status", "body"), [(500, b"success"), (301, b""), (200, b"success\n")])
def test_other_answers_fail(wechat: Wechat, callback: Callback, status: int, body: bytes) -> None:
    callback.status, callback.answer = status, lambda _received: body
    outcome = wechat.control("say", openid=wechat.add_follower().openid, text="x")
    assert outcome["status"] == "failure"


def test_names_that_are_not_swapped_fail(wechat: Wechat, callback: Callback) -> None:
    openid = wechat.add_follower().openid
    callback.answer = lambda received: reply_text(received, "x").replace(openid.encode(), b"oX")
    assert wechat.control("say", openid=openid, text="x")["status"] == "failure"


def test_too_long_a_text_shows_nothing(wechat: Wechat, callback: Callback) -> None:
    openid = wechat.add_follower().openid
    callback.answer = lambda received: reply_text(received, "好" * 682)
    assert wechat.control("say", openid=openid, text="x")["status"] == "replied"
    callback.answer = lambda received: reply_text(received, "好" * 683)
    outcome = wechat.control("say", openid=openid, text="x")
    assert (outcome["status"], outcome["seen"]) == ("nothing", [])
    assert "2049 bytes" in outcome["note"]


def test_nobody_listens(wechat: Wechat) -> None:
    openid = wechat.add_follower().openid
    wechat.control("account", callback_url="http://127.0.0.1:9/")
    outcome = wechat.control("say", openid=openid, text="x")
    assert (outcome["status"], outcome["tries"]) == ("failure", 3)


def test_view_shows_no_reply(wechat: Wechat, callback: Callback) -> None:
    openid = wechat.add_follower().openid
    callback.answer = lambda received: reply_text(received, "x")
    outcome = wechat.control("view", openid=openid, url="https://example.com/")
    assert outcome["url"] == "https://example.com/"
    assert outcome["seen"] == []
    assert callback.received[-1].xml["EventKey"] == "https://example.com/"


def seal_reply(settings: Settings, received: Received, **changes: str) -> bytes:
    """An encrypted reply, made with another app id or token if told so."""
    push = Received({}, decrypt(settings.aes_key, settings.app_id, received.xml["Encrypt"]))
    app_id = changes.get("app_id", settings.app_id)
    encrypted = encrypt(settings.aes_key, app_id, reply_text(push, "密文"))
    token = changes.get("token", settings.token)
    signature = sign(token, "1714112445", "415670741", encrypted)
    return (
        f"<xml><Encrypt><![CDATA[{encrypted}]]></Encrypt>"
        f"<MsgSignature><![CDATA[{signature}]]></MsgSignature>"
        "<TimeStamp>1714112445</TimeStamp><Nonce><![CDATA[415670741]]></Nonce></xml>"
    ).encode()


@pytest.mark.parametrize(
    ("changes", "status"),
    [({}, "replied"), ({"app_id": "wx-other"}, "failure"), ({"token": "other"}, "failure")],
)
def test_safe_mode_opens_only_its_own_replies(
    callback: Callback, changes: dict[str, str], status: str
) -> None:
    with open_wechat(callback_url=callback.url, mode="safe") as wechat:
        openid = wechat.add_follower().openid
        callback.answer = lambda received: seal_reply(wechat.settings, received, **changes)
        assert wechat.control("say", openid=openid, text="x")["status"] == status
        pushed = callback.received[-1]
        assert set(pushed.xml) == {"ToUserName", "Encrypt"}
        assert pushed.query["encrypt_type"] == "aes"
        parts = (wechat.settings.token, pushed.query["timestamp"], pushed.query["nonce"])
        assert is_signed(pushed.query["msg_signature"], *parts, pushed.xml["Encrypt"])


def test_safe_mode_refuses_a_plain_reply_and_compatible_takes_both(callback: Callback) -> None:
    with open_wechat(callback_url=callback.url, mode="compatible") as wechat:
        openid = wechat.add_follower().openid
        callback.answer = lambda received: reply_text(received, "明文")
        assert wechat.control("say", openid=openid, text="x")["status"] == "replied"
        assert {"Content", "Encrypt"} <= set(callback.received[-1].xml)
        callback.answer = lambda received: seal_reply(wechat.settings, received)
        assert wechat.control("say", openid=openid, text="x")["status"] == "replied"
        wechat.control("account", mode="safe")
        plain = reply_text(callback.received[-1], "明文")
        callback.answer = lambda _received: plain
        assert wechat.control("say", openid=openid, text="x")["status"] == "failure"


def test_url_check(wechat: Wechat) -> None:
    assert wechat.control("verify")["ok"] is True


def test_job_finish_events_arrive(wechat: Wechat, callback: Callback) -> None:
    openids = [wechat.add_follower().openid for _ in range(2)]
    wechat.call(
        "/cgi-bin/message/mass/send", touser=openids, msgtype="text", text={"content": "国庆"}
    )
    wechat.control("drain")
    told = callback.received[-1].xml
    assert told["Event"] == "MASSSENDJOBFINISH"
    counts = [told[name] for name in ("TotalCount", "FilterCount", "SentCount", "ErrorCount")]
    assert counts == ["2", "2", "2", "0"]


def test_odd_deliveries(wechat: Wechat, callback: Callback) -> None:
    openid = wechat.add_follower().openid
    callback.received.clear()
    done = wechat.control("deliver", openid=openid, copies=3)["deliveries"]
    assert [each["outcome"] for each in done] == ["nothing"] * 3
    assert len({each.xml["MsgId"] for each in callback.received}) == 1
    wechat.control("deliver", openid=openid, signature="wrong", timestamp_offset=-3600)
    query = callback.received[-1].query
    parts = (wechat.settings.token, query["timestamp"], query["nonce"])
    assert not is_signed(query["signature"], *parts)
    assert abs(time.time() - 3600 - int(query["timestamp"])) < 5
    wechat.control("deliver", openid=openid, raw_body="<!DOCTYPE x><xml/>")
    assert callback.received[-1].body == b"<!DOCTYPE x><xml/>"


def test_callback_may_call_the_platform_while_it_answers(
    wechat: Wechat, callback: Callback
) -> None:
    openid = wechat.add_follower().openid
    token = wechat.token

    def answer(received: Received) -> bytes:
        query = {"access_token": token, "openid": openid}
        told = wechat.app.test_client().get("/cgi-bin/user/info", query_string=query)
        return reply_text(received, f"{told.get_json(force=True)['subscribe']}")

    callback.answer = answer
    assert wechat.control("say", openid=openid, text="x")["seen"][0]["text"] == "1"
