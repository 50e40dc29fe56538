"""The editor of the menu: what is typed is kept as typed, and nobody's work is lost."""

from functools import partial

import pytest

from menus.conditional import Rule, Variant
from menus.tree import Menu
from tests.console.house import Browser, House
from tests.console.menu_desk import (
    FIELDS,
    ONE,
    ORDER,
    TWO,
    Desk,
    entry,
    hall,
    names,
    preview,
    revision_in,
    save,
)
from tests.console.test_pages import cost


@pytest.fixture
def desk(house: House) -> Desk:
    return Desk(house)


@pytest.fixture
def version_id(desk: Desk) -> int:
    return desk.draft(ONE, TWO)


@pytest.fixture
def marketer(desk: Desk) -> Browser:
    return desk.enter("marketer")


def test_the_form_that_is_drawn_saves_the_same_menu(
    desk: Desk, version_id: int, marketer: Browser
) -> None:
    before = desk.menu(version_id)
    page = marketer.text(f"/console/menu/{version_id}/edit")
    assert revision_in(page) == 1

    answer = save(marketer, version_id, ORDER, **FIELDS)

    assert answer.status_code == 303
    assert desk.menu(version_id) == before
    assert desk.version(version_id).note == "改了一点"
    assert "草稿已保存" in marketer.text(answer.location)


@pytest.mark.parametrize(
    ("act", "wanted"),
    [
        ("down:0.0", [("一", ["乙", "甲"]), ("二", ["丙"])]),
        ("up:0.1", [("一", ["乙", "甲"]), ("二", ["丙"])]),
        ("up:0.0", [("一", ["甲", "乙"]), ("二", ["丙"])]),
        ("down:1.0", [("一", ["甲", "乙"]), ("二", ["丙"])]),
        ("down:0", [("二", ["丙"]), ("一", ["甲", "乙"])]),
        ("up:1", [("二", ["丙"]), ("一", ["甲", "乙"])]),
        ("remove:0.0", [("一", ["乙"]), ("二", ["丙"])]),
        ("remove:0", [("二", ["丙"])]),
        ("move:0.0", [("一", ["乙"]), ("二", ["丙", "甲"])]),
        ("add:1", [("一", ["甲", "乙"]), ("二", ["丙", ""])]),
        ("add:", [("一", ["甲", "乙"]), ("二", ["丙"]), ("", [])]),
        ("up:9.9", [("一", ["甲", "乙"]), ("二", ["丙"])]),
        ("explode:0.0", [("一", ["甲", "乙"]), ("二", ["丙"])]),
        ("up:０.１", [("一", ["甲", "乙"]), ("二", ["丙"])]),
        ("", [("一", ["甲", "乙"]), ("二", ["丙"])]),
    ],
)
def test_buttons_move_without_a_script(
    desk: Desk, version_id: int, marketer: Browser, act: str, wanted: list[tuple[str, list[str]]]
) -> None:
    answer = save(marketer, version_id, ORDER, act, **FIELDS, **{"0.0.to": "1"})

    assert answer.status_code == 303
    assert names(desk.menu(version_id)) == wanted


def test_the_eye_follows_what_was_moved(desk: Desk, version_id: int, marketer: Browser) -> None:
    answer = save(marketer, version_id, ORDER, "move:0.0", **FIELDS, **{"0.0.to": "1"})

    page = marketer.text(answer.location)

    assert "focus=1.1" in answer.location
    label = 'value="up:1.1" title="第 2 个菜单第 2 项上移" aria-label="第 2 个菜单第 2 项上移"'
    assert f"{label} autofocus" in page
    assert page.count(" autofocus") == 1


def test_the_order_of_the_form_is_the_order_of_the_menu(
    desk: Desk, version_id: int, marketer: Browser
) -> None:
    save(marketer, version_id, "1 0.1 1.0 0 0.0", **FIELDS)
    assert names(desk.menu(version_id)) == [("二", ["乙", "丙"]), ("一", ["甲"])]


