"""Conversations: somebody asked for a person; what he writes waits for one, and is answered.

States: open (waits for staff) → answered (waits for the customer) → closed, by staff or after a
day of silence. A follower has one that is not closed at most.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import (
    ColumnElement,
    ForeignKey,
    Index,
    Integer,
    String,
    case,
    func,
    select,
    update,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from content import conversation_messages as messages
from content import customer_messages
from content.allowances import Action, Allowance
from content.conversation_messages import TEXT_BYTES, Incoming
from content.reviews import Hand
from content.wording import size
from kernel import activity, audit
from kernel.activity import BigId
from kernel.db import Base, insert_once
from kernel.refusals import Invalid, NotFound, Refused

STATES = {"open": "待回复", "answered": "已回复", "closed": "已结束"}
SILENCE = timedelta(hours=24)
PAGE = 50
_CLOSED_AT_ONCE = 200


class Conversation(Base):
    """One talk with a follower; `open_for` is his openid while it is not closed."""

    __tablename__ = "conversation"
    __table_args__ = (
        Index("ix_conversation_state_last_at", "state", "last_at", "id"),
        Index("ix_conversation_operator_id_last_at", "operator_id", "last_at"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    openid: Mapped[str] = mapped_column(String(64), index=True)
    open_for: Mapped[str | None] = mapped_column(String(64), unique=True)
    state: Mapped[str] = mapped_column(String(10))
    operator_id: Mapped[int | None] = mapped_column(ForeignKey("operator.id"))
    unread: Mapped[int] = mapped_column(Integer)
    preview: Mapped[str] = mapped_column(String(60))
    opened_at: Mapped[datetime]
    last_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    closed_by: Mapped[int | None] = mapped_column(ForeignKey("operator.id"))


class ConversationClosed(Refused):
    """The conversation has ended; a new one begins when the customer asks for staff again."""

    code = "conversation_closed"


class TakenByAnother(Refused):
    """A colleague takes care of it; fact: `operator`, his number."""

    code = "taken_by_another"


@dataclass(frozen=True)
class Counts:
    """What the inbox holds: conversations that wait, of them without staff, and unread ones."""

    waiting: int
    unassigned: int
    unread: int


def open_for(session: Session, openid: str, at: datetime) -> bool:
    """Somebody asks for staff; False when his conversation is open already."""
    row = {
        "openid": openid, "open_for": openid, "state": "open", "operator_id": None, "unread": 0,
        "preview": "", "opened_at": at, "last_at": at, "closed_at": None, "closed_by": None,
    }  # fmt: skip
    return insert_once(session, Conversation, row, "open_for")


def find_open(session: Session, openid: str) -> int | None:
    """The number of a follower's conversation that is not closed."""
    return session.scalar(select(Conversation.id).where(Conversation.open_for == openid))


def receive(session: Session, openid: str, incoming: Incoming, at: datetime) -> int | None:
    """Put what a follower wrote into his open conversation; how much of it is unread now.

    None without an open conversation; a message that is there already changes nothing.
    """
    found = _hold(session, Conversation.open_for == openid)
    if found is None:
        return None
    if messages.take_in(session, found.id, incoming, at):
        found.state, found.unread, found.last_at = "open", found.unread + 1, at
        found.preview = messages.preview(incoming.kind, incoming.text)
        session.flush()  # the caller goes on with plain statements
    return found.unread


def answer(
    session: Session, conversation_id: int, text: str, hand: Hand, actions: Sequence[Action]
) -> None:
    """Answer in the chat: the worker sends it, at most once.

    `actions` is what the follower did within 48 hours (`bot.inbox.actions`). Raises Invalid,
    NotFound, ConversationClosed, TakenByAnother, WindowClosed, NoMessagesLeft.
    """
    text = text.strip()
    if not text or size(text) > TEXT_BYTES:
        raise Invalid(field="text", reason=f"请填写 1 至 {TEXT_BYTES} 字节的文字")
    # The row's lock: of two answers at once, the second one counts the first.
    found = _require(session, conversation_id)
    _require_mine(found, hand.by)
    customer_messages.left_for(session, found.openid, actions, hand.at).require()
    number = messages.put_out(session, found.id, text, hand)
    reference = f"conversation:{found.id}:{number}"
    body = {"msgtype": "text", "text": {"content": text}}
    customer_messages.post(session, found.openid, reference, body, hand.at)
    found.operator_id = hand.by
    found.state, found.unread, found.last_at = "answered", 0, hand.at
    found.preview = messages.preview("text", text)
    activity.record(session, "staff_answered", hand.at, who=(found.openid, None))
    audit.write(session, "conversation.answered", _name(found), hand.at, by=(hand.by, None))


def left(
    session: Session, conversation_id: int, actions: Sequence[Action], at: datetime
) -> Allowance:
    """How many answers WeChat still takes, and until when. Raises NotFound."""
    openid = get(session, conversation_id).openid
    return customer_messages.left_for(session, openid, actions, at)


