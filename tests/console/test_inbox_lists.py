"""Lists and long conversations of the inbox, and the phrases that staff put into answers."""

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from content import service_phrases
from kernel.audit import AuditEntry
from tests.console import desk_seeds
from tests.console.house import NOON, House
from tests.console.test_inbox import ANNA, EVIL, posted
from tests.console.test_pages import cost


@pytest.fixture
def talk(house: House) -> str:
    """Anna asked for a person and wrote; the path of her conversation."""
    number = house.database.transaction(lambda db: desk_seeds.write(db, ANNA, "我家断网了"))
    return f"/console/inbox/{number}"


@pytest.mark.parametrize("query", ["before=1-x", "before=9", "before=" + "9" * 40 + "-1", "tab=x"])
def test_odd_queries_are_the_first_page(house: House, talk: str, query: str) -> None:
    assert "我家断网了" in house.enter("operations").text(f"/console/inbox?{query}")


def test_long_lists_are_paged(house: House) -> None:
    def furnish(db: Session) -> None:
        for number in range(53):
            at = NOON - timedelta(minutes=number)
            desk_seeds.write(db, f"oPerson{number:021d}", f"第 {number:02d} 位", at)

    house.database.transaction(furnish)
    browser = house.enter("operations")
    first = browser.text("/console/inbox")
    further = first.partition('rel="next"')[0].rpartition('href="')[2].partition('"')[0]
    second = browser.text(further.replace("&amp;", "&"))

    assert "第 00 位" in first
    assert "第 52 位" not in first
    assert "第 52 位" in second
    assert "第 00 位" not in second
    assert 'hx-trigger="every 5s"' not in second.partition('id="talks"')[2]


def test_a_long_conversation_costs_the_same_and_is_paged(house: House, talk: str) -> None:
    browser = house.enter("operations")
    browser.text(talk)
    few = cost(house, lambda: browser.text(talk))

    def more(db: Session) -> None:
        for number in range(2, 120):
            at = NOON + timedelta(seconds=number)
            desk_seeds.write(db, ANNA, f"第 {number} 句", at, number)

    house.database.transaction(more)
    page = browser.text(talk)

    assert cost(house, lambda: browser.text(talk)) == few
    assert few <= 14
    assert "更早的消息" in page
    older = page.partition("before=")[2].partition('"')[0]
    assert "第 3 句" in browser.text(f"{talk}?before={older}")


def test_what_came_after_hours_is_marked(house: House) -> None:
    night = NOON + timedelta(hours=10)  # 22:00 in Shanghai
    house.clock.at = night
    number = house.database.transaction(lambda db: desk_seeds.write(db, ANNA, "有人吗", night))

    assert "下班时间" in house.enter("operations").text(f"/console/inbox/{number}")


def approve(house: House, answer: TestResponse) -> None:
    approver = house.enter("approver")
    assert approver.post(f"{answer.location}/approve", reason="好").status_code == 303


def add_phrase(house: House, **other: str) -> int:
    given = {"group_name": "报修", "title": "先安抚", "text": "非常抱歉。"} | other
    approve(house, house.enter("marketer").post("/console/phrases", **given))
    (phrase,) = house.database.read(service_phrases.every)
    return phrase.id


def test_a_phrase_is_put_into_the_answer_without_scripts(house: House, talk: str) -> None:
    number = add_phrase(house)
    browser = house.enter("operations")
    assert "先安抚" in browser.text(talk)

    filled = browser.post(f"{talk}/answers", text="您好", phrase=str(number), fill="yes")

    assert filled.status_code == 200
    assert "您好\n非常抱歉。</textarea>" in filled.text
    assert posted(house) == []


def test_phrases_are_written_changed_and_retired(house: House) -> None:
    number = add_phrase(house, text=EVIL)
    marketer = house.enter("marketer")
    assert "<script>" not in marketer.text("/console/phrases")
    words = {"group_name": "报修", "title": "安抚", "text": "抱歉。", "seen": "1"}
    changed = marketer.post(f"/console/phrases/{number}", **words)
    assert "先安抚" in marketer.text("/console/phrases")
    approve(house, changed)
    late = marketer.post(f"/console/phrases/{number}", **words | {"text": "晚了"})
    assert late.status_code == 409
    assert "晚了" in late.text
    for wrong in ({"title": ""}, {"title": "长" * 21}, {"group_name": ""}, {"text": "字" * 700}):
        given = {"group_name": "报修", "title": "一", "text": "二"} | wrong
        assert marketer.post("/console/phrases", **given).status_code == 422
    marketer.post(f"/console/phrases/{number}/retire")
    assert "等待审核" in marketer.text("/console/phrases")
    house.enter("approver").post("/console/changes/3/approve", reason="好")

    assert "还没有常用语" in marketer.text("/console/phrases")
    assert house.enter("operations").get("/console/phrases/new").status_code == 403
    log = house.database.read(lambda db: set(db.scalars(select(AuditEntry.action))))
    assert {"service_phrase.change_asked", "service_phrase.change_applied"} <= log
