"""Frequent questions in the console: two people, order, search, what nothing answered."""

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from content import faq_misses
from content.faq import FaqEntry
from content.faq_misses import FaqMiss
from kernel.audit import AuditEntry
from tests.console import desk_seeds
from tests.console.house import NOON, House

EVIL = '<img src=x onerror="alert(1)">'


def typed(**other: str) -> dict[str, str]:
    """The form as a browser sends it."""
    return {
        "question": "怎么报修宽带", "phrasings": "宽带坏了找谁\n上不了网",
        "answer": "拨打 10050。", "link": "/site/products",
    } | other  # fmt: skip


def newest(house: House) -> FaqEntry:
    query = select(FaqEntry).order_by(FaqEntry.id.desc()).limit(1)
    return house.database.read(lambda db: db.scalars(query).one())


def entry_in(house: House, state: str = "live", question: str = "怎么报修宽带") -> int:
    return house.database.transaction(lambda db: desk_seeds.add_entry(db, question, state).id)


def misses(house: House, *texts: str) -> list[int]:
    return house.database.transaction(lambda db: [desk_seeds.add_miss(db, one) for one in texts])


def miss_states(house: House) -> dict[str, str]:
    rows = house.database.read(lambda db: db.scalars(select(FaqMiss)).all())
    return {row.sample: row.state for row in rows}


def test_two_people_bring_a_question_to_customers(house: House) -> None:
    marketer, approver = house.enter("marketer"), house.enter("approver")
    page = marketer.post("/console/faq", **typed()).location
    marketer.post(f"{page}/review", note="常问")
    approver.post(f"{page}/refuse", reason="电话不对")
    assert "电话不对" in marketer.text(page)
    house.clock.move(minutes=1)
    marketer.post(page, **typed(answer="拨打 10086。"))
    marketer.post(f"{page}/review")
    approver.post(f"{page}/approve", reason="已核对")

    assert newest(house).state == "live"
    assert newest(house).phrasings == ["宽带坏了找谁", "上不了网"]
    assert "会直接回答第一条" in marketer.text("/console/faq?q=宽带坏了找谁呀")
    log = house.database.read(lambda db: set(db.scalars(select(AuditEntry.action))))
    assert {"faq.drafted", "faq.refused", "faq.changed", "faq.approved"} <= log


def test_nobody_approves_his_own_answer(house: House) -> None:
    owner = house.enter("owner")
    page = owner.post("/console/faq", **typed()).location
    owner.post(f"{page}/review")
    owner.post(f"{page}/approve", reason="好")

    assert newest(house).state == "draft"
    assert "refused: own_work" in owner.text(page)


def test_customers_read_the_old_words_until_the_new_are_approved(house: House) -> None:
    number = entry_in(house)
    marketer = house.enter("marketer")
    marketer.post(f"/console/faq/{number}", **typed(answer="新的回答"))

    page = marketer.text(f"/console/faq/{number}")

    assert newest(house).answer == "拨打 10050 报修。"
    assert "客户现在看到的" in page
    assert "新的回答" in page


def test_an_entry_in_review_or_changed_meanwhile_is_not_overwritten(house: House) -> None:
    number = entry_in(house, "draft")
    marketer, owner = house.enter("marketer"), house.enter("owner")
    seen = newest(house).changed_at.isoformat()
    house.clock.move(minutes=1)
    owner.post(f"/console/faq/{number}", **typed(question="负责人改的问题", seen=seen))
    late = marketer.post(f"/console/faq/{number}", **typed(question="市场改的问题", seen=seen))
    owner.post(f"/console/faq/{number}/review")
    locked = marketer.post(f"/console/faq/{number}", **typed(question="又改一次"))

    assert (late.status_code, locked.status_code) == (409, 409)
    assert "市场改的问题" in late.text
    assert "又改一次" in locked.text
    assert newest(house).question == "负责人改的问题"


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"question": "短"}, "2 至 60"),
        ({"question": "长" * 61}, "2 至 60"),
        ({"answer": ""}, "1600"),
        ({"answer": "字" * 600}, "1600"),
        ({"link": "javascript:alert(1)"}, "https"),
        ({"link": "//evil.cn"}, "https"),
        ({"phrasings": "\n".join(f"问法 {n}" for n in range(25))}, "最多 20 条"),
    ],
)
def test_what_is_wrong_is_said_and_what_was_typed_stays(
    house: House, wrong: dict[str, str], words: str
) -> None:
    answer = house.enter("marketer").post("/console/faq", **typed(**wrong))

    assert answer.status_code == 422
    assert words in answer.text
    assert "怎么报修宽带" in answer.text or "question" in wrong


def test_hidden_and_back(house: House) -> None:
    number = entry_in(house)
    marketer = house.enter("marketer")
    marketer.post(f"/console/faq/{number}/hide")
    assert newest(house).state == "hidden"
    marketer.post(f"/console/faq/{number}/hide")
    assert "refused: faq_wrong_state" in marketer.text(f"/console/faq/{number}")
    marketer.post(f"/console/faq/{number}/show")
    assert newest(house).state == "live"


