"""Erasure: the person goes, the totals stay.

The row becomes a tombstone without name, phone or openid; what the member held is forfeited; of
the phone only its keyed digest stays among the seen phones, against a second welcome.
"""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, delete, or_, select, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from kernel import activity, audit
from kernel.db import Base
from loyalty import (
    consents,
    members,
    phone_codes,
    points_pending,
    points_transfers,
    profiles,
    reward_orders,
    seen_phones,
)
from loyalty.blocklist import Block
from loyalty.coupons import Coupon
from loyalty.followers import Follower
from loyalty.invitations import InviteCode
from loyalty.ledger import PointsAccount
from loyalty.members import Member, MemberEnded
from loyalty.merges import Merge
from loyalty.notices import Notice
from loyalty.phone_codes import PhoneCode
from loyalty.points_adjustments import PointsAdjustment
from loyalty.points_reversals import PointsReversal
from loyalty.reward_orders import Actor, RewardOrder
from loyalty.tags import MemberTag

TOMBSTONE_NAME = "已注销"


@dataclass(frozen=True)
class Leaving:
    """Who is being erased: the member, the openid that was his and what stands there now.

    A visitor who is no member has the number 0, which is nobody's.
    """

    member_id: int
    openid: str
    stand_in: str
    phone_digest: str | None
    at: datetime


# What another package erases of its own.
Step = Callable[[Session, Leaving], None]


def erase(
    session: Session,
    member_id: int,
    at: datetime,
    *,
    by: int | None = None,
    steps: Sequence[Step] = (),
) -> bool:
    """Erase the member for ever; False when that is done already.

    `by` is the operator who does it for him; None, the member himself. Raises NotFound,
    MemberEnded for one who was merged: erase the member he was merged into.
    """
    member = members.lock(session, member_id)
    if member.state == "erased":
        return False
    if member.state not in members.LIVE:
        raise MemberEnded(state=member.state)
    stand_in = f"erased:{secrets.token_hex(12)}"
    leaving = Leaving(member_id, member.openid, stand_in, member.phone_digest, at)
    _give_back_orders(session, member_id, at)
    _forfeit(session, member_id, at)
    _forget(session, leaving)
    for step in steps:
        step(session, leaving)
    if member.phone_digest is not None:
        barred = member.state == "blocked"
        seen_phones.mark_erased(session, member.phone_digest, at, barred=barred)
    _bury(session, member, leaving)
    activity.record(session, "member.erased", at, who=(stand_in, member_id))
    if by is not None:
        audit.write(session, "member.erased", f"member:{member_id}", at, by=(by, None))
    return True


def _give_back_orders(session: Session, member_id: int, at: datetime) -> None:
    """Rewards that nobody has sent yet are not sent: there will be no address."""
    waiting = session.execute(
        select(RewardOrder.id)
        .where(RewardOrder.member_id == member_id, RewardOrder.state == "placed")
        .where(RewardOrder.coupon_id.is_(None))
        .order_by(RewardOrder.reward_id, RewardOrder.id)
    )
    for order_id in waiting.scalars().all():
        reward_orders.cancel(session, order_id, at, Actor("system", why="会员注销"))


def _forfeit(session: Session, member_id: int, at: datetime) -> None:
    points_pending.cancel_all_of(session, member_id, at)
    points_transfers.forfeit(session, member_id, at)
    session.execute(
        update(Coupon)
        .where(*_held(member_id))
        .values(state="void", order_reference=None, locked_until=None)
        .execution_options(synchronize_session=False)
    )


def _held(
    member_id: int | InstrumentedAttribute[int],
) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return Coupon.member_id == member_id, Coupon.state.in_(("available", "locked"))


def _forget(session: Session, leaving: Leaving) -> None:
    """Everything that names the person or was written about him."""
    member_id, openid = leaving.member_id, leaving.openid
    consents.end_all(session, member_id, leaving.at)
    profiles.erase(session, member_id)
    reward_orders.forget(session, member_id)
    _drop_codes(session, leaving)
    gone: list[tuple[type[Base], ColumnElement[bool]]] = [
        (Notice, Notice.member_id == member_id),
        (MemberTag, MemberTag.member_id == member_id),
        (InviteCode, InviteCode.member_id == member_id),
        (Follower, Follower.openid == openid),
    ]
    for table, condition in gone:
        session.execute(
            delete(table).where(condition).execution_options(synchronize_session=False)
        )
    for table, owner in (
        (Block, Block.member_id),
        (Merge, Merge.target_id),
        (PointsAdjustment, PointsAdjustment.member_id),
        (PointsReversal, PointsReversal.member_id),
    ):
        # What operators wrote may name him.
        words = update(table).where(owner == member_id).values(reason="")
        session.execute(words.execution_options(synchronize_session=False))
    session.execute(
        update(Block)
        .where(Block.member_id == member_id)
        .values(lift_reason=None)
        .execution_options(synchronize_session=False)
    )
    activity.forget(session, member_id, openid, leaving.stand_in)


def _drop_codes(session: Session, leaving: Leaving) -> None:
    theirs = PhoneCode.openid == leaving.openid
    if leaving.phone_digest is not None:
        theirs = or_(theirs, PhoneCode.phone_digest == leaving.phone_digest)
    phone_codes.drop(session, theirs, leaving.at)


def forget_visitor(
    session: Session, openid: str, at: datetime, *, steps: Sequence[Step] = ()
) -> None:
    """Forget somebody who never was a member, or is one no longer: what names his openid goes."""
    leaving = Leaving(0, openid, f"erased:{secrets.token_hex(12)}", None, at)
    _drop_codes(session, leaving)
    gone = delete(Follower).where(Follower.openid == openid)
    session.execute(gone.execution_options(synchronize_session=False))
    activity.forget(session, leaving.member_id, openid, leaving.stand_in)
    for step in steps:
        step(session, leaving)


def _bury(session: Session, member: Member, leaving: Leaving) -> None:
    member.state, member.ended_at = "erased", leaving.at
    member.openid, member.name = leaving.stand_in, TOMBSTONE_NAME
    member.phone_sealed = member.phone_digest = member.phone_hint = None
    member.inviter_id = None
    member.wants_check_in_reminder = False
    session.flush()


def follow_up(session: Session, at: datetime, limit: int = 100) -> int:
    """Let go what reached erased members since: a refund, a deed begun before the erasure.

    Returns how many members had something; run it until that is 0.
    """
    late = session.scalars(
        select(Member.id)
        .join(PointsAccount, PointsAccount.member_id == Member.id)
        .where(
            Member.state == "erased",
            or_(
                PointsAccount.balance > 0,
                select(Coupon.id).where(*_held(Member.id)).exists(),
            ),
        )
        .order_by(Member.id)
        .limit(limit)
    ).all()
    for member_id in late:
        _forfeit(session, member_id, at)
    return len(late)
