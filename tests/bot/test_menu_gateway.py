"""The calls of menus against WeChat in the box, and through to what a follower sees."""

from typing import Any

import pytest
import requests

from bot.client import Client
from bot.menu_gateway import MenuGateway
from bot.tokens import Tokens
from bot.transport import Transport
from kernel.outcomes import CallFailed, Outcome
from menus import publisher
from menus.conditional import Face, Rule, Variant
from menus.sendings import Order
from menus.targets import Target, click, view
from menus.tree import Entry, Hall, Menu
from menus.wechat_shape import from_wechat
from tests.bot.test_against_the_emulator import SETTINGS, Box, box

__all__ = ["box"]

BASE = "https://hall.test"
MENU = Menu(
    (
        Hall("业务", (Entry("资费", click("prices")), Entry("券", view("/site/coupons")))),
        Hall("扫码", target=Target("scancode_waitmsg", "help")),
    )
)
FOR_VIP = Menu((Hall("贵宾", target=click("human")),))


@pytest.fixture
def gateway(box: Box) -> MenuGateway:
    """The gateway of one process."""
    api = Transport(box.url)
    tokens = Tokens(api, SETTINGS.app_id, SETTINGS.app_secret, None)
    return MenuGateway(Client(SETTINGS.app_id, tokens, api))


def order(face: Face, tags: dict[str, int] | None = None) -> Order:
    return Order(1, face, tags or {}, {"vip": "贵宾"} if face.variants else {})


def test_a_face_arrives_and_is_read_back_as_it_is(box: Box, gateway: MenuGateway) -> None:
    face = Face(
        MENU, (Variant("贵宾", Rule("vip"), FOR_VIP), Variant("苹果", Rule("", "1"), MENU))
    )
    assert gateway.read() is None
    result = publisher.carry_out(gateway, order(face), BASE)
    assert result.outcome == Outcome("sent")
    reading = publisher.reading_of(gateway.read())
    assert publisher.differences(face, result.tags, reading, BASE) == []
    assert publisher.differences(Face(MENU), {}, reading, BASE) != []
    current: Any = gateway.read_current()
    assert from_wechat(current["selfmenu_info"]["button"], BASE).menu == MENU
    vip, stranger = box.followers(2)
    gateway.put_tag(result.tags["vip"], [vip])
    assert from_wechat(gateway.match(vip), BASE).menu == FOR_VIP
    assert from_wechat(gateway.match(stranger), BASE).menu == MENU
    gateway.take_tag(result.tags["vip"], [vip])
    assert from_wechat(gateway.match(vip), BASE).menu == MENU
    again = publisher.carry_out(gateway, order(Face(MENU), result.tags), BASE)
    assert again.outcome == Outcome("sent")
    assert publisher.reading_of(gateway.read()).conditional == []


def test_a_phone_taps_what_was_published(box: Box, gateway: MenuGateway) -> None:
    publisher.carry_out(gateway, order(Face(MENU)), BASE)
    (openid,) = box.followers(1)
    opened = box.control("tap", openid=openid, place=[0, 1])
    assert opened["opens"] == f"{BASE}/site/coupons"


def test_tags_are_found_by_name_and_made_once(gateway: MenuGateway) -> None:
    first = publisher.find_tags(gateway, {}, {"vip": "贵宾"})
    assert publisher.find_tags(gateway, {}, {"vip": "贵宾"}) == first
    assert gateway.tags() == {"贵宾": first["vip"]}
    assert publisher.find_tags(gateway, first, {"vip": "贵宾"}) == {}


def test_what_is_gone_is_no_failure(gateway: MenuGateway) -> None:
    gateway.delete_conditional("404")


@pytest.mark.parametrize(
    ("fault", "verdict", "reason"),
    [
        ({"kind": "errcode", "errcode": -1}, "again", "-1"),
        ({"kind": "errcode", "errcode": 45009}, "stop", "45009"),
        ({"kind": "errcode", "errcode": 40018}, "refused", "40018"),
        ({"kind": "errcode", "errcode": 48001}, "stop", "48001"),
        ({"kind": "garbage"}, "unknown", None),
        ({"kind": "reset", "act": True}, "unknown", None),
    ],
    ids=str,
)
def test_failures_are_told_apart(
    box: Box, gateway: MenuGateway, fault: dict[str, Any], verdict: str, reason: str | None
) -> None:
    gateway.read()
    box.fail("/cgi-bin/menu/create", times=1, **fault)
    with pytest.raises(CallFailed) as failed:
        gateway.create({"button": [{"name": "x", "type": "click", "key": "k"}]})
    assert failed.value.outcome.verdict == verdict
    if reason is not None:
        assert failed.value.outcome.reason == reason


def test_twenty_tags_are_enough_for_a_follower(box: Box, gateway: MenuGateway) -> None:
    (openid,) = box.followers(1)
    body = {"tags": list(range(1, 21))}
    requests.patch(f"{box.url}/control/users/{openid}", json=body, timeout=5)
    tag = gateway.create_tag("贵宾")
    with pytest.raises(CallFailed) as failed:
        gateway.put_tag(tag, [openid])
    assert failed.value.outcome.reason == "45059"


def test_nobody_answers_at_all() -> None:
    api = Transport("http://127.0.0.1:9")
    tokens = Tokens(api, SETTINGS.app_id, SETTINGS.app_secret, None)
    with pytest.raises(CallFailed) as failed:
        MenuGateway(Client(SETTINGS.app_id, tokens, api)).read()
    assert failed.value.outcome.verdict == "again"
