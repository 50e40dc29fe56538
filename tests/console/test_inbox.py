"""The inbox: answers within WeChat's window, two colleagues, hostile texts."""

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from content import conversation_messages, customer_messages
from content.conversations import Conversation
from content.customer_messages import CustomerMessage
from kernel.audit import AuditEntry
from kernel.outbox import OutboxMessage
from tests.console import desk_seeds, seeds
from tests.console.house import NOON, House
from tests.console.test_pages import cost

EVIL = "<script>alert(1)</script>"
ANNA = "oAnnaAnnaAnnaAnnaAnnaAnnaAnn"


@pytest.fixture
def talk(house: House) -> str:
    """Anna asked for a person and wrote; the path of her conversation."""
    number = house.database.transaction(lambda db: desk_seeds.write(db, ANNA, "我家断网了"))
    return f"/console/inbox/{number}"


def state_of(house: House) -> Conversation:
    return house.database.read(lambda db: db.scalars(select(Conversation)).one())


def posted(house: House) -> list[str]:
    rows = house.database.read(lambda db: db.scalars(select(OutboxMessage)).all())
    return [row.payload["body"]["text"]["content"] for row in rows]


def settle(house: House, state: str, reason: str | None = None) -> None:
    def work(db: Session) -> None:
        row = db.scalars(select(CustomerMessage)).one()
        customer_messages.settle(db, row.reference, state, reason)

    house.database.transaction(work)


def test_an_answer_goes_out_and_the_counter_goes_down(house: House, talk: str) -> None:
    house.clock.move(minutes=30)
    browser = house.enter("operations")
    page = browser.text(talk)
    assert "我家断网了" in page
    assert "还可回复 <b>5</b> 条 · 窗口还剩 47 小时 30 分" in page

    browser.post(f"{talk}/answers", text="您好，\n马上为您登记")

    page = browser.text(talk)
    assert posted(house) == ["您好，\n马上为您登记"]
    assert ("sweep_outbox", 0) in house.nudged
    assert "还可回复 <b>4</b> 条" in page
    assert "发送中" in page
    assert "由我负责" in page
    log = house.database.read(lambda db: set(db.scalars(select(AuditEntry.action))))
    assert "conversation.answered" in log


@pytest.mark.parametrize(
    ("state", "reason", "words"),
    [
        ("sent", None, "已发送"),
        ("failed", "45015", "未送达：客户超过 48 小时没有发消息"),
        ("failed", "43004", "客户已取消关注"),
        ("failed", "99999", "微信返回 99999"),
        ("unknown", "timeout", "结果不明：没有收到微信的答复"),
    ],
)
def test_how_an_answer_ended_is_said_in_words(
    house: House, talk: str, state: str, reason: str | None, words: str
) -> None:
    browser = house.enter("operations")
    browser.post(f"{talk}/answers", text="您好")
    settle(house, state, reason)

    assert words in browser.text(talk)


@pytest.mark.parametrize(
    ("hours", "answers", "words"),
    [(48, 0, "refused: window_closed"), (1, 5, "refused: no_messages_left")],
)
def test_what_wechat_would_refuse_is_refused_here_and_the_text_stays(
    house: House, talk: str, hours: int, answers: int, words: str
) -> None:
    house.clock.move(hours=hours)
    browser = house.enter("operations")
    for number in range(answers):
        assert browser.post(f"{talk}/answers", text=f"第 {number}").status_code == 303

    late = browser.post(f"{talk}/answers", text="这句话不能丢")

    assert late.status_code == 409
    assert words in late.text
    assert "这句话不能丢" in late.text
    assert "窗口已关闭" in late.text if hours == 48 else "条数已用完" in late.text


@pytest.mark.parametrize("text", ["", " \n ", "\x00", "字" * 683])
def test_an_answer_is_bounded(house: House, talk: str, text: str) -> None:
    answer = house.enter("operations").post(f"{talk}/answers", text=text)

    assert answer.status_code == 422
    assert "2048 字节" in answer.text
    assert posted(house) == []


def test_two_colleagues_do_not_talk_over_each_other(house: House, talk: str) -> None:
    mine, other = house.enter("operations"), house.enter("owner")
    mine.post(f"{talk}/take")
    assert "operations person 正在处理" in other.text(talk)
    refused = other.post(f"{talk}/answers", text="我也来")
    assert refused.status_code == 409
    assert "refused: taken_by_another" in refused.text

    owner = house.database.read(lambda db: desk_seeds.by(db, "owner"))
    mine.post(f"{talk}/hand-over", to=str(owner))

    assert other.post(f"{talk}/answers", text="接手了").status_code == 303
    assert state_of(house).operator_id == owner
    other.post(f"{talk}/hand-over", to="")
    assert state_of(house).operator_id is None


@pytest.mark.parametrize("role", ["auditor", "marketer"])
def test_it_is_given_only_to_those_who_may_answer(house: House, talk: str, role: str) -> None:
    number = house.database.read(lambda db: desk_seeds.by(db, role))
    browser = house.enter("operations")

    for to in (str(number), "4242", "x"):
        browser.post(f"{talk}/hand-over", to=to)
        assert state_of(house).operator_id is None
    assert "alert-danger" in browser.text(talk)


