"""The tree: every kind of target, round trips, hostile JSON, limits to the byte."""

from typing import Any

import pytest

from menus import limits, wechat_shape
from menus.limits import Meter
from menus.targets import KEY_KINDS, KINDS, UNSUPPORTED, Target, click, view
from menus.tree import Entry, Hall, Menu, MenuMalformed, from_json, to_json

BASE = "https://hall.test"
APP = "wx0123456789abcdef"
VALUES = {"key": "prices", "url": "/site/coupons", "media_id": "MEDIA-1", "article_id": "ART-1"}


def target_of(kind: str) -> Target:
    more = {"appid": APP, "pagepath": "pages/home"} if kind == "miniprogram" else {}
    return Target(kind, VALUES[KINDS[kind].field], **more)


def one(target: Target, name: str = "入口") -> Menu:
    return Menu((Hall("业务", (Entry(name, target),)),))


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_goes_to_wechat_and_comes_back(kind: str) -> None:
    for menu in (one(target_of(kind)), Menu((Hall("直达", target=target_of(kind)),))):
        assert limits.check(menu, BASE) == []
        assert from_json(to_json(menu)) == menu
        sent = wechat_shape.to_wechat(menu, BASE)
        found = wechat_shape.from_wechat(sent["button"], BASE)
        assert found.problems == []
        if kind != "miniprogram":  # its fallback stays an address
            assert found.menu == menu


def test_what_is_sent_is_what_wechat_documents() -> None:
    menu = Menu(
        (Hall("一", (Entry("小程序", target_of("miniprogram")),)), Hall("二", target=click("k")))
    )
    assert wechat_shape.to_wechat(menu, BASE) == {
        "button": [
            {
                "name": "一",
                "sub_button": [
                    {
                        "type": "miniprogram", "name": "小程序", "url": f"{BASE}/site/coupons",
                        "appid": APP, "pagepath": "pages/home",
                    }
                ],
            },
            {"type": "click", "name": "二", "key": "k"},
        ]
    }  # fmt: skip


def test_the_old_shape_is_read() -> None:
    old = [{"name": "业务", "entries": [{"name": "a", "key": "prices", "page": None},
                                      {"name": "b", "key": None, "page": "/site/"}]}]  # fmt: skip
    assert from_json(old) == Menu(
        (Hall("业务", (Entry("a", click("prices")), Entry("b", view("/site/")))),)
    )


@pytest.mark.parametrize(
    "data",
    [
        None, {}, "x", 5, [None], [[]], [{"name": 5, "entries": []}], [{"entries": []}],
        [{"name": "x", "entries": {}}], [{"name": "x", "evil": 1}], [{"name": "x"}] * 9,
        [{"name": "x", "entries": [{"name": "y"}]}],
        [{"name": "x", "entries": [{"name": "y", "key": "k", "page": "/"}]}],
        [{"name": "x", "entries": [{"name": "y", "key": "k"}] * 21}],
        [{"name": "a\0b"}], [{"name": "\ud800"}], [{"name": "a\u202eb"}], [{"name": "x" * 2001}],
        [{"name": "x", "target": {"kind": "dance", "value": "k"}}],
        [{"name": "x", "target": {"kind": "click", "value": ["k"]}}],
        [{"name": "x", "target": {"kind": "click", "value": "k", "more": "1"}}],
        [{"name": "x", "target": {"kind": ["click"], "value": "k"}}],
    ],
)  # fmt: skip
def test_what_is_no_menu_is_refused(data: Any) -> None:
    with pytest.raises(MenuMalformed):
        from_json(data)


