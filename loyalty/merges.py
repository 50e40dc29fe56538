"""Merges: an operator decides that two members are one person; the source goes into the target.

Points go over lot by lot, coupons, pending points, tags and answers change owner; check-ins and
the history stay with the source, whose row becomes a tombstone without anything of a person.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, ForeignKey, Integer, String, delete, func, select, update
from sqlalchemy.orm import InstrumentedAttribute, Mapped, Session, mapped_column

from kernel import activity, audit
from kernel.activity import BigId
from kernel.db import Base
from kernel.refusals import Invalid, Refused
from loyalty import (
    consents,
    members,
    phone_codes,
    points_pending,
    points_transfers,
    reward_orders,
)
from loyalty.blocklist import REASON_LENGTH, clean_reason
from loyalty.coupons import Coupon
from loyalty.ledger import PointsAccount
from loyalty.members import Member
from loyalty.notices import Notice
from loyalty.phone_codes import PhoneCode
from loyalty.profiles import ProfileValue
from loyalty.reward_orders import RewardOrder
from loyalty.tags import MemberTag

TOMBSTONE_NAME = "已合并"

# What a higher package does when a member becomes another: (session, from_id, to_id, at).
Step = Callable[[Session, int, int, datetime], None]


class Merge(Base):
    """One merge, for ever: who into whom, why, by whom, and how much went over."""

    __tablename__ = "member_merge"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    source_id: Mapped[int] = mapped_column(ForeignKey("member.id"), unique=True)
    target_id: Mapped[int] = mapped_column(ForeignKey("member.id"), index=True)
    reason: Mapped[str] = mapped_column(String(REASON_LENGTH))
    merged_by: Mapped[int] = mapped_column(ForeignKey("operator.id"))
    merged_at: Mapped[datetime]
    points: Mapped[int] = mapped_column(Integer)
    coupons: Mapped[int] = mapped_column(Integer)


class OrdersWaiting(Refused):
    """The source has rewards that are to be shipped or cancelled first; fact: `count`."""

    code = "orders_waiting"


@dataclass(frozen=True)
class Decision:
    """An operator's decision: source and target member ids, and why."""

    source_id: int
    target_id: int
    reason: str


@dataclass(frozen=True)
class Preview:
    """What would move, in points, coupons and tags; `answers` are profile fields."""

    points: int
    pending: int
    debt: int
    coupons: int
    tags: int
    answers: int


def preview(session: Session, decision: Decision, at: datetime) -> Preview:
    """What the merge would move. Raises like `merge`."""
    source = members.get_by_id(session, decision.source_id)
    _refuse(session, source, members.get_by_id(session, decision.target_id))
    account = session.get_one(PointsAccount, source.id)
    return Preview(
        points=points_transfers.worth_moving(session, source.id, at),
        pending=points_pending.total_of(session, source.id),
        debt=account.debt,
        coupons=_count(session, *_movable(source.id)),
        tags=_count(session, MemberTag.member_id == source.id),
        answers=_count(session, ProfileValue.member_id == source.id),
    )


def _count(session: Session, *conditions: ColumnElement[bool]) -> int:
    return int(session.scalar(select(func.count()).where(*conditions)) or 0)


def merge(
    session: Session,
    decision: Decision,
    at: datetime,
    *,
    by: int,
    steps: Sequence[Step] = (),
) -> Merge:
    """Merge source into target; a second time moves what came to the source since.

    Raises Invalid without a reason or for one and the same member, NotFound, MemberBlocked,
    MemberEnded, OrdersWaiting.
    """
    reason = clean_reason(decision.reason)
    for member_id in sorted({decision.source_id, decision.target_id}):
        members.lock(session, member_id)  # the lower id first, so that two merges never cross
    source = members.get_by_id(session, decision.source_id)
    target = members.get_by_id(session, decision.target_id)
    standing = session.scalar(select(Merge).where(Merge.source_id == source.id))
    if standing is not None and source.merged_into_id == target.id:
        _move(session, source.id, target.id, at, steps)
        return standing
    _refuse(session, source, target)
    moved = _move(session, source.id, target.id, at, steps)
    _bury(session, source, target, at)
    row = Merge(
        source_id=source.id, target_id=target.id, reason=reason, merged_by=by, merged_at=at,
        points=moved[0], coupons=moved[1],
    )  # fmt: skip
    session.add(row)
    session.flush()
    _tell(session, row)
    return row


