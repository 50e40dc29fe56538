"""Conversations with staff: what comes in, what goes out, who takes care, when they end."""

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from content import changes, conversations, customer_messages, service_phrases
from content import conversation_messages as messages
from content.allowances import Action, NoMessagesLeft, WindowClosed
from content.conversation_messages import Incoming
from content.conversations import Conversation, ConversationClosed, TakenByAnother
from content.customer_messages import CustomerMessage
from content.reviews import Hand, Review
from kernel import outbox
from kernel.db import Database
from kernel.outbox import OutboxMessage
from kernel.refusals import Invalid, NotFound
from tests.content.desk import people
from tests.content.people import two_hands
from tests.world import NOON

WROTE = [Action("text", NOON)]


def begin(session: Session, openid: str = "oAnna") -> Conversation:
    """Somebody asked for staff and wrote a line."""
    conversations.open_for(session, openid, NOON)
    assert (
        conversations.receive(session, openid, Incoming("text", f"k-{openid}", "在吗"), NOON) == 1
    )
    number = conversations.find_open(session, openid)
    assert number
    return conversations.get(session, number)


def test_what_comes_in(database: Database) -> None:
    def work(session: Session) -> None:
        assert conversations.receive(session, "oAnna", Incoming("text", "k", "喂"), NOON) is None
        found = begin(session)
        assert not conversations.open_for(session, "oAnna", NOON), "one at a time"
        repeat = Incoming("text", "k-oAnna", "在吗")
        assert conversations.receive(session, "oAnna", repeat, NOON) == 1
        picture = Incoming("image", "k2", media_id="MEDIA-1")
        assert conversations.receive(session, "oAnna", picture, NOON) == 2
        session.refresh(found)
        assert (found.state, found.unread, found.preview) == ("open", 2, "[图片]")
        lines = messages.page(session, found.id)
        assert [(one.message.text, one.message.media_id) for one in lines] == [
            ("在吗", ""),
            ("", "MEDIA-1"),
        ]
        assert conversations.counts(session) == conversations.Counts(1, 1, 2)

    database.transaction(work)


def test_an_answer_goes_out_once(database: Database) -> None:
    def work(session: Session) -> None:
        staff = people(session)[0]
        found = begin(session)
        conversations.answer(session, found.id, " 马上为您处理 ", Hand(staff, NOON), WROTE)
        assert (found.state, found.unread, found.operator_id) == ("answered", 0, staff)
        row = session.scalars(select(OutboxMessage)).one()
        assert row.topic == "customer_message"
        body = {"msgtype": "text", "text": {"content": "马上为您处理"}}
        assert (row.payload["openid"], row.payload["body"]) == ("oAnna", body)
        assert [(one.state, one.reason) for one in messages.page(session, found.id)] == [
            (None, None),
            ("waiting", None),
        ]
        assert conversations.left(session, found.id, WROTE, NOON).left == 4
        customer_messages.settle(session, row.reference, "failed", "45015")
        assert messages.page(session, found.id)[1].reason == "45015"
        assert conversations.left(session, found.id, WROTE, NOON).left == 5

    database.transaction(work)


def test_the_window(database: Database) -> None:
    def work(session: Session) -> None:
        staff = people(session)[0]
        found = begin(session)
        for _ in range(5):
            conversations.answer(session, found.id, "好的", Hand(staff, NOON), WROTE)
        with pytest.raises(NoMessagesLeft):
            conversations.answer(session, found.id, "好的", Hand(staff, NOON), WROTE)
        late = NOON + timedelta(hours=48)
        with pytest.raises(WindowClosed):
            conversations.answer(session, found.id, "好的", Hand(staff, late), WROTE)
        assert len(session.scalars(select(OutboxMessage)).all()) == 5

    database.transaction(work)


@pytest.mark.parametrize("text", ["", "  ", "长" * 683])
def test_an_answer_that_cannot_be(sqlite: Database, text: str) -> None:
    def work(session: Session) -> None:
        staff = people(session)[0]
        found = begin(session)
        with pytest.raises(Invalid):
            conversations.answer(session, found.id, text, Hand(staff, NOON), WROTE)
        with pytest.raises(NotFound):
            conversations.answer(session, 999, "好", Hand(staff, NOON), WROTE)

    sqlite.transaction(work)