@pytest.mark.parametrize(
    ("menu", "errcodes"),
    [
        (Menu(()), [40016]),
        (Menu(tuple(Hall("x", target=click("k")) for _ in range(4))), [40016]),
        (Menu((Hall("a" * 16, target=click("k")),)), []),
        (Menu((Hall("a" * 17, target=click("k")),)), [40018]),
        (Menu((Hall("一二三四五", target=click("k")),)), []),
        (Menu((Hall("一二三四五六", target=click("k")),)), [40018]),
        (Menu((Hall("", target=click("k")),)), [40018]),
        (Menu((Hall("x"),)), [40023]),
        (Menu((Hall("x", (Entry("y", click("k")),), click("k")),)), [40016]),
        (Menu((Hall("x", (Entry("y", click("k")),) * 6),)), [40023]),
        (one(click("k"), "二" * 20), []),
        (one(click("k"), "二" * 20 + "a"), [40025]),
        (one(click("k" * 128)), []),
        (one(click("k" * 129)), [40026]),
        (one(click("签" * 43)), [40026]),
        (one(view("https://e.cn/" + "a" * 1011)), []),
        (one(view("https://e.cn/" + "a" * 1012)), [40027]),
        (one(view("/" + "a" * (1024 - len(BASE) - 1))), []),
        (one(view("/" + "a" * (1024 - len(BASE)))), [40027]),
        (one(view("")), [40027]),
        (one(view("javascript:alert(1)")), [40054]),
        (one(view("https://e.cn/a b")), [40054]),
        (one(view("https://[")), [40054]),
        (Menu((Hall("x", target=view("ftp://x")),)), [40055]),
        (one(Target("miniprogram", "/", "WX1", "p")), [45064]),
        (one(Target("miniprogram", "/", APP, "")), [45064]),
        (one(Target("media_id", "")), [40007]),
        (one(Target("article_id", "")), [53600]),
        (one(Target(UNSUPPORTED, "text")), [40024]),
    ],
)
def test_limits_to_the_byte(menu: Menu, errcodes: list[int]) -> None:
    assert [finding.errcode for finding in limits.check(menu, BASE)] == errcodes


def test_counters_tell_used_and_limit() -> None:
    menu = Menu((Hall("签到领积分", (Entry("官网", view("/a")),)),))
    shown = limits.meters(menu, BASE)
    assert shown[0, None]["name"] == Meter(15, 16)
    assert shown[0, 0] == {"name": Meter(6, 60), "value": Meter(len(BASE) + 2, 1024)}
    assert Meter(17, 16).over
    assert not Meter(16, 16).over


def test_what_wechats_console_made_is_told_and_keeps_its_place() -> None:
    current = [
        {"name": "服务", "sub_button": {"list": [
            {"type": "text", "name": "你好", "value": "欢迎光临"},
            {"type": "img", "name": "海报", "value": "MEDIA-9"},
            {"type": "view", "name": "官网", "url": f"{BASE}/site/"},
            {"type": "video", "name": "视频", "value": "http://v"},
            "nonsense",
        ]}},
        {"type": "hologram", "name": "新玩意"},
    ]  # fmt: skip
    found = wechat_shape.from_wechat(current, BASE)
    kinds = [entry.target.kind for _, entry in found.menu.leaves()]
    assert kinds == [UNSUPPORTED, "media_id", "view", UNSUPPORTED, UNSUPPORTED]
    assert found.menu.halls[0].entries[2].target == view("/site/")
    assert len(found.problems) == 5
    assert "欢迎光临" in found.problems[0]
    assert [each.errcode for each in limits.check(found.menu, BASE)] == [40024, 40024, 40015]


@pytest.mark.parametrize("answer", [None, 5, "x", [], {}, {"list": 3}, [None, 7]])
def test_a_strange_answer_is_no_crash(answer: Any) -> None:
    assert wechat_shape.from_wechat(answer, BASE).menu == Menu(())


def test_buttons_are_the_same_whatever_wechat_adds() -> None:
    ours = wechat_shape.to_wechat(one(click("k")), BASE)["button"]
    theirs: list[Any] = [
        {"name": "业务", "sub_button": [{**ours[0]["sub_button"][0], "sub_button": [], "id": 7}]}
    ]
    assert wechat_shape.same_buttons(ours, theirs)
    theirs[0]["sub_button"][0]["key"] = "other"
    assert not wechat_shape.same_buttons(ours, theirs)


def test_key_kinds_are_those_that_carry_a_key() -> None:
    assert {"click", "scancode_push", "location_select"} <= KEY_KINDS
    assert "view" not in KEY_KINDS
