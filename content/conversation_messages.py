"""What was said in a conversation: by the customer, and by staff."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text, delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from content.customer_messages import CustomerMessage
from content.reviews import Hand
from kernel.activity import BigId
from kernel.db import Base, insert_once

TEXT_BYTES = 2048
KIND_NAMES = {
    "text": "文字",
    "image": "图片",
    "voice": "语音",
    "video": "视频",
    "shortvideo": "视频",
    "location": "位置",
    "link": "链接",
}
PAGE = 100


class ConversationMessage(Base):
    """One message; `key` is the inbox key of what came in, so that a repeat is not shown twice.

    A picture, a voice or a video has a `media_id`, which WeChat keeps for three days.
    """

    __tablename__ = "conversation_message"
    __table_args__ = (
        Index("ix_conversation_message_conversation_id_id", "conversation_id", "id"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversation.id"))
    key: Mapped[str | None] = mapped_column(String(64), unique=True)
    kind: Mapped[str] = mapped_column(String(20))
    text: Mapped[str] = mapped_column(Text)
    media_id: Mapped[str] = mapped_column(String(128))
    operator_id: Mapped[int | None] = mapped_column(ForeignKey("operator.id"))
    at: Mapped[datetime] = mapped_column(index=True)


@dataclass(frozen=True)
class Incoming:
    """A message of a customer; `key` is the one under which the inbox holds it."""

    kind: str
    key: str
    text: str = ""
    media_id: str = ""


@dataclass(frozen=True)
class Line:
    """A message as the console shows it; `state` is how sending an answer ended."""

    message: ConversationMessage
    state: str | None
    reason: str | None


def take_in(session: Session, conversation_id: int, incoming: Incoming, at: datetime) -> bool:
    """Put down what came in; False when it stands there already."""
    row = {
        "conversation_id": conversation_id,
        "key": incoming.key,
        "kind": incoming.kind[:20],
        "text": incoming.text.encode("utf-8", "ignore")[: 2 * TEXT_BYTES].decode(
            "utf-8", "ignore"
        ),
        "media_id": incoming.media_id[:128],
        "operator_id": None,
        "at": at,
    }
    return insert_once(session, ConversationMessage, row, "key")


def put_out(session: Session, conversation_id: int, text: str, hand: Hand) -> int:
    """Put down an answer of staff; its number."""
    message = ConversationMessage(
        conversation_id=conversation_id,
        key=None,
        kind="text",
        text=text,
        media_id="",
        operator_id=hand.by,
        at=hand.at,
    )
    session.add(message)
    session.flush()  # its number names the outbox row
    return message.id


def preview(kind: str, text: str) -> str:
    """One line of a message, for lists."""
    shown = " ".join(text.split())[:50]
    return shown if kind == "text" else f"[{KIND_NAMES.get(kind, '消息')}] {shown}".strip()


def page(session: Session, conversation_id: int, before: int | None = None) -> list[Line]:
    """The newest messages, the oldest of them first; `before` = number of the first shown."""
    query = select(ConversationMessage).where(
        ConversationMessage.conversation_id == conversation_id
    )
    if before is not None:
        query = query.where(ConversationMessage.id < before)
    newest = session.scalars(query.order_by(ConversationMessage.id.desc()).limit(PAGE)).all()
    references = {reference_of(one): one.id for one in newest if one.operator_id is not None}
    rows = session.execute(
        select(CustomerMessage.reference, CustomerMessage.state, CustomerMessage.reason).where(
            CustomerMessage.reference.in_(references)
        )
    )
    ended = {references[row.reference]: (row.state, row.reason) for row in rows}
    return [Line(one, *ended.get(one.id, (None, None))) for one in reversed(newest)]


def reference_of(message: ConversationMessage) -> str:
    """The business key under which an answer is sent."""
    return f"conversation:{message.conversation_id}:{message.id}"


def forget(session: Session, conversation_ids: list[int]) -> None:
    """Drop everything that was said in these."""
    session.execute(
        delete(ConversationMessage).where(
            ConversationMessage.conversation_id.in_(conversation_ids)
        )
    )