@pytest.mark.parametrize(
    "order",
    ["0.0 0.1", "x 0 0.0 0.0 0.0 0", "0 ../etc 0.0.0 -1 99", "0 " * 900, "", "0 7.7 8.8"],
)
def test_an_order_of_nonsense_is_no_error(version_id: int, marketer: Browser, order: str) -> None:
    assert save(marketer, version_id, order, **FIELDS).status_code in {303, 422}


def test_what_is_too_many_is_refused_with_what_was_typed(
    desk: Desk, version_id: int, marketer: Browser
) -> None:
    order = "0 " + " ".join(f"0.{number}" for number in range(21))
    fields = {**hall("0", "满")}
    for number in range(21):
        fields |= entry(f"0.{number}", f"第{number}个")

    answer = save(marketer, version_id, order, **fields)

    assert answer.status_code == 422
    assert "第20个" in answer.text
    assert "还没有保存" in answer.text
    assert names(desk.menu(version_id))[0] == ("一", ["甲", "乙"])


def test_somebody_faster_is_shown_and_nothing_is_lost(
    desk: Desk, version_id: int, marketer: Browser
) -> None:
    save(desk.enter("owner"), version_id, ORDER, **{**FIELDS, "0.0.name": "同事的"})

    mine = {**FIELDS, "0.0.name": "我的<b>"}
    answer = save(marketer, version_id, ORDER, **mine)

    assert answer.status_code == 409
    assert "同事刚保存过" in answer.text
    assert "同事的" in answer.text
    assert "我的&lt;b&gt;" in answer.text
    assert desk.menu(version_id).halls[0].entries[0].name == "同事的"
    kept = marketer.client.post(
        f"/console/menu/{version_id}/forks",
        data={**mine, "tab": "0", "order": ORDER.split(), "csrf_token": marketer.token()},
    )
    assert kept.location == f"/console/menu/{version_id + 1}/edit"
    assert desk.menu(version_id + 1).halls[0].entries[0].name == "我的<b>"
    assert desk.version(version_id + 1).base_id == version_id


def test_a_fork_of_nonsense_is_no_draft(desk: Desk, version_id: int, marketer: Browser) -> None:
    answer = marketer.post(f"/console/menu/{version_id}/forks", order="0", **{"0.kind": "evil"})
    assert answer.location == f"/console/menu/{version_id}"
    assert marketer.get(f"/console/menu/{version_id + 1}").status_code == 404


def test_a_tab_that_a_colleague_removed_is_a_conflict(version_id: int, marketer: Browser) -> None:
    answer = save(marketer, version_id, ORDER, **FIELDS, tab="3")
    assert answer.status_code == 409
    assert "这一套已被同事删除" in answer.text


@pytest.mark.parametrize("state", ["in_review", "approved"])
def test_only_a_draft_is_edited(
    desk: Desk, version_id: int, marketer: Browser, state: str
) -> None:
    if state == "approved":
        desk.approve(version_id)
    else:
        marketer.post(f"/console/menu/{version_id}/asks")
    before = desk.menu(version_id)

    shown = marketer.get(f"/console/menu/{version_id}/edit")
    answer = save(marketer, version_id, "0", **hall("0", "别的"))

    assert shown.location == answer.location == f"/console/menu/{version_id}"
    assert desk.menu(version_id) == before
    marketer.post(f"/console/menu/{version_id}/discard")
    assert desk.version(version_id).state == state


def test_a_draft_is_thrown_away(desk: Desk, version_id: int, marketer: Browser) -> None:
    assert desk.version(version_id).state == "draft"
    answer = marketer.post(f"/console/menu/{version_id}/discard")
    assert answer.location == "/console/menu"
    assert marketer.get(f"/console/menu/{version_id}").status_code == 404