def test_the_order_is_changed_by_buttons(house: House) -> None:
    first, second = entry_in(house, question="第一个问题"), entry_in(house, question="另一个问题")
    marketer = house.enter("marketer")

    marketer.post(f"/console/faq/{second}/moves", way="up")
    page = marketer.text("/console/faq")
    assert page.index("另一个问题") < page.index("第一个问题")
    marketer.post(f"/console/faq/{second}/moves", way="up")
    marketer.post(f"/console/faq/{second}/moves", way="down")
    page = marketer.text("/console/faq")
    assert page.index("第一个问题") < page.index("另一个问题")
    assert marketer.post(f"/console/faq/{first + 99}/moves", way="up").status_code == 404


def test_votes_are_shown_with_their_share(house: House) -> None:
    number = entry_in(house)

    def vote(db: Session) -> None:
        entry = db.get_one(FaqEntry, number)
        entry.views, entry.useful, entry.useless = 1200, 3, 1

    house.database.transaction(vote)
    browser = house.enter("auditor")

    for page in ("/console/faq", f"/console/faq/{number}"):
        assert "75.0%" in browser.text(page)
        assert "1,200" in browser.text(page)


def test_trying_the_search_tells_what_the_bot_would_do(house: House) -> None:
    entry_in(house)
    entry_in(house, "draft", "装电视要多少钱")
    browser = house.enter("auditor")

    assert "会直接回答第一条" in browser.text("/console/faq?q=怎么报修宽带")
    nothing = browser.text("/console/faq?q=电视")
    assert "没有足够接近的" in nothing
    assert "装电视要多少钱" in nothing, "a draft is found by its words"
    assert "没有足够接近的" in browser.text("/console/faq?q=%00%25_")


def test_an_unanswered_question_becomes_an_entry(house: House) -> None:
    (number,) = misses(house, "能不能装电视")
    marketer = house.enter("marketer")
    assert "能不能装电视" in marketer.text("/console/faq/unanswered")

    form = marketer.text(f"/console/faq/new?miss={number}")
    page = marketer.post("/console/faq", **typed(question="能不能装电视", miss=str(number)))

    assert 'value="能不能装电视"' in form
    assert miss_states(house) == {"能不能装电视": "answered"}
    done = marketer.text("/console/faq/unanswered?state=answered")
    assert page.location.removeprefix("http://localhost") in done


def test_an_unanswered_question_becomes_a_wording_of_an_entry(house: House) -> None:
    entry = entry_in(house)
    (number,) = misses(house, "怎样报修家里宽带")
    marketer = house.enter("marketer")

    assert "已有相近的问答" in marketer.text(f"/console/faq/new?miss={number}")
    assert "怎样报修家里宽带" in marketer.text(f"/console/faq/{entry}/edit?miss={number}")
    marketer.post(f"/console/faq/{entry}", **typed(phrasings="怎样报修家里宽带", miss=str(number)))

    assert miss_states(house)["怎样报修家里宽带"] == "answered"


def test_unanswered_questions_are_set_aside_in_bulk(house: House) -> None:
    numbers = misses(house, "甲问题啊", "乙问题啊", "丙问题啊")
    marketer = house.enter("marketer")
    data = {"miss": [str(one) for one in numbers[:2]], "csrf_token": marketer.token()}
    marketer.client.post("/console/faq/unanswered/dismissals", data=data)
    assert sorted(miss_states(house).values()) == ["dismissed", "dismissed", "open"]

    # The button of one line leaves the ticked others alone.
    again = misses(house, "丁问题啊")
    data = {"miss": [str(numbers[2])], "only": str(again[0]), "csrf_token": marketer.token()}
    marketer.client.post("/console/faq/unanswered/dismissals", data=data)
    assert (miss_states(house)["丙问题啊"], miss_states(house)["丁问题啊"]) == (
        "open",
        "dismissed",
    )
    marketer.post("/console/faq/unanswered/dismissals", miss="x")
    assert "没有可以忽略的问题" in marketer.text("/console/faq/unanswered")


def test_what_a_colleague_dealt_with_is_left_as_it_is(house: House) -> None:
    (number,) = misses(house, "能不能装电视")
    by = house.database.read(lambda db: desk_seeds.by(db, "owner"))
    house.database.transaction(lambda db: faq_misses.dismiss(db, number, by, NOON))
    marketer = house.enter("marketer")

    marketer.post("/console/faq/unanswered/dismissals", miss=str(number))
    marketer.post("/console/faq", **typed(miss=str(number)))

    assert miss_states(house)["能不能装电视"] == "dismissed"
    assert newest(house).question == "怎么报修宽带"


def test_what_customers_typed_is_shown_as_text(house: House) -> None:
    misses(house, EVIL)
    marketer = house.enter("marketer")
    made = marketer.post("/console/faq", **typed(question=EVIL, answer=EVIL, phrasings=EVIL))

    for page in (
        "/console/faq",
        "/console/faq/unanswered",
        made.location,
        f"{made.location}/edit",
    ):
        assert "<img src=x" not in marketer.text(page), page
    assert "<img src=x" not in marketer.text("/console/faq?q=<img src=x onerror>")


def test_others_look_and_change_nothing(house: House) -> None:
    number = entry_in(house)
    browser = house.enter("auditor")

    assert "新建问答" not in browser.text("/console/faq")
    assert browser.post("/console/faq", **typed()).status_code == 403
    assert browser.post(f"/console/faq/{number}/hide").status_code == 403
    assert browser.get("/console/faq/999").status_code == 404
    assert browser.get("/console/faq?after=9-x&state=nope").status_code == 200
