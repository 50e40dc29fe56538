"""Two people bring a menu to WeChat: review, publishing, trial, rollback, and who sees what."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from content.reviews import ReviewComment
from menus import publications
from menus.targets import click
from menus.tree import Entry, Hall
from tests.console import seeds
from tests.console.acts import acts
from tests.console.house import PASSWORD, House
from tests.console.menu_desk import Desk

ONE = Hall("一", (Entry("甲", click("points")),))


@pytest.fixture
def desk(house: House) -> Desk:
    made = Desk(house)
    made.first()
    return made


def shanghai(desk: Desk, **later: float) -> str:
    """A moment as the browser's field writes it."""
    at = desk.house.clock.now() + timedelta(hours=8) + timedelta(**later)
    return f"{at:%Y-%m-%dT%H:%M}"


def test_from_draft_to_phone_by_two_people(desk: Desk) -> None:
    number = desk.draft(ONE)
    marketer, approver = desk.enter("marketer"), desk.enter("approver")
    path = f"/console/menu/{number}"

    marketer.post(f"{path}/asks", note="请看")
    assert f'href="{path}"' in approver.text("/console/reviews")
    approver.post(f"{path}/comments", body="甲是什么<b>")
    approver.post(f"{path}/refusals", reason="名称太短")
    assert "名称太短" in marketer.text(path)
    assert "甲是什么&lt;b&gt;" in marketer.text(path)
    assert desk.version(number).state == "draft"
    marketer.post(f"{path}/asks")
    assert "通过</button>" in approver.text(path)
    assert "通过</button>" not in marketer.text(path)
    approver.post(f"{path}/approvals", reason="可以")
    assert ">发布</h2>" not in approver.text(path)
    answer = marketer.post(f"{path}/publications")
    assert answer.location == path
    assert ("send_menus", 0) in desk.house.nudged
    desk.work()

    assert desk.live() == number
    assert desk.wechat.names == ["甲"]
    assert "这一版正在微信上使用" in marketer.text(path)
    done = [one.action for one in acts(desk.house) if one.subject == f"menu:{number}"]
    assert done == [
        "menu.drafted", "menu.asked", "menu.sent_back", "menu.asked", "menu.approved",
        "menu.publish_ordered", "menu.published",
    ]  # fmt: skip


def test_nobody_approves_what_he_wrote(desk: Desk) -> None:
    number = desk.draft(ONE, by="owner")
    owner = desk.enter("owner")
    owner.post(f"/console/menu/{number}/asks")

    page = owner.text(f"/console/menu/{number}")
    owner.post(f"/console/menu/{number}/approvals", reason="我说行")

    assert "需由另一位同事审核" in page
    assert "通过</button>" not in page
    assert desk.version(number).state == "in_review"
    assert "own_work" in owner.text(f"/console/menu/{number}")


def test_what_was_not_approved_is_not_published(desk: Desk) -> None:
    number = desk.draft(ONE)
    marketer = desk.enter("marketer")
    for step in ("publications", "trials", "cancellations"):
        marketer.post(f"/console/menu/{number}/{step}")
        assert "menu_state" in marketer.text(f"/console/menu/{number}")
    assert desk.version(number).state == "draft"


def test_a_draft_that_wechat_refuses_cannot_be_sent_to_review(desk: Desk) -> None:
    number = desk.draft(Hall("太长的一级菜单名", (Entry("甲", click("nobody")),)))
    marketer = desk.enter("marketer")

    page = marketer.text(f"/console/menu/{number}")
    marketer.post(f"/console/menu/{number}/asks")

    assert "微信会拒绝的地方" in page
    assert "没有可以回复“nobody”的功能" in page
    assert "提交审核</button>" not in page
    assert desk.version(number).state == "draft"


def test_refusing_needs_a_reason_and_says_so(desk: Desk) -> None:
    number = desk.draft(ONE)
    desk.enter("marketer").post(f"/console/menu/{number}/asks")
    approver = desk.enter("approver")
    approver.post(f"/console/menu/{number}/refusals", reason=" ")
    assert "请写明退回的原因" in approver.text(f"/console/menu/{number}")
    approver.post(f"/console/menu/{number}/refusals", reason="长" * 501)
    assert "最多 500 字" in approver.text(f"/console/menu/{number}")
    assert desk.version(number).state == "in_review"


def test_the_author_takes_it_back(desk: Desk) -> None:
    number = desk.draft(ONE)
    marketer = desk.enter("marketer")
    marketer.post(f"/console/menu/{number}/asks")
    assert "撤回</button>" in marketer.text(f"/console/menu/{number}")
    marketer.post(f"/console/menu/{number}/withdrawals")
    assert desk.version(number).state == "draft"


def test_an_empty_remark_is_none(desk: Desk) -> None:
    desk.enter("approver").post("/console/menu/1/comments", body="  ")
    remarks = desk.house.database.read(lambda db: list(db.scalars(select(ReviewComment))))
    assert remarks == []


GRAVE = ("{}/publications", "{}/trials", "rollbacks", "repairs")


