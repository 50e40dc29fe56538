"""What a batch brought: claims, uses, new members, order value, branch by branch."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, case, func, select
from sqlalchemy.orm import Session, aliased

from loyalty.coupons import Coupon, CouponBatch, get_batch
from loyalty.members import Member
from loyalty.redemptions import Redemption

NEW_WITHIN = timedelta(days=1)


@dataclass(frozen=True)
class BranchFigures:
    """What one branch redeemed and has not undone; an empty name stands for orders."""

    branch: str
    used: int
    order_fen: int
    saved_fen: int


@dataclass(frozen=True)
class Figures:
    """Counts of coupons and of redemptions; `undone` counts undos, `issued` is claimed + given.

    `new_members`: whose first coupon ever is of this batch, had within a day of registering.
    """

    claimed: int
    given: int
    used: int
    undone: int
    expired: int
    void: int
    new_members: int
    by_branch: tuple[BranchFigures, ...]

    @property
    def issued(self) -> int:
        """All coupons of the batch."""
        return self.claimed + self.given

    @property
    def use_rate(self) -> float:
        """Used coupons among all issued, 0 to 1."""
        return self.used / self.issued if self.issued else 0.0

    @property
    def order_fen(self) -> int:
        """The value of the orders on which coupons were used, where it is known."""
        return sum(branch.order_fen for branch in self.by_branch)

    @property
    def saved_fen(self) -> int:
        """What the coupons took off those orders."""
        return sum(branch.saved_fen for branch in self.by_branch)


def of_batch(session: Session, batch_id: int, at: datetime) -> Figures:
    """The batch's figures as of `at`. Raises NotFound."""
    batch = get_batch(session, batch_id)
    open_states = Coupon.state.in_(("available", "locked"))
    counts = session.execute(
        select(
            _count(Coupon.seq.is_not(None)),
            _count(Coupon.seq.is_(None)),
            _count(Coupon.state == "used"),
            _count(open_states & (Coupon.valid_until <= at)),
            _count(Coupon.state == "void"),
        ).where(Coupon.batch_id == batch_id)
    ).one()
    claimed, given, used, expired, void = (int(count) for count in counts)
    by_branch, undone = _redeemed(session, batch_id)
    return Figures(
        claimed=claimed,
        given=given,
        used=used,
        undone=undone,
        expired=expired,
        void=void,
        new_members=_new_members(session, batch),
        by_branch=by_branch,
    )


def _count(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)


def _redeemed(session: Session, batch_id: int) -> tuple[tuple[BranchFigures, ...], int]:
    stands = Redemption.standing_coupon_id.is_not(None)
    order_fen = case((stands, func.coalesce(Redemption.order_fen, 0)), else_=0)
    rows = session.execute(
        select(
            Redemption.branch,
            _count(stands),
            _count(~stands),
            func.sum(order_fen),
            func.sum(case((stands, Redemption.saved_fen), else_=0)),
        )
        .join(Coupon, Coupon.id == Redemption.coupon_id)
        .where(Coupon.batch_id == batch_id)
        .group_by(Redemption.branch)
        .order_by(_count(stands).desc(), Redemption.branch)
    ).all()
    branches = (
        BranchFigures(row[0], int(row[1]), int(row[3]), int(row[4])) for row in rows if row[1]
    )
    return tuple(branches), sum(int(row[2]) for row in rows)


def _new_members(session: Session, batch: CouponBatch) -> int:
    earlier = aliased(Coupon)
    before = select(earlier.id).where(
        earlier.member_id == Coupon.member_id, earlier.id < Coupon.id
    )
    # The day is counted here: adding one to an instant is written differently everywhere.
    rows = session.execute(
        select(Member.registered_at, Coupon.claimed_at)
        .join(Coupon, Coupon.member_id == Member.id)
        .where(
            Coupon.batch_id == batch.id,
            Member.registered_at >= batch.starts_at - NEW_WITHIN,
            ~before.exists(),
        )
        .execution_options(yield_per=2_000)
    )
    return sum(claimed_at < registered_at + NEW_WITHIN for registered_at, claimed_at in rows)
