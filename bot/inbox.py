"""The inbox: one row a delivered message, its duplicate filter and the memory of its answer."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Index, String, bindparam, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from bot.inbound import Inbound
from bot.replies import Reply, from_json, to_json
from kernel.activity import BigId
from kernel.db import Base, insert_once
from kernel.hot import Hot, table_of

_FORGET_ROWS = 500
_LOOKED_AT = 200
EVENT_KEY_LETTERS = 200
# Taps on the menu, whose keys are counted (`menus.clicks`); other keys may name a person.
MENU_EVENTS = (
    "event.click", "event.view", "event.view_miniprogram", "event.scancode_push",
    "event.scancode_waitmsg", "event.pic_sysphoto", "event.pic_photo_or_album",
    "event.pic_weixin", "event.location_select",
)  # fmt: skip


class InboxMessage(Base):
    """A message that was taken in; its row commits together with its effect and its reply.

    `event_key` is what was tapped in the menu: a key, or the beginning of an address.
    """

    __tablename__ = "inbox_message"
    __table_args__ = (Index("ix_inbox_message_openid_sent_at", "openid", "sent_at"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    key: Mapped[str] = mapped_column(String(64), unique=True)
    kind: Mapped[str] = mapped_column(String(40))
    openid: Mapped[str] = mapped_column(String(64))
    event_key: Mapped[str | None] = mapped_column(String(EVENT_KEY_LETTERS))
    sent_at: Mapped[datetime]
    received_at: Mapped[datetime] = mapped_column(index=True)
    reply: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))


def take_in(session: Session, inbound: Inbound, at: datetime) -> bool:
    """Put the message down; False when it was taken in before.

    A delivery that arrives while the first is still being handled waits here for its commit.
    """
    row = {
        "key": inbound.key,
        "kind": _kind(inbound),
        "openid": inbound.openid,
        "event_key": _event_key(inbound),
        "sent_at": inbound.sent_at,
        "received_at": at,
        "reply": None,
    }
    return insert_once(session, InboxMessage, row, "key")


def _event_key(inbound: Inbound) -> str | None:
    if inbound.kind not in MENU_EVENTS:
        return None
    # What a page was opened with (a query, a fragment) is nobody's business here.
    key = inbound.text("EventKey").partition("?")[0].partition("#")[0].replace("\0", "")
    return key[:EVENT_KEY_LETTERS] or None


def _kind(inbound: Inbound) -> str:
    # A line of a menu in the chat comes as a text, but counts as a click where WeChat counts.
    return "text.tapped" if inbound.text("bizmsgmenuid") else inbound.kind


def actions(session: Session, openid: str, since: datetime) -> list[tuple[str, datetime]]:
    """What somebody did since an instant, as (kind, when), by the platform's clock."""
    query = select(InboxMessage.kind, InboxMessage.sent_at).where(
        InboxMessage.openid == openid, InboxMessage.sent_at > since
    )
    # The newest tell how many messages may be sent; a flood of old ones does not matter.
    rows = session.execute(query.order_by(InboxMessage.sent_at.desc()).limit(_LOOKED_AT))
    return [(row.kind, row.sent_at) for row in rows]


def keep_reply(session: Session, inbound: Inbound, reply: Reply) -> None:
    """Keep what is being answered, for a delivery that comes again."""
    _KEEP.run(session, {"message_key": inbound.key, "answer": to_json(reply)})


def find_reply(session: Session, inbound: Inbound) -> Reply | None:
    """What was answered to this message before."""
    stored = session.scalar(select(InboxMessage.reply).where(InboxMessage.key == inbound.key))
    return from_json(stored) if stored else None


def forget(session: Session, openid: str, stand_in: str) -> None:
    """Put `stand_in` where messages name a person, and drop what was answered to him.

    Looked for without a lock and changed by their numbers.
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