def _refuse(session: Session, source: Member, target: Member) -> None:
    if source.id == target.id:
        raise Invalid(field="target", reason="不能把会员并入自己")
    for member in (source, target):
        members.refuse_state(member.state)
    # An order was paid from the source's account and goes to the source's address.
    waiting = RewardOrder.member_id == source.id, RewardOrder.state == "placed"
    count = _count(session, *waiting)
    if count:
        raise OrdersWaiting(count=count)


def _movable(
    member_id: int | InstrumentedAttribute[int],
) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    # A locked one belongs to an order; it follows when it is released.
    return Coupon.member_id == member_id, Coupon.state == "available"


def _move(
    session: Session, from_id: int, to_id: int, at: datetime, steps: Sequence[Step]
) -> tuple[int, int]:
    moved_points = points_transfers.move_all(session, from_id, to_id, at)
    points_pending.hand_over(session, from_id, to_id)
    coupons = session.execute(
        update(Coupon)
        .where(*_movable(from_id))
        .values(member_id=to_id, seq=None, source="merge")
        .execution_options(synchronize_session=False)
    )
    _move_words(session, from_id, to_id)
    for step in steps:
        step(session, from_id, to_id, at)
    return moved_points, int(coupons.rowcount)  # type: ignore[attr-defined]


def _move_words(session: Session, from_id: int, to_id: int) -> None:
    """Tags and answers that the target has not; what both have, the target's stands."""
    there = select(MemberTag.tag_id).where(MemberTag.member_id == to_id)
    known = session.scalars(there).all()
    tags = update(MemberTag).where(MemberTag.member_id == from_id, MemberTag.tag_id.not_in(known))
    answered = session.scalars(
        select(ProfileValue.field_code).where(ProfileValue.member_id == to_id)
    ).all()
    answers = update(ProfileValue).where(
        ProfileValue.member_id == from_id, ProfileValue.field_code.not_in(answered)
    )
    unsynchronised = {"synchronize_session": False}
    for moving in (tags, answers):
        session.execute(moving.values(member_id=to_id).execution_options(**unsynchronised))
    session.execute(delete(MemberTag).where(MemberTag.member_id == from_id))
    session.execute(delete(ProfileValue).where(ProfileValue.member_id == from_id))


def _bury(session: Session, source: Member, target: Member, at: datetime) -> None:
    consents.end_all(session, source.id, at)
    session.execute(delete(Notice).where(Notice.member_id == source.id))
    # Whom the source brought, the target brought; and no merge leads on to another.
    session.execute(
        update(Member)
        .where(Member.inviter_id == source.id, Member.id != target.id)
        .values(inviter_id=target.id)
    )
    session.execute(
        update(Member).where(Member.merged_into_id == source.id).values(merged_into_id=target.id)
    )
    if target.inviter_id == source.id:
        target.inviter_id = None
    # An erasure of the target could not find the source's openid again, so it goes now.
    stand_in = f"merged:{source.id}"
    activity.forget(session, source.id, source.openid, stand_in)
    phone_codes.drop(session, PhoneCode.openid == source.openid, at)
    reward_orders.forget(session, source.id)
    source.state, source.merged_into_id, source.ended_at = "merged", target.id, at
    source.openid, source.name = stand_in, TOMBSTONE_NAME
    source.phone_sealed = source.phone_digest = source.phone_hint = None
    source.wants_check_in_reminder = False
    session.flush()


def _tell(session: Session, row: Merge) -> None:
    by, at = row.merged_by, row.merged_at
    facts = {"source_id": row.source_id, "target_id": row.target_id}
    for member_id in (row.source_id, row.target_id):
        activity.record(session, "member.merged", at, who=(None, member_id), **facts)
    audit.write(session, "member.merged", f"member:{row.target_id}", at, by=(by, None), **facts)


def follow_up(session: Session, at: datetime, limit: int = 100) -> int:
    """Send after what reached merged members since: a refund, a deed begun before the merge.

    Returns how many members had something; run it until that is 0.
    """
    late = session.execute(
        select(Member.id, Member.merged_into_id)
        .join(PointsAccount, PointsAccount.member_id == Member.id)
        .where(
            Member.state == "merged",
            (PointsAccount.balance > 0)
            | (PointsAccount.debt > 0)
            | select(Coupon.id).where(*_movable(Member.id)).exists(),
        )
        .order_by(Member.id)
        .limit(limit)
    ).all()
    for source_id, target_id in late:
        assert target_id is not None, "merged into nobody"
        _move(session, source_id, target_id, at, ())
    return len(late)
