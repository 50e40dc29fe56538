"""Redemptions as the console lists them: by branch, day, staff and batch, within one's scope."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, Row, Select, func, select, true
from sqlalchemy.orm import Session

from kernel.clock import day_window
from kernel.refusals import NotFound
from loyalty.coupons import Coupon, CouponBatch
from loyalty.redemption_undos import RedemptionUndo
from loyalty.redemptions import Redemption
from loyalty.staff import Staff

# A redemption, its coupon's batch, the member who owns it, the clerk's name, and its undoing.
Taken = Row[Redemption, CouponBatch, int, str, RedemptionUndo]


@dataclass(frozen=True)
class Asked:
    """What the list is narrowed to; None narrows nothing. `scope` is the asker's own branch."""

    scope: str | None
    branch: str | None = None
    day: date | None = None
    staff_id: int | None = None
    batch_id: int | None = None


def newest(session: Session, asked: Asked, before: int | None, limit: int) -> Sequence[Taken]:
    """Redemptions, undone ones too, the newest first."""
    query = _taken().where(_within(asked.scope)).order_by(Redemption.id.desc()).limit(limit)
    if asked.branch is not None:
        query = query.where(Redemption.branch == asked.branch)
    if asked.day is not None:
        start, end = day_window(asked.day)
        query = query.where(Redemption.redeemed_at >= start, Redemption.redeemed_at < end)
    if asked.staff_id is not None:
        query = query.where(Redemption.staff_id == asked.staff_id)
    if asked.batch_id is not None:
        query = query.where(Coupon.batch_id == asked.batch_id)
    if before is not None:
        query = query.where(Redemption.id < before)
    return session.execute(query).all()


def get(session: Session, redemption_id: int, scope: str | None) -> Taken:
    """One redemption. Raises NotFound, for another branch's too."""
    query = _taken().where(_within(scope), Redemption.id == redemption_id)
    found = session.execute(query).one_or_none()
    if found is None:
        raise NotFound
    return found


def count_of_day(session: Session, day: date, scope: str | None) -> int:
    """How many were taken on a business day and stand."""
    start, end = day_window(day)
    counted = select(func.count(Redemption.id)).where(
        Redemption.redeemed_at >= start,
        Redemption.redeemed_at < end,
        Redemption.standing_coupon_id.is_not(None),
        _within(scope),
    )
    return session.scalar(counted) or 0


def clerks(session: Session, scope: str | None) -> Sequence[Row[int, str, str]]:
    """(number, name, branch code) of staff, past ones too, to choose from."""
    query = select(Staff.id, Staff.name, Staff.branch).order_by(Staff.branch, Staff.name)
    if scope is not None:
        query = query.where(Staff.branch == scope)
    return session.execute(query.limit(500)).all()


def _taken() -> Select[Redemption, CouponBatch, int, str, RedemptionUndo]:
    return (
        select(
            Redemption,
            CouponBatch,
            Coupon.member_id.label("member_id"),
            Staff.name.label("clerk"),
            RedemptionUndo,
        )
        .join(Coupon, Coupon.id == Redemption.coupon_id)
        .join(CouponBatch, CouponBatch.id == Coupon.batch_id)
        .outerjoin(Staff, Staff.id == Redemption.staff_id)
        .outerjoin(RedemptionUndo, RedemptionUndo.redemption_id == Redemption.id)
    )


def _within(scope: str | None) -> ColumnElement[bool]:
    return true() if scope is None else Redemption.branch == scope
