"""Menus: limits to the byte, both shapes of reading, personalised ones."""

from typing import Any

import pytest

from tests.emulator.stubs import Wechat

VIEW = {"type": "view", "name": "报装", "url": "https://example.com/apply"}
CLICK = {"type": "click", "name": "签到领积分", "key": "CHECKIN"}
HALL = {"name": "业务大厅", "sub_button": [VIEW, CLICK]}


def create(wechat: Wechat, *buttons: Any) -> int:
    return int(wechat.call("/cgi-bin/menu/create", button=list(buttons))["errcode"])


def test_three_halls_are_taken_and_read_back(wechat: Wechat) -> None:
    assert wechat.get("/cgi-bin/menu/get")["errcode"] == 46003
    assert create(wechat, HALL, CLICK, VIEW) == 0
    buttons = wechat.get("/cgi-bin/menu/get")["menu"]["button"]
    assert [each["name"] for each in buttons] == ["业务大厅", "签到领积分", "报装"]
    assert buttons[1]["sub_button"] == []
    told = wechat.get("/cgi-bin/get_current_selfmenu_info")
    assert told["is_menu_open"] == 1
    assert told["selfmenu_info"]["button"][0]["sub_button"]["list"][0]["name"] == "报装"
    assert wechat.read("menu")["button"] == buttons
    assert wechat.get("/cgi-bin/menu/delete")["errcode"] == 0
    assert wechat.get("/cgi-bin/menu/get")["errcode"] == 46003


@pytest.mark.parametrize(
    ("buttons", "errcode"),
    [
        ([], 40016),
        ([CLICK] * 4, 40016),
        (["x"], 40016),
        ([{**CLICK, "name": "a" * 16}], 0),
        ([{**CLICK, "name": "a" * 17}], 40018),
        ([{**CLICK, "name": "一二三四五六"}], 40018),
        ([{**CLICK, "name": ""}], 40018),
        ([{**CLICK, "key": "a" * 128}], 0),
        ([{**CLICK, "key": "a" * 129}], 40019),
        ([{**CLICK, "key": "签" * 43}], 40019),
        ([{"type": "click", "name": "x"}], 40019),
        ([{**VIEW, "url": "https://e.cn/" + "a" * 1011}], 0),
        ([{**VIEW, "url": "https://e.cn/" + "a" * 1012}], 40020),
        ([{"type": "view", "name": "x"}], 40027),
        ([{**VIEW, "url": "example.com"}], 40055),
        ([{"type": "dance", "name": "x"}], 40015),
        ([{"name": "x"}], 40015),
        ([{"name": "x", "sub_button": []}], 40023),
        ([{**HALL, "sub_button": [CLICK] * 5}], 0),
        ([{**HALL, "sub_button": [CLICK] * 6}], 40023),
        ([{**HALL, "type": "click", "key": "x"}], 40016),
        ([{**HALL, "sub_button": [{"type": "dance", "name": "x"}]}], 40024),
        ([{**HALL, "sub_button": [{**CLICK, "name": "二" * 20}]}], 0),
        ([{**HALL, "sub_button": [{**CLICK, "name": "二" * 20 + "a"}]}], 40025),
        ([{**HALL, "sub_button": [{**CLICK, "key": "a" * 129}]}], 40026),
        ([{**HALL, "sub_button": [{**VIEW, "url": "https://e.cn/" + "a" * 1012}]}], 40027),
        ([{**HALL, "sub_button": [{**VIEW, "url": "ftp://x"}]}], 40054),
        ([{**HALL, "sub_button": [HALL]}], 40022),
        ([{**VIEW, "type": "miniprogram", "appid": "wx1", "pagepath": "p"}], 45064),
    ],
)
def test_limits(wechat: Wechat, buttons: list[Any], errcode: int) -> None:
    assert create(wechat, *buttons) == errcode


def test_unicode_escapes_are_refused(wechat: Wechat) -> None:
    escaped = b'{"button":[{"type":"click","name":"\\u7b7e\\u5230","key":"k"}]}'
    assert wechat.post_bytes("/cgi-bin/menu/create", escaped)["errcode"] == 40033


def test_a_refused_menu_leaves_the_old_one(wechat: Wechat) -> None:
    create(wechat, CLICK)
    create(wechat, *[CLICK] * 4)
    assert len(wechat.get("/cgi-bin/menu/get")["menu"]["button"]) == 1


def test_personalised_menu_goes_by_tag(wechat: Wechat) -> None:
    tag = wechat.call("/cgi-bin/tags/create", tag={"name": "装维"})["tag"]["id"]
    body: dict[str, Any] = {"button": [CLICK], "matchrule": {"tag_id": str(tag)}}
    assert wechat.call("/cgi-bin/menu/addconditional", **body)["errcode"] == 65303
    create(wechat, VIEW)
    menuid = wechat.call("/cgi-bin/menu/addconditional", **body)["menuid"]
    member, stranger = wechat.add_follower(), wechat.add_follower()
    wechat.call("/cgi-bin/tags/members/batchtagging", openid_list=[member.openid], tagid=tag)
    seen = wechat.call("/cgi-bin/menu/trymatch", user_id=member.openid)
    assert seen["button"][0]["name"] == CLICK["name"]
    assert wechat.read("menu", openid=stranger.openid)["button"][0]["name"] == VIEW["name"]
    assert wechat.get("/cgi-bin/menu/get")["conditionalmenu"][0]["menuid"] == int(menuid)
    assert wechat.call("/cgi-bin/menu/delconditional", menuid=menuid)["errcode"] == 0
    assert wechat.call("/cgi-bin/menu/delconditional", menuid=menuid)["errcode"] == 65301


@pytest.mark.parametrize(
    ("rule", "errcode"),
    [({}, 65304), ({"sex": "1"}, 65320), ({"tag_id": "999"}, 45159)],
)
def test_match_rules_are_checked(wechat: Wechat, rule: dict[str, str], errcode: int) -> None:
    create(wechat, VIEW)
    body = {"button": [CLICK], "matchrule": rule}
    assert wechat.call("/cgi-bin/menu/addconditional", **body)["errcode"] == errcode


def test_personalised_menu_leads_to_three_domains_at_most(wechat: Wechat) -> None:
    create(wechat, VIEW)
    subs = [{**VIEW, "url": f"https://d{number}.example"} for number in range(4)]
    body = {
        "button": [{"name": "x", "sub_button": subs}],
        "matchrule": {"client_platform_type": "2"},
    }
    assert wechat.call("/cgi-bin/menu/addconditional", **body)["errcode"] == 65316