def test_typing_is_drawn_and_checked_and_not_kept(
    desk: Desk, version_id: int, marketer: Browser
) -> None:
    fields = {
        **FIELDS,
        "0.0.name": "全网最低价",
        "1.0.pick": "",
        "1.0.typed": "javascript:alert(1)",
    }

    answer = preview(marketer, version_id, ORDER, **fields)

    assert answer.status_code == 200
    assert answer.text.count("全网最低价") >= 2
    assert 'id="faults-0-0" hx-swap-oob="true"' in answer.text
    assert "链接应以 / 开头" in answer.text
    assert "处必须修改" in answer.text
    assert "<form" not in answer.text
    assert desk.version(version_id).revision == 1
    assert preview(marketer, version_id, ORDER, tab="x").status_code == 204


def test_saving_through_htmx_answers_the_fragment(
    desk: Desk, version_id: int, marketer: Browser
) -> None:
    form = {**FIELDS, "tab": "0", "revision": "1", "act": "save", "note": ""}
    answer = marketer.client.post(
        f"/console/menu/{version_id}/edit",
        data={**form, "order": ORDER.split(), "csrf_token": marketer.token()},
        headers={"HX-Request": "true"},
    )
    assert answer.status_code == 200
    assert answer.text.lstrip().startswith('<div id="menu-desk">')
    assert "已保存" in answer.text
    assert revision_in(answer.text) == 2


def test_saving_can_lead_on_to_the_review(version_id: int, marketer: Browser) -> None:
    answer = save(marketer, version_id, ORDER, "done", **FIELDS)
    assert answer.location == f"/console/menu/{version_id}"
    page = marketer.text(answer.location)
    assert "提交审核" in page


def test_variants_are_tabs_of_their_own(desk: Desk, version_id: int, marketer: Browser) -> None:
    desk.tag("vip", "老用户<b>")
    desk.tag("trial", "体验用户")
    added = save(marketer, version_id, ORDER, "add_variant", **FIELDS)
    assert "tab=1" in added.location
    page = marketer.text(added.location)
    assert "老用户&lt;b&gt;" in page
    assert "体验用户（试用标签）" in page
    assert "请选择标签或手机系统" in page

    fields = {**hall("0", "专属"), **entry("0.0", "甲")}
    rule = {"tab": "1", "variant_name": "老用户", "tag": "vip", "platform": "1", "revision": "2"}
    save(marketer, version_id, "0 0.0", **fields, **rule)
    second = save(
        marketer, version_id, "0 0.0", "add_variant", **fields, **{**rule, "revision": "3"}
    )
    assert "tab=2" in second.location
    sooner = {
        **rule,
        "revision": "4",
        "tab": "2",
        "variant_name": "第二",
        "tag": "",
        "platform": "2",
    }
    save(marketer, version_id, "0 0.0", "sooner", **fields, **sooner)

    face = desk.face(version_id)
    assert [one.name for one in face.variants] == ["第二", "老用户"]
    assert face.variants[1].rule == Rule("vip", "1")
    assert names(face.variants[1].menu) == [("专属", ["甲"])]
    assert names(face.menu)[0] == ("一", ["甲", "乙"])

    gone = {**rule, "revision": "5", "tab": "1"}
    save(marketer, version_id, "0 0.0", "remove_variant", **fields, **gone)
    face = desk.face(version_id)
    assert [one.name for one in face.variants] == ["老用户"]
    shown = marketer.text(f"/console/menu/{version_id}")
    assert "有“老用户&lt;b&gt;”标签，iPhone" in shown


def test_a_live_check_costs_little(desk: Desk, version_id: int, marketer: Browser) -> None:
    variants = [Variant(f"套{n}", Rule("vip"), Menu((ONE,))) for n in range(8)]
    many = desk.draft(ONE, TWO, variants=variants)
    token = marketer.token()
    spent = [
        cost(desk.house, partial(preview, marketer, one, ORDER, csrf_token=token, **FIELDS))
        for one in (version_id, many)
    ]
    assert spent[0] <= 4
    assert spent[1] <= spent[0] + 2 * 8, "a statement or two a variant at most"