def take(session: Session, conversation_id: int, hand: Hand) -> None:
    """Take care of it oneself. Raises NotFound, ConversationClosed, TakenByAnother."""
    found = _require(session, conversation_id)
    _require_mine(found, hand.by)
    _assign(session, found, hand.by, hand)


def hand_over(session: Session, conversation_id: int, to: int | None, hand: Hand) -> None:
    """Give it to a colleague, or back to all (None). Raises NotFound, ConversationClosed."""
    _assign(session, _require(session, conversation_id), to, hand)


def close(session: Session, conversation_id: int, hand: Hand) -> None:
    """End it: the bot answers the follower again. Raises NotFound, ConversationClosed."""
    found = _require(session, conversation_id)
    before = STATES[found.state]
    found.state, found.open_for, found.unread = "closed", None, 0
    found.closed_at, found.closed_by = hand.at, hand.by
    changes = {"状态": [before, STATES["closed"]]}
    audit.write(
        session, "conversation.closed", _name(found), hand.at, by=(hand.by, None), changes=changes
    )


def mark_read(session: Session, conversation_id: int) -> None:
    """Somebody has looked at everything that came."""
    session.execute(
        update(Conversation).where(Conversation.id == conversation_id).values(unread=0)
    )


def close_silent(session: Session, now: datetime) -> int:
    """End the conversations in which nobody has written for a day; how many."""
    query = select(Conversation.id).where(
        Conversation.state.in_(("open", "answered")), Conversation.last_at <= now - SILENCE
    )
    silent = session.scalars(query.order_by(Conversation.id).limit(_CLOSED_AT_ONCE)).all()
    if silent:
        session.execute(
            update(Conversation)
            .where(
                Conversation.id.in_(silent),
                Conversation.open_for.is_not(None),
                Conversation.last_at <= now - SILENCE,
            )
            .values(state="closed", open_for=None, closed_at=now)
        )
    return len(silent)


def get(session: Session, conversation_id: int) -> Conversation:
    """The conversation with that number. Raises NotFound."""
    found = session.get(Conversation, conversation_id)
    if found is None:
        raise NotFound(conversation=conversation_id)
    return found


def page(
    session: Session,
    state: str = "open",
    operator_id: int | None = None,
    before: tuple[datetime, int] | None = None,
) -> list[Conversation]:
    """Conversations in a state, of one operator if given, those with the newest message first.

    `before` = (last_at, id) of the last one of the page before.
    """
    query = select(Conversation).where(Conversation.state == state)
    if operator_id is not None:
        query = query.where(Conversation.operator_id == operator_id)
    if before is not None:
        at, last_id = before
        query = query.where(
            (Conversation.last_at < at)
            | ((Conversation.last_at == at) & (Conversation.id < last_id))
        )
    query = query.order_by(Conversation.last_at.desc(), Conversation.id.desc())
    return list(session.scalars(query.limit(PAGE)))


def of_follower(session: Session, openid: str, limit: int = 20) -> list[Conversation]:
    """What a follower talked about before, the newest first."""
    query = select(Conversation).where(Conversation.openid == openid)
    return list(session.scalars(query.order_by(Conversation.id.desc()).limit(limit)))


def counts(session: Session) -> Counts:
    """What waits in the inbox."""
    row = session.execute(
        select(
            func.count(),
            func.count(case((Conversation.operator_id.is_(None), 1))),
            func.coalesce(func.sum(Conversation.unread), 0),
        ).where(Conversation.state == "open")
    ).one()
    return Counts(int(row[0]), int(row[1]), int(row[2]))


def forget(session: Session, openid: str, stand_in: str) -> None:
    """Drop what a person wrote and was answered; that he asked stays counted, without him."""
    numbers = session.scalars(select(Conversation.id).where(Conversation.openid == openid)).all()
    messages.forget(session, list(numbers))
    session.execute(
        update(Conversation)
        .where(Conversation.id.in_(numbers))
        .values(openid=stand_in, open_for=None, state="closed", preview="", unread=0)
    )


def _hold(session: Session, *conditions: ColumnElement[bool]) -> Conversation | None:
    query = select(Conversation).where(*conditions).with_for_update()
    return session.scalar(query.execution_options(populate_existing=True))


def _require(session: Session, conversation_id: int) -> Conversation:
    found = _hold(session, Conversation.id == conversation_id)
    if found is None:
        raise NotFound(conversation=conversation_id)
    if found.state == "closed":
        raise ConversationClosed
    return found


def _require_mine(found: Conversation, by: int) -> None:
    if found.operator_id not in {None, by}:
        raise TakenByAnother(operator=found.operator_id)


def _assign(session: Session, found: Conversation, to: int | None, hand: Hand) -> None:
    changes = {"负责人": [found.operator_id, to]}
    found.operator_id = to
    audit.write(
        session,
        "conversation.assigned",
        _name(found),
        hand.at,
        by=(hand.by, None),
        changes=changes,
    )


def _name(found: Conversation) -> str:
    return f"conversation:{found.id}"
