"""Pace: how fast all workers together may send, kept in the database.

One row a name holds the instant at which the next message may leave. Who wants to send n reserves
them by moving it n steps: exact over all workers, without Redis, and a worker that dies with a
reservation only leaves a gap.
"""

from datetime import datetime, timedelta

from sqlalchemy import Integer, String, func, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from kernel.db import Base, insert_once


class SendPace(Base):
    """When the next message of that name may leave."""

    __tablename__ = "send_pace"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    next_at: Mapped[datetime]


class SendMinute(Base):
    """How many messages were begun in one minute, for the sliding window."""

    __tablename__ = "send_minute"

    minute: Mapped[datetime] = mapped_column(primary_key=True)
    begun: Mapped[int] = mapped_column(Integer)


def reserve(session: Session, name: str, count: int, per_second: int, now: datetime) -> datetime:
    """When the first of `count` messages may leave; each next one 1 / `per_second` s later."""
    row = {"name": name, "next_at": now}
    insert_once(session, SendPace, row, "name")
    next_at = session.execute(
        select(SendPace.next_at).where(SendPace.name == name).with_for_update()
    ).scalar_one()
    first = max(next_at, now)
    session.execute(
        update(SendPace)
        .where(SendPace.name == name)
        .values(next_at=first + timedelta(seconds=count / per_second))
    )
    return first


def room(session: Session, most: int, minutes: int, now: datetime) -> int:
    """How many messages the window of the last `minutes` still lets begin."""
    since = now - timedelta(minutes=minutes)
    begun = session.scalar(
        select(func.coalesce(func.sum(SendMinute.begun), 0)).where(SendMinute.minute > since)
    )
    return max(0, most - int(begun or 0))


def count(session: Session, begun: int, now: datetime) -> None:
    """Note that so many messages begin now."""
    minute = now.replace(second=0, microsecond=0)
    if insert_once(session, SendMinute, {"minute": minute, "begun": begun}, "minute"):
        return
    session.execute(
        update(SendMinute)
        .where(SendMinute.minute == minute)
        .values(begun=SendMinute.begun + begun)
        .execution_options(synchronize_session=False)
    )
