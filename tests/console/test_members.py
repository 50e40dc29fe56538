"""The pages of members."""

import re
from datetime import timedelta

from sqlalchemy import select

from loyalty import staff
from loyalty.members import Member
from loyalty.points import Credit, earn
from tests.console import seeds
from tests.console.acts import acts
from tests.console.house import NOON, Browser, House


def add_many(house: House, count: int) -> None:
    house.database.transaction(
        lambda db: [seeds.add_member(db, house.vault, n, f"会员{n}") for n in range(1, count + 1)]
    )


def test_the_list_pages_from_the_newest_to_the_oldest(house: House, owner: Browser) -> None:
    add_many(house, 30)

    first = owner.text("/console/members")
    led = re.search(r'href="([^"]+)" rel="next"', first)
    assert led is not None
    second = owner.text(led[1].replace("&amp;", "&"))

    assert "共 30 位会员" in first
    assert "会员30<" in first
    assert "会员5<" not in first
    assert "会员5<" in second
    assert "已经是最后一页" in second


def test_a_name_and_a_number_find(house: House, owner: Browser) -> None:
    add_many(house, 12)

    assert owner.text("/console/members?q=会员12").count("wt-row-link") == 1
    assert "会员7<" in owner.text("/console/members?q=7")
    assert "没有找到会员" in owner.text("/console/members?q=%")


def test_a_phone_finds_and_only_its_mask_is_shown(
    house: House, owner: Browser, wang: Member
) -> None:
    answer = owner.post("/console/members/searches", q="+86 138-0000 0001")

    assert answer.location == f"/console/members/{wang.id}"
    page = owner.text(answer.location)
    assert "138****0001" in page
    assert seeds.phone_of(1) not in page
    assert wang.openid not in page


def test_a_phone_never_gets_into_an_address(house: House, owner: Browser) -> None:
    answer = owner.post("/console/members/searches", q=seeds.phone_of(9))

    assert answer.location == "/console/members"
    assert "没有会员使用这个手机号码" in owner.text("/console/members")


def test_other_words_lead_to_the_list(house: House, owner: Browser) -> None:
    answer = owner.post("/console/members/searches", q="王")

    assert answer.location == "/console/members?q=%E7%8E%8B"


def test_a_name_is_text_on_every_page(house: House, owner: Browser) -> None:
    name = "<script>alert(1)"
    member = house.database.transaction(lambda db: seeds.add_member(db, house.vault, 1, name))
    application = house.database.transaction(
        lambda db: seeds.add_application(db, house.vault, member)
    )

    for path in (
        "",
        "members",
        f"members/{member.id}",
        "members?q=<script>alert(1)",
        "applications",
        f"applications/{application.number}",
    ):
        page = owner.text(f"/console/{path}")
        assert "<script>alert" not in page, path
        assert "&lt;script&gt;alert(1)" in page, path


def test_entries_page(house: House, owner: Browser, wang: Member) -> None:
    credits = [Credit(100, f"test:{n}", f"活动 {n}") for n in range(15)]
    later = NOON + timedelta(days=90)
    house.database.transaction(lambda db: earn(db, wang.id, credits, NOON, later))

    first = owner.text(f"/console/members/{wang.id}")
    second = owner.text(f"/console/members/{wang.id}?before=6")

    assert "1,500" in first
    assert "活动 14" in first
    assert "活动 4<" not in first
    assert "活动 4<" in second


def test_a_member_is_made_staff(house: House, owner: Browser, wang: Member) -> None:
    house.database.transaction(seeds.add_branch)

    answer = owner.post(f"/console/members/{wang.id}/staff", name="小王", branch="zhongshan")

    assert answer.status_code == 303
    appointed = house.database.read(lambda db: staff.get(db, wang.openid))
    assert (appointed.name, appointed.branch) == ("小王", "zhongshan")
    (act,) = acts(house)
    assert act.action == "staff.appointed"
    assert (act.subject, act.login) == (f"member:{wang.id}", "owner")
    assert (act.address, act.details) == ("127.0.0.1", {"branch": "zhongshan"})
    assert "已设为店员" in owner.text(answer.location)


def test_staff_is_appointed_once(house: House, owner: Browser, wang: Member) -> None:
    house.database.transaction(seeds.add_branch)
    for _ in range(2):
        owner.post(f"/console/members/{wang.id}/staff", name="小王", branch="zhongshan")

    assert len(acts(house)) == 1
    assert "已经是店员" in owner.text(f"/console/members/{wang.id}")


def test_a_branch_that_does_not_exist_is_refused(
    house: House, owner: Browser, wang: Member
) -> None:
    answer = owner.post(f"/console/members/{wang.id}/staff", name="小王", branch="nowhere")

    assert answer.status_code == 422
    assert "请选择营业厅" in answer.text
    assert house.database.read(lambda db: db.scalars(select(staff.Staff)).all()) == []
    assert acts(house) == []
