"""Customer messages against WeChat in the box: the window, its counts, and what the chat shows."""

from typing import Any

import requests

from bot.replies import (
    Card,
    Image,
    Music,
    Nothing,
    Reply,
    Text,
    ToStaff,
    Video,
    Voice,
    from_json,
    render,
    to_custom,
    to_json,
)
from tests.bot.test_against_the_emulator import Box, box
from tests.bot.test_replies import INBOUND

__all__ = ["box"]
HELLO = to_custom(Text("您好")) or {}


def verdicts(found: Box, openid: str, count: int) -> list[tuple[str, str]]:
    """What so many messages in a row come to."""
    gateway = found.gateway()
    outcomes = [gateway.send_custom(openid, HELLO) for _ in range(count)]
    return [(one.verdict, one.reason or "") for one in outcomes]


def test_five_after_a_message_then_none_until_the_next(box: Box) -> None:
    openid = box.followers(1)[0]
    box.control("say", openid=openid, text="在吗")
    sent, refused = ("sent", ""), ("refused", "45047")
    assert verdicts(box, openid, 6) == [sent] * 5 + [refused]
    assert box.sent_to(openid).count("您好") == 5
    box.control("say", openid=openid, text="还在吗")
    assert verdicts(box, openid, 1) == [sent]


def test_after_two_days_the_window_is_closed(box: Box) -> None:
    openid = box.followers(1)[0]
    box.control("say", openid=openid, text="在吗")
    box.control("clock", advance_seconds=48 * 3600 + 1)
    assert verdicts(box, openid, 1) == [("refused", "45015")]


def test_a_card_is_shown_as_one(box: Box) -> None:
    openid = box.followers(1)[0]
    box.control("say", openid=openid, text="在吗")
    body = to_custom(Card("新装", "三步办好", "https://a.example/x", "https://a.example/x.png"))
    assert body
    assert box.gateway().send_custom(openid, body).verdict == "sent"
    query = {"openid": openid}
    shown: list[dict[str, Any]] = requests.get(
        f"{box.url}/control/transcript", params=query, timeout=5
    ).json()
    assert shown[-1]["articles"][0]["title"] == "新装"


def test_media_are_written_as_the_platform_documents() -> None:
    wanted: dict[Reply, str] = {
        Image("M-1"): "<MsgType><![CDATA[image]]></MsgType><Image><MediaId><![CDATA[M-1]]>",
        Voice("M-1"): "<MsgType><![CDATA[voice]]></MsgType><Voice><MediaId><![CDATA[M-1]]>",
        Video("M-1", "题", "述"): "<Video><MediaId><![CDATA[M-1]]></MediaId><Title><![CDATA[题]]>",
        Music(
            "题", "述", "http://a.cn/m", "T"
        ): "<ThumbMediaId><![CDATA[T]]></ThumbMediaId></Music>",
    }
    for reply, part in wanted.items():
        assert part in render(reply, INBOUND, 1)
        assert from_json(to_json(reply)) == reply


def test_what_is_no_customer_message() -> None:
    assert to_custom(ToStaff()) is None
    assert to_custom(Nothing()) is None
    assert to_custom(Video("M-1")) is None
