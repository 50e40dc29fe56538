"""FAQ entries: proposed and approved, voted on; and the questions that nothing answered."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from content import faq, faq_chats, faq_misses, faq_reviews
from content.faq import FaqEntry, FaqWrongState, Form
from content.faq_misses import FaqMiss, MissSettled
from content.reviews import AlreadyInReview, Hand, NotCompliant, OwnWork
from kernel.db import Database
from kernel.refusals import Invalid, NotFound
from tests.content.desk import people
from tests.world import NOON

INVOICE = Form("怎么开发票", "请到营业厅开具。", ["开电子发票", "开电子发票！"], "/site/")


def entry(session: Session, author: int) -> FaqEntry:
    """A live entry."""
    made = faq.draft(session, INVOICE, author, NOON)
    faq.apply(session, made, NOON)
    return made


def test_customers_read_the_old_words_until_the_new_are_approved(database: Database) -> None:
    def work(session: Session) -> None:
        author, approver = people(session)
        made = faq.draft(session, INVOICE, author, NOON)
        assert (made.state, made.phrasings) == ("draft", ["开电子发票"])
        assert faq.live(session, [made.id]) == {}
        faq_reviews.ask(session, made.id, Hand(author, NOON))
        with pytest.raises(OwnWork):
            faq_reviews.approve(session, made.id, Hand(author, NOON))
        faq_reviews.approve(session, made.id, Hand(approver, NOON), "可以")
        assert (made.state, made.proposed) == ("live", None)

        faq.change(session, made.id, Form("怎么开发票", "网上也能开。"), author, NOON)
        assert made.answer == "请到营业厅开具。"
        faq_reviews.ask(session, made.id, Hand(author, NOON))
        with pytest.raises(AlreadyInReview):
            faq.change(session, made.id, INVOICE, author, NOON)
        faq_reviews.refuse(session, made.id, Hand(approver, NOON), "请写明网址")
        assert made.answer == "请到营业厅开具。"
        faq_reviews.ask(session, made.id, Hand(author, NOON))
        faq_reviews.approve(session, made.id, Hand(approver, NOON), "可以")
        assert (made.answer, made.phrasings) == ("网上也能开。", [])
        with pytest.raises(FaqWrongState):
            faq_reviews.ask(session, made.id, Hand(author, NOON))

    database.transaction(work)


def test_what_may_not_be_said_is_not_reviewed(sqlite: Database) -> None:
    def work(session: Session) -> None:
        author = people(session)[0]
        made = faq.draft(session, Form("宽带怎么样", "我们是全国最好的宽带"), author, NOON)
        with pytest.raises(NotCompliant):
            faq_reviews.ask(session, made.id, Hand(author, NOON))

    sqlite.transaction(work)


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("question", {"question": "？"}),
        ("question", {"question": "长" * 61}),
        ("answer", {"answer": " "}),
        ("answer", {"answer": "长" * 534}),
        ("link", {"link": "javascript:alert(1)"}),
        ("link", {"link": "//evil.example/x"}),
        ("phrasings", {"phrasings": [f"问法{number}" for number in range(21)]}),
        ("phrasings", {"phrasings": ["长" * 61]}),
    ],
)
def test_a_form_that_cannot_be(sqlite: Database, field: str, values: dict[str, Any]) -> None:
    given: dict[str, Any] = {"question": "怎么开发票", "answer": "请到营业厅"}
    with pytest.raises(Invalid) as refused:
        sqlite.transaction(lambda session: faq.draft(session, Form(**(given | values)), 1, NOON))
    assert refused.value.facts["field"] == field


def test_order(database: Database) -> None:
    def work(session: Session) -> None:
        author = people(session)[0]
        ids = [faq.draft(session, Form(f"问题{n}", "答"), author, NOON).id for n in range(4)]
        faq.place(session, [ids[2], ids[0]], author, NOON)
        session.expire_all()
        assert [one.id for one in faq.page(session)] == [ids[2], ids[1], ids[0], ids[3]]
        first = faq.page(session)[0]
        after = faq.page(session, after=(first.position, first.id))
        assert [one.id for one in after] == [ids[1], ids[0], ids[3]]
        with pytest.raises(NotFound):
            faq.place(session, [ids[0], 999], author, NOON)

    database.transaction(work)


def test_one_vote_each_and_the_last_one_counts(database: Database) -> None:
    def work(session: Session) -> None:
        made = entry(session, people(session)[0])

        def votes() -> tuple[int, int]:
            session.refresh(made)
            return made.useful, made.useless

        assert faq_chats.vote(session, made.id, "oAnna", NOON, useful=True)
        assert not faq_chats.vote(session, made.id, "oAnna", NOON, useful=True)
        assert votes() == (1, 0)
        assert faq_chats.vote(session, made.id, "oBoris", NOON, useful=False)
        assert votes() == (1, 1)
        assert faq_chats.vote(session, made.id, "oAnna", NOON, useful=False)
        assert votes() == (0, 2)
        faq_chats.forget(session, "oAnna")
        assert votes() == (0, 2)

    database.transaction(work)


def test_a_turn_is_fresh_for_ten_minutes(database: Database) -> None:
    def work(session: Session) -> None:
        faq_chats.remember(session, "oAnna", None, [3, 4], NOON)
        faq_chats.remember(session, "oAnna", None, [5, 6], NOON)
        late = NOON + faq_chats.FRESH
        last = faq_chats.last(session, "oAnna", late - timedelta(microseconds=1))
        assert last
        assert last.choices == (5, 6)
        assert faq_chats.last(session, "oAnna", late) is None
        assert faq_chats.last(session, "oBoris", NOON) is None

    database.transaction(work)


def test_misses_are_counted_without_personal_data(database: Database) -> None:
    def work(session: Session) -> None:
        faq_misses.note(session, "帮我查 13812345678 的订单！", NOON)
        later = NOON + timedelta(hours=1)
        faq_misses.note(session, "帮我查 139-1111-2222 的订单", later)
        faq_misses.note(session, "发到 li.mei@example.com", NOON)
        faq_misses.note(session, "身份证 11010119900307123X", NOON)
        for nothing in ("", "？", "好", "\ud800"):
            faq_misses.note(session, nothing, NOON)
        session.expire_all()
        rows = session.scalars(select(FaqMiss).order_by(FaqMiss.id)).all()
        assert [(one.sample, one.count) for one in rows] == [
            ("帮我查 *** 的订单", 2),
            ("发到 ***", 1),
            ("身份证 ***", 1),
        ]
        assert (rows[0].first_at, rows[0].last_at) == (NOON, later)

    database.transaction(work)


def test_a_miss_is_dealt_with_once(database: Database) -> None:
    def work(session: Session) -> None:
        author = people(session)[0]
        for text in ("怎么装监控", "怎么装监控", "随便聊聊"):
            faq_misses.note(session, text, NOON)
        often, seldom = faq_misses.page(session)
        assert (often.count, seldom.count) == (2, 1)
        assert faq_misses.page(session, before=(often.count, often.id)) == [seldom]
        made = faq.draft(session, Form("怎么装监控", "请预约。"), author, NOON)
        faq_misses.answer(session, often.id, made, author, NOON)
        assert (often.state, often.entry_id) == ("answered", made.id)
        with pytest.raises(MissSettled):
            faq_misses.dismiss(session, often.id, author, NOON)
        faq_misses.dismiss(session, seldom.id, author, NOON)
        assert faq_misses.page(session) == []

    database.transaction(work)
