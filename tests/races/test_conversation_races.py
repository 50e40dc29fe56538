"""Races in the inbox on PostgreSQL and MariaDB: the last one goes once, a repeat is one line."""

from collections import Counter

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from content import conversations, faq, faq_chats
from content.allowances import Action
from content.conversation_messages import ConversationMessage, Incoming
from content.faq import FaqEntry, Form
from content.reviews import Hand
from kernel.db import Database
from kernel.outbox import OutboxMessage
from tests.content.desk import people
from tests.races.rivals import race
from tests.world import NOON

pytestmark = pytest.mark.race
WROTE = [Action("text", NOON)]


def begin(database: Database) -> tuple[int, int]:
    """A conversation of somebody who wrote, and an operator; one answer went already."""

    def work(session: Session) -> tuple[int, int]:
        staff = people(session)[0]
        conversations.open_for(session, "oAnna", NOON)
        number = conversations.find_open(session, "oAnna")
        assert number
        conversations.answer(session, number, "您好", Hand(staff, NOON), WROTE)
        return number, staff

    return database.transaction(work)


def test_of_sixteen_answers_at_once_four_go(server_database: Database) -> None:
    number, staff = begin(server_database)

    def work(session: Session, attempt: int) -> str:
        conversations.answer(session, number, f"第 {attempt} 句", Hand(staff, NOON), WROTE)
        return "sent"

    outcomes = Counter(race(server_database, work, 16))
    assert outcomes == {"sent": 4, "no_messages_left": 12}
    count = select(func.count()).select_from(OutboxMessage)
    assert server_database.read(lambda session: session.scalar(count)) == 5


def test_a_message_that_comes_many_times_is_one_line(server_database: Database) -> None:
    begin(server_database)

    def work(session: Session, attempt: int) -> int | None:
        incoming = Incoming("text", f"key-{attempt % 4}", "在吗")
        return conversations.receive(session, "oAnna", incoming, NOON)

    race(server_database, work, 32)
    lines = select(func.count()).where(ConversationMessage.key.is_not(None))
    assert server_database.read(lambda session: session.scalar(lines)) == 4
    unread = select(conversations.Conversation.unread)
    assert server_database.read(lambda session: session.scalar(unread)) == 4


def test_who_calls_at_once_has_one_conversation(server_database: Database) -> None:
    def work(session: Session, _attempt: int) -> bool:
        return conversations.open_for(session, "oBoris", NOON)

    assert Counter(race(server_database, work, 16)) == {True: 1, False: 15}


def test_votes_at_once_are_counted_right(server_database: Database) -> None:
    def prepare(session: Session) -> int:
        entry = faq.draft(session, Form("怎么开发票", "到营业厅"), people(session)[0], NOON)
        faq.apply(session, entry, NOON)
        return entry.id

    entry_id = server_database.transaction(prepare)

    def work(session: Session, attempt: int) -> bool:
        useful = attempt % 3 > 0
        return faq_chats.vote(session, entry_id, f"oFan{attempt % 8}", NOON, useful=useful)

    race(server_database, work, 64)

    def look(session: Session) -> None:
        entry = session.get(FaqEntry, entry_id)
        assert entry
        votes = Counter(session.scalars(select(faq_chats.FaqVote.useful)))
        assert (entry.useful, entry.useless) == (votes[True], votes[False])
        assert sum(votes.values()) == 8

    server_database.read(look)