def test_a_closed_conversation_takes_no_answer(house: House, talk: str) -> None:
    browser = house.enter("operations")
    browser.post(f"{talk}/close")

    assert state_of(house).state == "closed"
    assert 'id="answer-form"' not in browser.text(talk)
    assert browser.post(f"{talk}/answers", text="还在吗").status_code == 409
    assert "我家断网了" in browser.text("/console/inbox?tab=closed")


def test_an_auditor_reads_and_marks_nothing_read(house: House, talk: str) -> None:
    auditor = house.enter("auditor")
    page = auditor.text(talk)

    assert 'id="answer-form"' not in page
    assert "结束对话" not in page
    assert state_of(house).unread == 1
    for act in ("answers", "take", "hand-over", "close"):
        assert auditor.post(f"{talk}/{act}", text="您好").status_code == 403
    house.enter("operations").text(talk)
    assert state_of(house).unread == 0


@pytest.mark.parametrize("role", ["marketer", "approver", "branch_manager", "branch_staff"])
def test_the_inbox_is_not_everybodys(house: House, talk: str, role: str) -> None:
    browser = house.enter(role)

    for path in (talk, f"{talk}/lines", "/console/inbox", "/console/inbox/waiting"):
        assert browser.get(path).status_code == 403


def test_conversations_that_are_not_there(house: House) -> None:
    browser = house.enter("operations")
    token = browser.token()

    assert browser.get("/console/inbox/99").status_code == 404
    assert browser.get("/console/inbox/99/lines").status_code == 404
    for act in ("answers", "take", "hand-over", "close"):
        data = {"text": "您好", "csrf_token": token}
        assert browser.client.post(f"/console/inbox/99/{act}", data=data).status_code == 404


def test_names_and_messages_of_customers_are_text(house: House) -> None:
    def furnish(db: Session) -> str:
        member = seeds.add_member(db, house.vault, 1, EVIL[:20])
        number = desk_seeds.write(db, member.openid, f"{EVIL}<a href='javascript:1'>点</a>")
        return f"/console/inbox/{number}"

    talk = house.database.transaction(furnish)
    browser = house.enter("operations")
    browser.post(f"{talk}/answers", text=EVIL)

    for path in (talk, f"{talk}/lines", "/console/inbox?tab=answered", "/console/inbox/talks"):
        text = browser.text(path)
        assert "<script>" not in text, path
        assert "href='javascript" not in text, path
    assert "&lt;script&gt;alert(1)" in browser.text(talk)


def test_the_card_shows_the_member_with_a_masked_phone(house: House) -> None:
    member = house.database.transaction(lambda db: seeds.add_member(db, house.vault, 1))
    number = house.database.transaction(lambda db: desk_seeds.write(db, member.openid, "您好"))

    page = house.enter("operations").text(f"/console/inbox/{number}")

    assert "王芳" in page
    assert "138****0001" in page
    assert seeds.phone_of(1) not in page
    assert member.openid not in page
    assert f"/console/members/{member.id}" in page


def test_the_live_part_is_sent_only_when_something_changed(house: House, talk: str) -> None:
    browser = house.enter("operations")
    page = browser.text(talk)
    mark = page.partition("mark=")[2].partition('"')[0]
    assert browser.get(f"{talk}/lines?mark={mark}").status_code == 204

    house.database.transaction(lambda db: desk_seeds.write(db, ANNA, "还在吗", number=2))

    fresh = browser.text(f"{talk}/lines?mark={mark}")
    assert "还在吗" in fresh
    assert "<textarea" not in fresh, "what is being typed is no part of it"
    assert state_of(house).unread == 0


def test_tabs_and_the_badge(house: House, talk: str) -> None:
    browser = house.enter("operations")
    assert "个客户在等回复" in browser.text("/console/inbox/waiting")
    assert "位客户等待回复" in browser.text("/console/")
    assert "我家断网了" in browser.text("/console/inbox")
    assert "没有由你负责的对话" in browser.text("/console/inbox?tab=mine")
    browser.post(f"{talk}/answers", text="您好")
    house.clock.move(seconds=4)

    assert browser.text("/console/inbox/waiting").strip() == ""
    assert "没有客户在等" in browser.text("/console/inbox")
    assert "您好" in browser.text("/console/inbox?tab=mine")
    assert "您好" in browser.text("/console/inbox?tab=answered")


def test_the_badge_asks_the_database_every_few_seconds_only(house: House, talk: str) -> None:
    browser = house.enter("operations")
    browser.text("/console/inbox/waiting")
    first = cost(house, lambda: browser.text("/console/inbox/waiting"))
    house.clock.move(seconds=4)
    later = cost(house, lambda: browser.text("/console/inbox/waiting"))

    assert later == first + 1


def test_pictures_and_places_have_a_line_of_their_own(house: House, talk: str) -> None:
    def more(db: Session) -> None:
        incoming = conversation_messages.Incoming("image", "key-9", "", "MEDIA_9")
        conversation_messages.take_in(db, state_of(house).id, incoming, NOON)

    house.database.transaction(more)

    assert "〔图片〕" in house.enter("operations").text(talk)
