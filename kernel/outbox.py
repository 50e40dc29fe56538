"""The outbox: what must leave the house after commit, as rows; the queue only carries their ids.

States: `waiting` ⇄ `sending` → `sent` | `failed` | `unknown`. A row is marked `sending`, and that
committed, before the call: a crash leaves `sending` behind, which becomes `unknown`, never a
second call.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import JSON, Index, String, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from kernel.activity import BigId
from kernel.db import Base, insert_once

SENDING_SECONDS = 60
# What surely was not sent is tried again, so long and after such pauses.
RETRY_SECONDS = 120
PAUSE_SECONDS = 5


class OutboxMessage(Base):
    """One thing to send; `reference` is its business key, such as `phone-code:17`."""

    __tablename__ = "outbox_message"
    __table_args__ = (Index("ix_outbox_message_state_due_at", "state", "due_at"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    reference: Mapped[str] = mapped_column(String(120), unique=True)
    topic: Mapped[str] = mapped_column(String(40))
    payload: Mapped[dict[str, Any]] = mapped_column(JSON)
    state: Mapped[str] = mapped_column(String(10), default="waiting")
    due_at: Mapped[datetime]
    created_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]
    reason: Mapped[str | None] = mapped_column(String(200))


def post(
    session: Session, topic: str, reference: str, payload: dict[str, Any], at: datetime
) -> None:
    """Leave a message to be sent after the caller's commit; a repeat changes nothing."""
    row = {
        "reference": reference,
        "topic": topic,
        "payload": payload,
        "state": "waiting",
        "due_at": at,
        "created_at": at,
    }
    insert_once(session, OutboxMessage, row, "reference")


def due(session: Session, now: datetime, limit: int = 200) -> list[int]:
    """Ids of the messages that wait and are due."""
    ids = session.scalars(
        select(OutboxMessage.id)
        .where(OutboxMessage.state == "waiting", OutboxMessage.due_at <= now)
        .order_by(OutboxMessage.due_at)
        .limit(limit)
    )
    return list(ids)


def claim(session: Session, message_id: int, now: datetime) -> tuple[str, dict[str, Any]] | None:
    """Mark the message `sending` and return (topic, payload); None when somebody else did."""
    claimed = session.execute(
        update(OutboxMessage)
        .where(OutboxMessage.id == message_id, OutboxMessage.state == "waiting")
        .values(state="sending", due_at=now + timedelta(seconds=SENDING_SECONDS))
    )
    if claimed.rowcount != 1:  # type: ignore[attr-defined]
        return None
    row = session.execute(
        select(OutboxMessage.topic, OutboxMessage.payload).where(OutboxMessage.id == message_id)
    ).one()
    return row.topic, row.payload


def settle(
    session: Session, message_id: int, state: str, now: datetime, reason: str | None = None
) -> None:
    """Write the outcome of a claimed message; the payload goes, since it may hold a code."""
    session.execute(
        update(OutboxMessage)
        .where(OutboxMessage.id == message_id, OutboxMessage.state == "sending")
        .values(state=state, reason=reason, settled_at=now, payload={})
    )


def postpone(session: Session, message_id: int, now: datetime) -> bool:
    """Let a claimed message wait again, since for sure nothing was sent; False when it is old."""
    postponed = session.execute(
        update(OutboxMessage)
        .where(
            OutboxMessage.id == message_id,
            OutboxMessage.state == "sending",
            OutboxMessage.created_at > now - timedelta(seconds=RETRY_SECONDS),
        )
        .values(state="waiting", due_at=now + timedelta(seconds=PAUSE_SECONDS))
    )
    return bool(postponed.rowcount == 1)  # type: ignore[attr-defined]


def withdraw(session: Session, references: Sequence[str], now: datetime) -> int:
    """Do not send these after all: whoever they were for is gone; how many waited."""
    withdrawn = session.execute(
        update(OutboxMessage)
        .where(OutboxMessage.reference.in_(references), OutboxMessage.state == "waiting")
        .values(state="failed", reason="withdrawn", settled_at=now, payload={})
    )
    return int(withdrawn.rowcount)  # type: ignore[attr-defined]


def give_up_stale(session: Session, now: datetime) -> int:
    """Call `unknown` whatever was being sent when its worker died; returns how many."""
    stale = session.execute(
        update(OutboxMessage)
        .where(OutboxMessage.state == "sending", OutboxMessage.due_at <= now)
        .values(state="unknown", settled_at=now, reason="worker lost", payload={})
    )
    return int(stale.rowcount)  # type: ignore[attr-defined]
