"""Answers of staff from the outbox: sent at most once, tried again only when surely not sent."""

from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from sqlalchemy import select

from content import customer_messages
from content.customer_messages import CustomerMessage
from handlers.actors import send_message
from handlers.jobs import JOBS
from kernel.outbox import OutboxMessage
from kernel.outcomes import Outcome
from tests.jobs.house import House, Killed

BODY = {"msgtype": "text", "text": {"content": "您好"}}


@dataclass
class Chat:
    """Takes customer messages: `answers` in their order, then sent."""

    answers: list[Outcome | type[Killed]] = field(default_factory=list)
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def send_custom(self, openid: str, body: dict[str, Any]) -> Outcome:
        """One call of the platform."""
        self.calls.append((openid, body))
        answer = self.answers.pop(0) if self.answers else Outcome("sent")
        if isinstance(answer, type):
            raise answer
        return answer


def leave(house: House, chat: Chat) -> Any:
    """An answer is left; returns what a worker does about it."""
    house.do(lambda db: customer_messages.post(db, "oAnna", "c:1", BODY, house.clock.now()))
    tools = replace(house.tools, customers=chat)
    message_id = house.database.read(lambda db: db.scalars(select(OutboxMessage.id)).one())
    return lambda: send_message(tools, message_id)


def states(house: House) -> tuple[str, str, str | None]:
    """Of the outbox row and of the message, and the reason."""

    def look(db: Any) -> tuple[str, str, str | None]:
        row = db.scalars(select(CustomerMessage)).one()
        return db.scalars(select(OutboxMessage.state)).one(), row.state, row.reason

    return house.database.read(look)


def test_it_is_sent_once(house: House) -> None:
    chat = Chat()
    work = leave(house, chat)
    for _ in range(3):
        work()
    assert chat.calls == [("oAnna", BODY)]
    assert states(house) == ("sent", "sent", None)


@pytest.mark.parametrize(
    ("outcome", "state", "reason"),
    [
        (Outcome("refused", "45015"), "failed", "45015"),
        (Outcome("refused", "45047"), "failed", "45047"),
        (Outcome("stop", "48001"), "failed", "48001"),
        (Outcome("unknown", "ReadTimeout"), "unknown", "ReadTimeout"),
    ],
)
def test_what_wechat_refuses_is_told(
    house: House, outcome: Outcome, state: str, reason: str
) -> None:
    chat = Chat([outcome])
    work = leave(house, chat)
    work()
    work()
    assert states(house) == (state, state, reason)
    assert len(chat.calls) == 1


def test_what_surely_was_not_sent_is_tried_again_for_a_while(house: House) -> None:
    chat = Chat([Outcome("again", "Unreachable")] * 2)
    work = leave(house, chat)
    work()
    assert states(house) == ("waiting", "waiting", None)
    house.clock.move(seconds=5)
    work()
    house.clock.move(seconds=5)
    work()
    assert (len(chat.calls), states(house)) == (3, ("sent", "sent", None))


def test_after_two_minutes_it_is_too_late(house: House) -> None:
    chat = Chat([Outcome("again", "Unreachable")] * 9)
    work = leave(house, chat)
    work()
    house.clock.move(seconds=120)
    work()
    work()
    assert states(house) == ("failed", "failed", "Unreachable")
    assert len(chat.calls) == 2


def test_a_worker_lost_in_the_call_leaves_unknown(house: House) -> None:
    chat = Chat([Killed])
    work = leave(house, chat)
    with pytest.raises(Killed):
        work()
    house.clock.move(seconds=61)
    for name in ("sweep_outbox", "close_conversations"):
        JOBS[name][1](house.tools)
    assert states(house) == ("unknown", "unknown", "worker lost")
    assert len(chat.calls) == 1