@pytest.mark.parametrize("step", GRAVE)
def test_what_everybody_sees_needs_the_password_again(desk: Desk, step: str) -> None:
    number = desk.draft(ONE)
    desk.approve(number)
    marketer = desk.enter("marketer")
    marketer.text(f"/console/menu/{number}")
    desk.house.clock.move(minutes=6)
    path = f"/console/menu/{step.format(number)}"
    before = desk.house.database.read(publications.latest)

    answer = marketer.client.post(
        path,
        data={"csrf_token": marketer.token()},
        headers={"Referer": f"http://localhost/console/menu/{number}"},
    )

    assert answer.status_code == 303
    assert answer.location == f"/console/confirm?next=/console/menu/{number}"
    assert len(desk.house.database.read(publications.latest)) == len(before)
    back = marketer.post(answer.location, password=PASSWORD)
    assert back.location == f"/console/menu/{number}"
    marketer.post(path)
    if step != "rollbacks":
        assert len(desk.house.database.read(publications.latest)) == len(before) + 1


def test_a_festival_comes_and_goes(desk: Desk) -> None:
    number = desk.draft(ONE)
    desk.approve(number)
    marketer = desk.enter("marketer")
    plan = {"publish_at": shanghai(desk, hours=1), "return_at": shanghai(desk, hours=3)}

    marketer.post(f"/console/menu/{number}/publications", **plan)

    page = marketer.text("/console/menu")
    assert "定时发布" in page
    assert "11月21日 13:00" in page
    assert "取消发布" in marketer.text(f"/console/menu/{number}")
    desk.work()
    assert desk.live() == 1
    desk.house.clock.move(hours=1, minutes=1)
    desk.work()
    assert desk.live() == number
    assert "到期换回" in desk.enter("marketer").text("/console/menu")
    desk.house.clock.move(hours=2)
    desk.work()
    assert desk.live() == 1


def test_a_schedule_is_cancelled(desk: Desk) -> None:
    number = desk.draft(ONE)
    desk.approve(number)
    marketer = desk.enter("marketer")
    marketer.post(f"/console/menu/{number}/publications", publish_at=shanghai(desk, hours=1))
    marketer.post(f"/console/menu/{number}/cancellations")
    desk.house.clock.move(hours=2)
    desk.work()
    assert desk.live() == 1
    assert desk.version(number).state == "approved"


@pytest.mark.parametrize(
    "plan",
    [
        {"publish_at": "2020-01-01T00:00"},
        {"publish_at": "0001-01-01T00:00"},
        {"publish_at": "soon<b>"},
        {"return_at": "2020-01-01T00:00"},
        {"publish_at": "2026-12-01T00:00", "return_at": "2026-11-30T00:00"},
        {"return_at": "9999-99-99T99:99"},
    ],
)
def test_times_that_cannot_be_are_refused_and_stay_in_the_form(
    desk: Desk, plan: dict[str, str]
) -> None:
    number = desk.draft(ONE)
    desk.approve(number)
    marketer = desk.enter("marketer")

    answer = marketer.post(f"/console/menu/{number}/publications", **plan)
    page = marketer.text(answer.location)

    assert "时间" in page
    assert "alert-danger" in page
    assert desk.version(number).state == "approved"
    for typed in plan.values():
        assert f'value="{typed.replace("<", "&lt;").replace(">", "&gt;")}"' in page


def test_a_rollback_is_one_click(desk: Desk) -> None:
    number = desk.draft(ONE)
    desk.approve(number)
    marketer = desk.enter("marketer")
    assert "回退到" not in marketer.text("/console/menu")
    marketer.post(f"/console/menu/{number}/publications")
    desk.work()
    assert "回退到第 1 版" in marketer.text("/console/menu")

    marketer.post("/console/menu/rollbacks")
    desk.work()

    assert desk.live() == 1
    assert desk.version(number).state == "rolled_back"
    assert desk.wechat.names == ["宽带套餐"]
    marketer.post("/console/menu/rollbacks")
    assert "nothing_to_return_to" in marketer.text("/console/menu")


def test_a_trial_is_for_the_tag_until_it_is_released(desk: Desk) -> None:
    house = desk.house
    number = desk.draft(ONE)
    desk.approve(number)
    marketer = desk.enter("marketer")
    assert "还没有体验标签" in marketer.text("/console/menu")
    member = house.database.transaction(lambda db: seeds.add_member(db, house.vault, 1))
    desk.tag("trial", "体验用户", member.id)

    marketer.post(f"/console/menu/{number}/trials")
    desk.work()

    page = marketer.text("/console/menu")
    assert '有“体验用户”标签的会员 <b class="wt-digits">1</b> 位' in page
    assert f"第 {number} 版试用中" in page
    assert desk.live() == 1
    assert len(desk.wechat.conditional) == 1
    assert "收回试用" in marketer.text(f"/console/menu/{number}")
    marketer.post("/console/menu/trial-ends")
    desk.work()
    assert desk.wechat.conditional == []
    marketer.post("/console/menu/trial-ends")
    assert "trial_missing" in marketer.text("/console/menu")
    marketer.post(f"/console/menu/{number}/trials")
    desk.work()
    marketer.post(f"/console/menu/{number}/publications")
    desk.work()
    assert desk.live() == number
    assert desk.wechat.conditional == []