def test_who_takes_care(database: Database) -> None:
    def work(session: Session) -> None:
        one, two = people(session)
        found = begin(session)
        conversations.take(session, found.id, Hand(one, NOON))
        with pytest.raises(TakenByAnother):
            conversations.take(session, found.id, Hand(two, NOON))
        with pytest.raises(TakenByAnother):
            conversations.answer(session, found.id, "好", Hand(two, NOON), WROTE)
        conversations.hand_over(session, found.id, two, Hand(one, NOON))
        conversations.answer(session, found.id, "好", Hand(two, NOON), WROTE)
        session.flush()
        assert conversations.page(session, "answered", two) == [found]
        assert conversations.page(session, "answered", one) == []
        conversations.close(session, found.id, Hand(two, NOON))
        with pytest.raises(ConversationClosed):
            conversations.answer(session, found.id, "好", Hand(two, NOON), WROTE)
        session.flush()
        assert conversations.find_open(session, "oAnna") is None
        assert conversations.open_for(session, "oAnna", NOON), "a new one begins"
        assert len(conversations.of_follower(session, "oAnna")) == 2

    database.transaction(work)


def test_a_silent_day_ends_it(database: Database) -> None:
    def work(session: Session) -> None:
        begin(session)
        begin(session, "oBoris")
        later = NOON + timedelta(hours=12)
        conversations.receive(session, "oBoris", Incoming("text", "k9", "还在吗"), later)
        day = NOON + conversations.SILENCE
        assert conversations.close_silent(session, day - timedelta(microseconds=1)) == 0
        assert conversations.close_silent(session, day) == 1
        assert conversations.find_open(session, "oAnna") is None
        assert conversations.find_open(session, "oBoris")

    database.transaction(work)


def test_lost_answers_are_caught_up_with(database: Database) -> None:
    def work(session: Session) -> None:
        customer_messages.post(session, "oAnna", "x:1", {"msgtype": "text"}, NOON)
        outbox.claim(session, session.scalars(select(OutboxMessage.id)).one(), NOON)
        later = NOON + timedelta(seconds=61)
        assert customer_messages.catch_up(session, later) == 0
        outbox.give_up_stale(session, later)
        assert customer_messages.catch_up(session, later) == 1
        session.expire_all()
        row = session.scalars(select(CustomerMessage)).one()
        assert (row.state, row.reason) == ("unknown", "worker lost")
        assert customer_messages.catch_up(session, later) == 0

    database.transaction(work)


def test_whoever_is_erased_leaves_no_word(database: Database) -> None:
    def work(session: Session) -> None:
        staff = people(session)[0]
        found = begin(session)
        conversations.answer(session, found.id, "李女士您好", Hand(staff, NOON), WROTE)
        session.flush()
        conversations.forget(session, "oAnna", "erased:1")
        customer_messages.forget(session, "oAnna", NOON)
        session.expire_all()
        assert messages.page(session, found.id) == []
        assert (found.openid, found.state, found.preview) == ("erased:1", "closed", "")
        assert session.scalars(select(OutboxMessage)).one().payload == {}
        assert session.scalars(select(CustomerMessage)).all() == []

    database.transaction(work)


def test_phrases(sqlite: Database) -> None:
    def work(session: Session) -> None:
        author, approver = two_hands(session)

        def settle(review: Review) -> None:
            changes.approve(session, review.id, service_phrases.KIND, approver, "好")

        asked = service_phrases.ask_new(session, ("报修", "安抚", "抱歉给您带来不便"), author)
        assert service_phrases.every(session) == []
        settle(asked)
        (one,) = service_phrases.every(session)
        settle(service_phrases.ask_change(session, one.id, ("报修", "安抚", "很抱歉"), author))
        assert [phrase.text for phrase in service_phrases.every(session)] == ["很抱歉"]
        settle(service_phrases.ask_retirement(session, one.id, author))
        assert service_phrases.every(session) == []
        with pytest.raises(Invalid):
            service_phrases.ask_new(session, ("报修", "", "x"), author)

    sqlite.transaction(work)
