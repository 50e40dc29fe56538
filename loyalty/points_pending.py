"""Pending points: promised, and given only when the event they wait for has happened."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, func, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from kernel.activity import BigId
from kernel.db import Base, insert_once
from loyalty import points
from loyalty.ledger import Movement
from loyalty.points import Credit
from loyalty.policy import Policy


class PointsPending(Base):
    """Points that wait for `event`; state pending → released | cancelled."""

    __tablename__ = "points_pending"
    __table_args__ = (
        CheckConstraint("amount > 0", name="amount_positive"),
        Index("ix_points_pending_event_state", "event", "state"),
        Index("ix_points_pending_member_id_state", "member_id", "state"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    amount: Mapped[int] = mapped_column(BigInteger)
    reference: Mapped[str] = mapped_column(String(100), unique=True)
    note: Mapped[str] = mapped_column(String(60))
    event: Mapped[str] = mapped_column(String(80))
    state: Mapped[str] = mapped_column(String(10))
    created_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]


@dataclass(frozen=True)
class Promise:
    """What a member gets once `event` ("installed:123") has happened."""

    credit: Credit
    event: str


def promise(session: Session, member_id: int, promised: Promise, at: datetime) -> bool:
    """Put points aside for the member, once for each reference; False when they stand already."""
    credit = promised.credit
    row = {
        "member_id": member_id,
        "amount": credit.points,
        "reference": credit.reference,
        "note": credit.note,
        "event": promised.event,
        "state": "pending",
        "created_at": at,
        "settled_at": None,
    }
    return insert_once(session, PointsPending, row, "reference")


def release(session: Session, event: str, at: datetime, policy: Policy) -> int:
    """Give all points that waited for the event; how many. They expire as if earned now."""
    released = 0
    for row in _waiting(session, event):
        if _settle(session, row.id, "released", at):
            credit = Credit(row.amount, f"release:{row.reference}", row.note)
            expires_at = policy.expiry.of(at)
            like = Movement("release", 0, "", "", at)
            points.give(session, row.member_id, [credit], like, expires_at)
            released += row.amount
    return released


def cancel(session: Session, event: str, at: datetime) -> int:
    """The event will not happen: nobody gets the points that waited for it; how many."""
    rows = _waiting(session, event)
    return sum(row.amount for row in rows if _settle(session, row.id, "cancelled", at))


def cancel_all_of(session: Session, member_id: int, at: datetime) -> int:
    """Cancel what waits for a member who leaves; how many points."""
    rows = session.scalars(
        select(PointsPending).where(
            PointsPending.member_id == member_id, PointsPending.state == "pending"
        )
    ).all()
    return sum(row.amount for row in rows if _settle(session, row.id, "cancelled", at))


def hand_over(session: Session, from_id: int, to_id: int) -> None:
    """What waits for one member waits for another, into whom he was merged."""
    session.execute(
        update(PointsPending)
        .where(PointsPending.member_id == from_id, PointsPending.state == "pending")
        .values(member_id=to_id)
        .execution_options(synchronize_session=False)
    )


def total_of(session: Session, member_id: int) -> int:
    """How many points wait for the member."""
    total = session.scalar(
        select(func.sum(PointsPending.amount)).where(
            PointsPending.member_id == member_id, PointsPending.state == "pending"
        )
    )
    return int(total or 0)


def _waiting(session: Session, event: str) -> list[PointsPending]:
    return list(
        session.scalars(
            select(PointsPending)
            .where(PointsPending.event == event, PointsPending.state == "pending")
            .order_by(PointsPending.member_id, PointsPending.id)
        )
    )


def _settle(session: Session, pending_id: int, state: str, at: datetime) -> bool:
    done = session.execute(
        update(PointsPending)
        .where(PointsPending.id == pending_id, PointsPending.state == "pending")
        .values(state=state, settled_at=at)
        .execution_options(synchronize_session=False)
    )
    return bool(done.rowcount == 1)  # type: ignore[attr-defined]
