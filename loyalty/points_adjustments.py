"""Adjustments: points given or taken by an operator's hand, with a reason; large ones by two."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from kernel import audit
from kernel.activity import BigId
from kernel.db import Base
from kernel.refusals import Invalid, NotFound, Refused
from loyalty import members, points
from loyalty.ledger import Movement
from loyalty.points import Credit, Debit
from loyalty.policy import Policy

MOST = 1_000_000


class PointsAdjustment(Base):
    """What one operator asked for and, above the limit, another decided.

    State: proposed → applied | refused. `decided_by` is empty when one person was enough.
    """

    __tablename__ = "points_adjustment"
    __table_args__ = (
        CheckConstraint("delta <> 0", name="delta_moves"),
        Index("ix_points_adjustment_state_id", "state", "id"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"), index=True)
    delta: Mapped[int] = mapped_column(BigInteger)
    reason: Mapped[str] = mapped_column(String(60))
    request_key: Mapped[str] = mapped_column(String(64), unique=True)
    state: Mapped[str] = mapped_column(String(10))
    needs_second: Mapped[bool]
    proposed_by: Mapped[int] = mapped_column(BigInteger)
    decided_by: Mapped[int | None] = mapped_column(BigInteger)
    created_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]


class SecondPersonNeeded(Refused):
    """Who proposed an adjustment cannot decide it."""

    code = "second_person_needed"


class AlreadyDecided(Refused):
    """Somebody has decided; fact: `state`."""

    code = "already_decided"


@dataclass(frozen=True)
class Wish:
    """What an operator wants; `request_key` makes a repeated form one wish."""

    member_id: int
    delta: int
    reason: str
    request_key: str


def propose(
    session: Session, wish: Wish, operator_id: int, at: datetime, policy: Policy
) -> PointsAdjustment:
    """Adjust at once up to the limit; above it, leave the wish to a second person.

    Raises Invalid without a number or a reason, MemberEnded, NotEnoughPoints.
    """
    _check(wish)
    members.refuse_ended(session, wish.member_id)
    standing = session.scalar(
        select(PointsAdjustment).where(PointsAdjustment.request_key == wish.request_key)
    )
    if standing is not None:
        return standing
    needs_second = abs(wish.delta) > policy.adjust_alone_limit
    row = PointsAdjustment(
        member_id=wish.member_id,
        delta=wish.delta,
        reason=wish.reason.strip(),
        request_key=wish.request_key,
        state="proposed" if needs_second else "applied",
        needs_second=needs_second,
        proposed_by=operator_id,
        created_at=at,
        decided_at=None if needs_second else at,
    )
    session.add(row)
    session.flush()
    _audit(session, "points.proposed" if needs_second else "points.adjusted", row, operator_id, at)
    if not needs_second:
        _apply(session, row, at, policy)
    return row


def decide(
    session: Session, adjustment_id: int, decision: tuple[int, bool], at: datetime, policy: Policy
) -> PointsAdjustment:
    """A second operator's yes or no: `decision` = (operator id, approved).

    Raises NotFound, SecondPersonNeeded, AlreadyDecided, MemberEnded, NotEnoughPoints.
    """
    operator_id, approved = decision
    row = session.get(PointsAdjustment, adjustment_id, populate_existing=True)
    if row is None:
        raise NotFound
    if row.proposed_by == operator_id:
        raise SecondPersonNeeded
    state = "applied" if approved else "refused"
    moved = session.execute(
        update(PointsAdjustment)
        .where(PointsAdjustment.id == adjustment_id, PointsAdjustment.state == "proposed")
        .values(state=state, decided_by=operator_id, decided_at=at)
    )
    if moved.rowcount != 1:  # type: ignore[attr-defined]
        raise AlreadyDecided(state=row.state)
    session.refresh(row)
    _audit(session, "points.approved" if approved else "points.refused", row, operator_id, at)
    if approved:
        members.refuse_ended(session, row.member_id)
        _apply(session, row, at, policy)
    return row


def waiting(session: Session, limit: int = 50) -> list[PointsAdjustment]:
    """Adjustments that wait for a second person, oldest first."""
    return list(
        session.scalars(
            select(PointsAdjustment)
            .where(PointsAdjustment.state == "proposed")
            .order_by(PointsAdjustment.id)
            .limit(limit)
        )
    )


def _check(wish: Wish) -> None:
    if not wish.delta or abs(wish.delta) > MOST:
        raise Invalid(field="delta", reason=f"请填写 1 至 {MOST} 的积分数")
    if not 1 <= len(wish.reason.strip()) <= 60:
        raise Invalid(field="reason", reason="请填写原因（60 字以内）")


def _apply(session: Session, row: PointsAdjustment, at: datetime, policy: Policy) -> None:
    # The reason stays with the adjustment: it may name a person, whom an entry outlives.
    reference, note = f"adjust:{row.id}", "人工调整"
    like = Movement("adjust", 0, "", "", at, None, row.proposed_by)
    if row.delta > 0:
        credit = Credit(row.delta, reference, note)
        points.give(session, row.member_id, [credit], like, policy.expiry.of(at))
    else:
        points.take(session, row.member_id, Debit(-row.delta, reference, note), like)


def _audit(
    session: Session, action: str, row: PointsAdjustment, operator_id: int, at: datetime
) -> None:
    audit.write(
        session,
        action,
        f"member:{row.member_id}",
        at,
        by=(operator_id, None),
        adjustment=row.id,
        delta=row.delta,
        reason=row.reason,
    )
