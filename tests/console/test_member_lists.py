"""The list of members: filters, orders, paging both ways, columns, bulk acts, export."""

import csv
import io
import re
from datetime import timedelta

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from loyalty import tag_definitions, tags
from loyalty.members import Member
from loyalty.points import Credit, earn
from loyalty.tag_definitions import Draft
from tests.console import seeds
from tests.console.acts import acts
from tests.console.house import NOON, Browser, House

LIST = "/console/members"
NEXT_YEAR = NOON + timedelta(days=365)


@pytest.fixture
def crowd(house: House) -> list[int]:
    """Sixty members: each tenth blocked, each fifth imported, points and days as they are."""

    def work(session: Session) -> list[int]:
        tag_definitions.define(session, Draft("vip", "贵宾"), NOON, by=None)
        ids = []
        for number in range(60):
            name = f"{'欧阳' if number % 2 else '李'}{number:02d}"
            member = seeds.add_member(session, house.vault, number, name)
            member.registered_at = NOON - timedelta(days=number)
            member.state = "blocked" if number % 10 == 0 else "active"
            member.channel = "import" if number % 5 == 0 else "site"
            if number % 3 == 0:
                tags.put(session, member.id, "vip", NOON)
            earn(session, member.id, [Credit(1 + number % 7, f"t:{number}", "")], NOON, NEXT_YEAR)
            ids.append(member.id)
        return ids

    return house.database.transaction(work)


def names(page: str) -> list[str]:
    """The names on a page, in their order."""
    return re.findall(r'class="wt-row-link" href="[^"]+">([^<]+)<', page)


def walk(browser: Browser, path: str, rel: str = "next") -> list[list[str]]:
    """The names page by page, going on until there is no further page."""
    found = []
    while True:
        page = browser.text(path)
        found.append(names(page))
        led = re.search(rf'href="([^"]+)" rel="{rel}"', page)
        if led is None:
            return found
        path = led[1].replace("&amp;", "&")


@pytest.mark.parametrize(
    "query", ["", "sort=old", "sort=rich", "sort=poor", "sort=name", "q=欧阳", "first=2026-09-01",
              "tag=vip&sort=rich", "tag=vip", "sort=old&first=2026-09-01"],
)  # fmt: skip
def test_pages_hold_everybody_once_and_lead_back(
    house: House, owner: Browser, crowd: list[int], query: str
) -> None:
    there = walk(owner, f"{LIST}?{query}")
    everybody = [name for page in there for name in page]

    assert len(everybody) == len(set(everybody)) >= 20
    last = f"{LIST}?{query}"
    for _ in there[1:]:
        led = re.search(r'href="([^"]+)" rel="next"', owner.text(last))
        assert led is not None
        last = led[1].replace("&amp;", "&")
    assert walk(owner, last, "prev") == there[::-1]


def test_the_orders_are_what_they_are_called(
    house: House, owner: Browser, crowd: list[int]
) -> None:
    def points(page: str) -> list[int]:
        return [int(one) for one in re.findall(r'<td class="text-end wt-digits">(\d+)<', page)]

    assert names(owner.text(LIST))[0] == "欧阳59"
    assert names(owner.text(f"{LIST}?sort=old"))[0] == "李00"
    rich, poor = points(owner.text(f"{LIST}?sort=rich")), points(owner.text(f"{LIST}?sort=poor"))
    assert rich == sorted(rich, reverse=True)
    assert poor == sorted(poor)
    assert names(owner.text(f"{LIST}?sort=name"))[:2] == ["李00", "李02"]
    ranged = names(owner.text(f"{LIST}?first=2026-11-15&sort=old"))
    assert ranged == ["李06", "欧阳05", "李04", "欧阳03", "李02", "欧阳01", "李00"]


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("state=blocked", 6),
        ("channel=import", 12),
        ("tag=vip", 20),
        ("tag=nothing", 0),
        ("tier=0", 60),
        ("tier=3", 0),
        ("first=2026-11-20&last=2026-11-20", 1),
        ("state=blocked&tag=vip&channel=import", 2),
        ("q=欧阳", 30),
        ("q=欧阳0", 5),
        ("q=9", 1),
        ("q=阳31", 1),
        ("q=%25", 0),
        ("q=欧阳&state=blocked", 0),
        ("tier=x&state=nothing&sort=up&first=soon&channel=y", 60),
        ("q=%00%ED%A0%80", 0),
        ("q=%00", 60),
    ],
)
def test_filters_leave_out_the_others(
    house: House, owner: Browser, crowd: list[int], query: str, count: int
) -> None:
    page = owner.text(f"{LIST}?{query}")

    assert f" {count} 位会员" in page
    assert len(names(page)) == min(count, 25)


def test_a_part_of_a_name_says_where_it_was_looked_for(owner: Browser, crowd: list[int]) -> None:
    assert "没有以“阳31”开头的姓名" in owner.text(f"{LIST}?q=阳31")


