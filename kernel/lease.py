"""Leases: one holder at a time, kept in the database, so that they survive the loss of Redis."""

from datetime import datetime, timedelta

from sqlalchemy import String, delete, or_, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from kernel.db import Base, insert_once


class Lease(Base):
    """Who leads what, and until when."""

    __tablename__ = "lease"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    holder: Mapped[str] = mapped_column(String(120))
    until_at: Mapped[datetime]


def take(session: Session, name: str, holder: str, now: datetime, seconds: float) -> bool:
    """Take or renew the lease `name` for `holder`; False when somebody else holds it."""
    until = now + timedelta(seconds=seconds)
    taken = session.execute(
        update(Lease)
        .where(Lease.name == name, or_(Lease.holder == holder, Lease.until_at <= now))
        .values(holder=holder, until_at=until)
    )
    if taken.rowcount == 1:  # type: ignore[attr-defined]
        return True
    return insert_once(session, Lease, {"name": name, "holder": holder, "until_at": until}, "name")


def release(session: Session, name: str, holder: str) -> None:
    """Give the lease back, so that a successor need not wait for it to run out."""
    session.execute(delete(Lease).where(Lease.name == name, Lease.holder == holder))


def held(session: Session, name: str, now: datetime) -> bool:
    """Whether anybody holds the lease at `now`."""
    return (
        session.execute(select(Lease.name).where(Lease.name == name, Lease.until_at > now)).first()
        is not None
    )
