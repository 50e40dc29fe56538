"""Pending points: promised, and given only when the event they wait for has happened."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, func, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from kernel.activity import BigId
from kernel.db import Base, insert_once
from loyalty import ledger, points, tiers
from loyalty.ledger import Movement
from loyalty.points import Credit
from loyalty.policy import Policy

PAGE = 200


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


@dataclass(frozen=True)
class Settled:
    """A page of an event: promises looked at (none: no more wait), whose were settled, points."""

    seen: int
    members: frozenset[int]
    points: int


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
    points_ = 0
    while (page := release_page(session, event, at, policy)).seen:
        points_ += page.points
    return points_


def release_page(
    session: Session, event: str, at: datetime, policy: Policy, page: int = PAGE
) -> Settled:
    """Give the next points that waited for the event, those of at most `page` promises.

    Each page is fit for a transaction of its own; run it until it has seen nothing.
    """
    waiting = _waiting(session, event, page)
    owners = sorted({row.member_id for row in waiting})
    for owner in owners:
        ledger.hold(session, owner)
    # Read again under the locks: a merge may have handed some over since.
    again = _PROMISE.where(PointsPending.id.in_([row.id for row in waiting]))
    still = [
        row
        for row in session.execute(again).all()
        if row.member_id in owners and _settle(session, row.id, "released", at)
    ]
    for row in still:
        credit = Credit(row.amount, f"release:{row.reference}", row.note)
        like = Movement("release", 0, "", "", at)
        points.give(session, row.member_id, [credit], like, policy.expiry.of(at))
    settled = _settled(len(waiting), still)
    for owner in sorted(settled.members):
        tiers.climb(session, owner, at, policy)
    return settled


def cancel(session: Session, event: str, at: datetime) -> int:
    """The event will not happen: nobody gets the points that waited for it; how many."""
    points_ = 0
    while (page := cancel_page(session, event, at)).seen:
        points_ += page.points
    return points_


def cancel_page(session: Session, event: str, at: datetime, page: int = PAGE) -> Settled:
    """As `cancel`, for the next `page` promises at most; run it until it has seen nothing."""
    waiting = _waiting(session, event, page)
    return _settled(
        len(waiting), [row for row in waiting if _settle(session, row.id, "cancelled", at)]
    )


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


_PROMISE = select(
    PointsPending.id,
    PointsPending.member_id,
    PointsPending.amount,
    PointsPending.reference,
    PointsPending.note,
).order_by(PointsPending.member_id, PointsPending.id)


def _waiting(session: Session, event: str, page: int) -> Sequence[Any]:
    # By members, so that every run locks their accounts in one order.
    wanted = PointsPending.event == event, PointsPending.state == "pending"
    return session.execute(_PROMISE.where(*wanted).limit(page)).all()


def _settled(seen: int, rows: Sequence[Any]) -> Settled:
    return Settled(seen, frozenset(row.member_id for row in rows), sum(row.amount for row in rows))


def _settle(session: Session, pending_id: int, state: str, at: datetime) -> bool:
    done = session.execute(
        update(PointsPending)
        .where(PointsPending.id == pending_id, PointsPending.state == "pending")
        .values(state=state, settled_at=at)
        .execution_options(synchronize_session=False)
    )
    return bool(done.rowcount == 1)  # type: ignore[attr-defined]
