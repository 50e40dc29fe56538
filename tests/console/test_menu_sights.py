"""谁看到什么: which menu somebody sees, by our reckoning and by WeChat's answer."""

import pytest

from menus.conditional import Rule, Variant
from menus.targets import click, view
from menus.tree import Entry, Hall, Menu
from tests.console import seeds
from tests.console.house import House
from tests.console.menu_desk import Desk

ONE = Hall("一", (Entry("甲", click("points")),))


@pytest.fixture
def desk(house: House) -> Desk:
    made = Desk(house)
    made.first()
    return made


def test_as_whom_which_menu_and_why(desk: Desk) -> None:
    house = desk.house
    wang, li = house.database.transaction(
        lambda db: (
            seeds.add_member(db, house.vault, 11, "王芳<b>"),
            seeds.add_member(db, house.vault, 22, "李雷"),
        )
    )
    desk.tag("vip", "老用户", wang.id)
    vip = Variant("老用户专属", Rule("vip"), Menu((Hall("专属", target=view("/site/")),)))
    number = desk.draft(ONE, variants=[vip])
    desk.approve(number)
    marketer = desk.enter("marketer")
    marketer.post(f"/console/menu/{number}/publications")
    desk.work()

    seen = marketer.text(f"/console/menu/sights/{wang.id}")
    other = marketer.text(f"/console/menu/sights/{li.id}?platform=9")

    assert "「老用户专属」：符合，显示这一套" in seen
    assert "王芳&lt;b&gt;看到的菜单" in seen
    assert "没有标签“老用户”" in other
    assert "还没有同步到微信" in seen
    assert "13800000011" not in seen
    answer = marketer.post(f"/console/menu/sights/{li.id}/matches", platform="1")
    assert "和这里推算的一致" in answer.text
    differs = marketer.post(f"/console/menu/sights/{wang.id}/matches")
    assert "和这里推算的不同" in differs.text
    desk.wechat.fail("match", "refused", "65302")
    assert "微信返回 65302" in marketer.post(f"/console/menu/sights/{li.id}/matches").text
    assert marketer.get("/console/menu/sights/4242").status_code == 404


@pytest.mark.parametrize("asked", ["王芳", "1", "0001"])
def test_somebody_is_found_by_name_number_or_the_tail_of_the_phone(desk: Desk, asked: str) -> None:
    house = desk.house
    house.database.transaction(lambda db: seeds.add_member(db, house.vault, 1))
    marketer = desk.enter("marketer")

    answer = marketer.post("/console/menu/sights/searches", q=asked)

    page = marketer.text(answer.location)
    assert "王芳" in page
    assert "138****0001" in page
    whole = marketer.post("/console/menu/sights/searches", q=seeds.phone_of(1))
    assert whole.location == "/console/menu/sights/1"


@pytest.mark.parametrize(
    "asked", ["nobody", "%", "_", "\x00", "9" * 40, "<script>", "13900000000"]
)
def test_whoever_is_not_found_is_said_so(desk: Desk, asked: str) -> None:
    house = desk.house
    house.database.transaction(lambda db: seeds.add_member(db, house.vault, 1))
    marketer = desk.enter("marketer")

    answer = marketer.post("/console/menu/sights/searches", q=asked)
    page = answer.text if answer.status_code == 200 else marketer.text(answer.location)

    assert "王芳" not in page
    assert "13900000000" not in page
    assert "<script>" not in page.split("<main")[1]


def test_before_anything_is_live_nobody_sees_a_menu(house: House) -> None:
    desk = Desk(house)
    member = house.database.transaction(lambda db: seeds.add_member(db, house.vault, 1))
    marketer = desk.enter("marketer")
    assert "还没有发布过菜单" in marketer.text(f"/console/menu/sights/{member.id}")
    assert marketer.get("/console/menu/drift").location == "/console/menu"
