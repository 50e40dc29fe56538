"""The inbox: one row a delivered message, its duplicate filter and the memory of its answer."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, String, bindparam, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from bot.inbound import Inbound
from bot.replies import Reply, from_json, to_json
from kernel.activity import BigId
from kernel.db import Base, insert_once
from kernel.hot import Hot, table_of

_FORGET_ROWS = 500


class InboxMessage(Base):
    """A message that was taken in; its row commits together with its effect and its reply."""

    __tablename__ = "inbox_message"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    key: Mapped[str] = mapped_column(String(64), unique=True)
    kind: Mapped[str] = mapped_column(String(40))
    openid: Mapped[str] = mapped_column(String(64))
    sent_at: Mapped[datetime]
    received_at: Mapped[datetime] = mapped_column(index=True)
    reply: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))


def take_in(session: Session, inbound: Inbound, at: datetime) -> bool:
    """Put the message down; False when it was taken in before.

    A delivery that arrives while the first is still being handled waits here for its commit.
    """
    row = {
        "key": inbound.key,
        "kind": inbound.kind,
        "openid": inbound.openid,
        "sent_at": inbound.sent_at,
        "received_at": at,
        "reply": None,
    }
    return insert_once(session, InboxMessage, row, "key")


def keep_reply(session: Session, inbound: Inbound, reply: Reply) -> None:
    """Keep what is being answered, for a delivery that comes again."""
    _KEEP.run(session, {"message_key": inbound.key, "answer": to_json(reply)})


def find_reply(session: Session, inbound: Inbound) -> Reply | None:
    """What was answered to this message before."""
    stored = session.scalar(select(InboxMessage.reply).where(InboxMessage.key == inbound.key))
    return from_json(stored) if stored else None


def forget(session: Session, openid: str, stand_in: str) -> None:
    """Put `stand_in` where messages name a person, and drop what was answered to him.

    Looked for without a lock, since no index helps, and changed by their numbers.
    """
    ids = session.scalars(select(InboxMessage.id).where(InboxMessage.openid == openid)).all()
    for start in range(0, len(ids), _FORGET_ROWS):
        some = InboxMessage.id.in_(ids[start : start + _FORGET_ROWS])
        session.execute(update(InboxMessage).where(some).values(openid=stand_in, reply=None))


_KEEP = Hot(
    update(table_of(InboxMessage))
    .where(InboxMessage.key == bindparam("message_key"))
    .values(reply=bindparam("answer", type_=JSON))
)
