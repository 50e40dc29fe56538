"""Drift, import before take-over, and what an unclear world does to them."""

from typing import Any

import pytest
from sqlalchemy import select

from menus import drift, imports, publications, versions
from menus.conditional import Face, Rule
from menus.drift import Drift
from menus.imports import NothingToImport
from menus.publisher import reading_of
from menus.targets import UNSUPPORTED
from menus.versions import MenuVersion
from tests.menus.house import BASE, MARKETER, RULES, House, menu, variant

ONE, TWO = menu("资费"), menu("网点")
FOREIGN: list[Any] = [{"type": "view", "name": "别人的", "url": "https://other.test/"}]


def last(house: House) -> Drift:
    return house.database.read(drift.last)


def test_our_own_menu_is_no_drift(house: House) -> None:
    house.tag("vip", "贵宾")
    house.publish(Face(ONE, (variant("贵宾", "vip", "甲"),)))
    assert house.check() == []
    assert last(house).clear
    assert last(house).checked_at == house.clock.now()


def test_a_change_behind_our_back_is_told_until_it_is_repaired(house: House) -> None:
    number = house.publish(ONE)
    house.wechat.buttons = FOREIGN
    house.later(hours=1)
    began = house.clock.now()
    found = last(house)
    assert (found.differences, found.since) == (("默认菜单与这里的不同",), began)
    house.later(hours=1)
    assert (last(house).since, last(house).checked_at) == (began, house.clock.now())
    assert house.wechat.buttons == FOREIGN  # told, not overwritten
    house.do(lambda db: publications.repair(db, house.hand(MARKETER), house.clock.now()))
    house.send()
    assert (house.wechat.names, house.live()) == (["资费"], number)
    assert last(house).clear
    assert house.check() == []


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda wechat: setattr(wechat, "buttons", None), "没有菜单"),
        (lambda wechat: wechat.conditional.clear(), "应有 2 套"),
        (lambda wechat: wechat.conditional.reverse(), "顺序"),
        (lambda wechat: wechat.conditional[0].update(matchrule={"tag_id": "7"}), "条件"),
    ],
)
def test_every_kind_of_drift_is_seen(quick_house: House, change: Any, told: str) -> None:
    house = quick_house
    house.tag("vip", "贵宾")
    house.tag("new", "新客户")
    house.publish(Face(ONE, (variant("甲", "vip", "甲"), variant("乙", "new", "乙"))))
    change(house.wechat)
    found = house.check()
    assert found is not None
    assert told in found[0]


def test_a_wechat_that_does_not_answer_is_a_problem_not_a_drift(house: House) -> None:
    house.publish(ONE)
    house.wechat.fail("read", "stop", "48001")
    assert house.check() is None
    found = last(house)
    assert found.problem is not None
    assert "认证" in found.problem
    assert not found.clear
    assert house.check() == []
    assert last(house).problem is None


def test_a_look_that_was_overtaken_is_thrown_away(house: House) -> None:
    house.publish(ONE)
    now = house.clock.now()
    expected = house.database.read(lambda db: drift.expect(db, now, RULES))
    assert expected is not None
    reading = reading_of(house.wechat.read())
    house.publish(TWO)  # meanwhile
    found = house.do(lambda db: drift.keep(db, expected, reading, now, BASE))
    assert found == []
    assert last(house).clear


def current(*buttons: Any) -> dict[str, Any]:
    return {"is_menu_open": 1, "selfmenu_info": {"button": list(buttons)}}


def take_over(house: House, read: Any, now: Any, tags: dict[str, int]) -> MenuVersion:
    hand = house.hand(MARKETER)
    return house.do(lambda db: imports.take_over(db, (read, now, tags), hand, BASE))


def test_a_menu_of_wechats_console_becomes_a_draft(house: House) -> None:
    shown = current({"type": "text", "name": "问候", "value": "您好"}, *FOREIGN)
    made = take_over(house, None, shown, {})
    assert (made.state, made.author_id) == ("draft", MARKETER)
    kinds = [entry.target.kind for _, entry in versions.menu_of(made).leaves()]
    assert kinds == [UNSUPPORTED, "view"]
    assert any("您好" in remark for remark in made.remarks)
    assert house.wechat.calls == []


def test_conditional_menus_are_imported_with_what_still_holds(house: House) -> None:
    house.tag("vip", "贵宾")
    read = {
        "menu": {"button": FOREIGN},
        "conditionalmenu": [
            {"button": FOREIGN, "menuid": 9, "matchrule": {"tag_id": "101"}},
            {"button": FOREIGN, "menuid": 8, "matchrule": {"group_id": 102, "sex": "1"}},
            {"button": FOREIGN, "menuid": 7, "matchrule": {"client_platform_type": 2}},
            "nonsense",
        ],
    }
    made = take_over(house, read, {}, {"贵宾": 101, "外人": 102})
    rules = [one.rule for one in versions.face_of(made).variants]
    assert rules == [Rule("vip"), Rule(), Rule("", "2")]
    told = "".join(made.remarks)
    assert "外人" in told
    assert "sex" in told


def test_an_account_without_a_menu_has_nothing_to_import(quick_house: House) -> None:
    with pytest.raises(NothingToImport):
        take_over(quick_house, None, {"is_menu_open": 0}, {})
    assert not quick_house.database.read(lambda db: db.scalars(select(MenuVersion)).all())