@pytest.mark.parametrize("token", ["x", "W10", "%00", "bnVsbA", "A" * 900, "WyJuZXciLDEsMSwyXQ"])
def test_a_token_that_is_none_of_ours_is_the_first_page(
    owner: Browser, crowd: list[int], token: str
) -> None:
    assert names(owner.text(f"{LIST}?from={token}"))[0] == "欧阳59"


def test_a_token_of_another_order_is_the_first_page(owner: Browser, crowd: list[int]) -> None:
    led = re.search(r'from=([^"&]+)" rel="next"', owner.text(f"{LIST}?sort=rich"))
    assert led is not None

    assert names(owner.text(f"{LIST}?sort=old&from={led[1]}"))[0] == "李00"


def test_the_columns_are_each_operators_own(house: House, crowd: list[int]) -> None:
    owner, colleague = house.enter("owner"), house.enter("operations")
    form = {"column-channel": "yes", "column-state": "yes", "column-nonsense": "yes"}
    answer = owner.post("/console/members/bulk/columns", **form, state="blocked", q="李")

    assert answer.location == "/console/members?q=%E6%9D%8E&state=blocked"
    page = owner.text(LIST)
    assert "渠道</th>" in page
    assert "138****0059" not in page
    assert "138****0059" in colleague.text(LIST)
    owner.post("/console/members/bulk/columns")
    assert names(owner.text(LIST))[0] == "欧阳59"


def test_tags_are_put_on_many_after_a_look(house: House, owner: Browser, crowd: list[int]) -> None:
    gone = update(Member).where(Member.id == crowd[2]).values(state="erased")
    house.database.transaction(lambda db: db.execute(gone))
    chosen = {"with_tag": "vip", "deed": "put", "member": [str(one) for one in crowd[:4]]}
    token = {"csrf_token": owner.token()}
    look = owner.client.post("/console/members/bulk/tags", data=chosen | token)

    assert look.status_code == 200
    assert "将给下面 <b>3</b> 位会员打上标签 <b>贵宾</b>" in look.text
    assert "已注销，跳过" in look.text
    assert [act.action for act in acts(house)] == ["tag.defined"]
    done = owner.client.post("/console/members/bulk/tags/confirmed", data=chosen | token)
    assert done.status_code == 303
    put = [(act.action, act.subject, act.login) for act in acts(house)[1:]]
    # 0 and 3 had it already.
    assert put == [("tag.put", f"member:{crowd[1]}", "owner")]
    taken = chosen | token | {"deed": "take"}
    owner.client.post("/console/members/bulk/tags/confirmed", data=taken)
    assert [act.action for act in acts(house)[2:]] == ["tag.taken"] * 3


@pytest.mark.parametrize(
    ("form", "status"),
    [
        ({}, 422),
        ({"member": "1"}, 422),
        ({"with_tag": "vip"}, 422),
        ({"member": ["x", "-1", "9" * 30], "with_tag": "vip"}, 422),
        ({"member": [str(n) for n in range(1, 102)], "with_tag": "vip"}, 422),
        ({"member": "1", "with_tag": "nothing"}, 404),
    ],
)
def test_a_choice_that_is_none_is_refused(
    house: House, owner: Browser, crowd: list[int], form: dict[str, str], status: int
) -> None:
    for path in ("tags", "tags/confirmed"):
        data = {**form, "csrf_token": owner.token()}
        assert owner.client.post(f"/console/members/bulk/{path}", data=data).status_code == status


def test_who_may_not_tag_has_nothing_to_choose(house: House, crowd: list[int]) -> None:
    page = house.enter("approver").text(LIST)

    assert "data-picks" not in page
    assert "导出" not in page


def test_the_export_holds_the_filtered_with_masked_phones(
    house: House, owner: Browser, crowd: list[int]
) -> None:
    evil = update(Member).where(Member.id == crowd[10]).values(name="=cmd()")
    house.database.transaction(lambda db: db.execute(evil))
    answer = owner.post("/console/members/bulk/exports", state="blocked", sort="old")
    rows = list(csv.reader(io.StringIO(answer.text.removeprefix("\ufeff"))))

    assert [row[1] for row in rows] == ["姓名", "李00", "'=cmd()", "李20", "李30", "李40", "李50"]
    assert rows[1][2] == "138****0000"
    assert seeds.phone_of(0) not in answer.text
    act = acts(house)[-1]
    assert (act.action, act.login) == ("members.exported", "owner")
    assert act.details == {"find": {"state": "blocked", "sort": "old"}}


def test_names_with_odd_letters_do_not_stop_a_long_export(
    house: House, owner: Browser, crowd: list[int]
) -> None:
    odd = update(Member).values(name="全　角\u200b𠮷")
    house.database.transaction(lambda db: db.execute(odd))

    pages = walk(owner, f"{LIST}?sort=name")
    assert [len(page) for page in pages] == [25, 25, 10]
