"""Taps: each kind of button causes the events that WeChat causes, from the menu one sees."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.emulator.stubs import Callback, Wechat, open_wechat

APP = "wx0123456789abcdef"


@pytest.fixture
def told(callback: Callback) -> Iterator[Wechat]:
    """An emulator that posts to the callback."""
    with open_wechat(callback_url=callback.url) as wechat:
        wechat.platform.account.linked_apps.append(APP)
        yield wechat


def tap(wechat: Wechat, button: dict[str, Any], **more: Any) -> tuple[str, dict[str, Any]]:
    """Make that button the menu and tap it; who tapped, and the answer."""
    assert wechat.call("/cgi-bin/menu/create", button=[{"name": "x", **button}])["errcode"] == 0
    openid = wechat.add_follower().openid
    return openid, wechat.control("tap", openid=openid, place=[0], **more)


def kinds(callback: Callback) -> list[str]:
    """What arrived after the follow."""
    return [each.xml.get("Event") or each.xml["MsgType"] for each in callback.received[1:]]


def raw(callback: Callback, number: int = 1) -> str:
    return callback.received[number].body.decode()


@pytest.mark.parametrize("kind", ["scancode_push", "scancode_waitmsg"])
def test_a_scan(told: Wechat, callback: Callback, kind: str) -> None:
    tap(told, {"type": kind, "key": "k"}, scanned="https://e.cn/?a=1&b=2")
    assert kinds(callback) == [kind]
    assert "<ScanResult><![CDATA[https://e.cn/?a=1&b=2]]></ScanResult>" in raw(callback)
    assert "<ScanType><![CDATA[qrcode]]></ScanType>" in raw(callback)


@pytest.mark.parametrize("kind", ["pic_sysphoto", "pic_photo_or_album", "pic_weixin"])
def test_pictures(told: Wechat, callback: Callback, kind: str) -> None:
    tap(told, {"type": kind, "key": "k"})
    assert kinds(callback) == [kind, "image"]
    assert "<SendPicsInfo><Count>1</Count><PicList><item><PicMd5Sum>" in raw(callback)
    media_id = callback.received[2].xml["MediaId"]
    assert told.platform.state.media[media_id].mime == "image/png"
    assert told.client.get(f"/phone/media/{media_id}").data.startswith(b"\x89PNG")


def test_a_place(told: Wechat, callback: Callback) -> None:
    tap(told, {"type": "location_select", "key": "k"})
    assert kinds(callback) == ["location_select", "location"]
    assert "<SendLocationInfo><Location_X>39.907</Location_X>" in raw(callback)


def test_a_page_and_a_mini_program_tell_the_menu(told: Wechat, callback: Callback) -> None:
    _, page = tap(told, {"type": "view", "url": "https://e.cn/p"})
    assert (kinds(callback), page["opens"]) == (["VIEW"], "https://e.cn/p")
    assert callback.received[1].xml["MenuId"] == "208396938"
    app = {"type": "miniprogram", "url": "https://e.cn/f", "appid": APP, "pagepath": "pages/a"}
    _, opened = tap(told, app)
    assert opened["opens"] == "https://e.cn/f"
    last = callback.received[-1].xml
    assert (last["Event"], last["EventKey"]) == ("view_miniprogram", "pages/a")


@pytest.mark.parametrize(
    "button",
    [
        {"type": "media_id", "media_id": "M"},
        {"type": "article_id", "article_id": "A"},
        {"type": "article_view_limited", "article_id": "A"},
    ],
)
def test_media_and_articles_reach_nobody(
    told: Wechat, callback: Callback, button: dict[str, Any]
) -> None:
    openid, _ = tap(told, button)
    assert kinds(callback) == []
    shown = told.read("transcript", openid=openid)
    assert button["type"] in shown[-1]["text"]


def test_the_menu_that_one_sees_is_tapped(told: Wechat, callback: Callback) -> None:
    tag = told.call("/cgi-bin/tags/create", tag={"name": "贵宾"})["tag"]["id"]
    stranger, _ = tap(told, {"type": "click", "key": "default"})
    button = [{"name": "x", "type": "click", "key": "own"}]
    told.call("/cgi-bin/menu/addconditional", button=button, matchrule={"tag_id": tag})
    member = told.add_follower().openid
    told.call("/cgi-bin/tags/members/batchtagging", openid_list=[member], tagid=tag)
    for openid in (member, stranger):
        told.control("tap", openid=openid, place=[0])
    keys = [each.xml["EventKey"] for each in callback.received if each.xml.get("Event") == "CLICK"]
    assert keys == ["default", "own", "default"]


@pytest.mark.parametrize("place", [[], [1], [0, 0], [-1], ["x"]])
def test_there_is_no_button_there(told: Wechat, place: list[Any]) -> None:
    tap(told, {"type": "click", "key": "k"})
    openid = told.add_follower().openid
    assert "error" in told.control("tap", openid=openid, place=place)
