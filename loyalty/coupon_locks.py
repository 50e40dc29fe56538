"""Coupons of an order: locked when it is placed, used when it is paid, free when it falls through.

Order: the member's account row first, which makes one member's orders pass one by one.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from kernel import activity
from kernel.refusals import NotFound, Refused
from loyalty import coupon_uses, coupon_validity, coupons, ledger
from loyalty.coupons import Coupon, CouponBatch
from loyalty.redemptions import Redemption


class CouponsDoNotStack(Refused):
    """One of the order's coupons is for use alone."""

    code = "coupons_do_not_stack"


@dataclass(frozen=True)
class Order:
    """The order that takes coupons off: its own reference, and its value before them."""

    reference: str
    total_fen: int


def lock(  # noqa: PLR0913 - some are by keyword
    session: Session,
    coupon_id: int,
    member_id: int,
    order: Order,
    at: datetime,
    *,
    ttl: timedelta,
) -> Coupon:
    """Keep the coupon for the order until `at + ttl`, at most until it expires.

    The same order's second lock sets its end anew. Raises NotFound, CouponsDoNotStack and the
    refusals of `coupon_uses`.
    """
    ledger.hold(session, member_id)
    coupon, batch = coupons.get_of_member(session, coupon_id, member_id)
    session.refresh(coupon)
    if coupon.state != "locked" or coupon.order_reference != order.reference:
        coupon_uses.refuse_unusable(coupon, batch, at, order.total_fen)
    elif at >= coupon.valid_until:
        raise coupon_uses.CouponNotUsable(state="expired")
    _check_stacking(session, coupon, batch, order, at)
    until = min(at + ttl, coupon.valid_until)
    mine = (Coupon.state == "locked") & (Coupon.order_reference == order.reference)
    locked = session.execute(
        update(Coupon)
        .where(Coupon.id == coupon_id, mine | coupons.is_free(at))
        .values(state="locked", order_reference=order.reference, locked_until=until)
        .execution_options(synchronize_session=False)
    )
    if locked.rowcount != 1:  # type: ignore[attr-defined]
        raise coupon_uses.CouponLocked  # staff took it meanwhile: it was free a moment ago
    session.refresh(coupon)
    who = (None, member_id)
    activity.record(session, "coupon.locked", at, who=who, coupon_id=coupon_id)
    return coupon


def _check_stacking(
    session: Session, coupon: Coupon, batch: CouponBatch, order: Order, at: datetime
) -> None:
    others = session.execute(
        select(Coupon.member_id, Coupon.state, Coupon.locked_until, CouponBatch.stacking)
        .join(CouponBatch, CouponBatch.id == Coupon.batch_id)
        .where(Coupon.order_reference == order.reference, Coupon.id != coupon.id)
    ).all()
    # An order takes coupons of its own member only, those whose lock ran out included.
    if any(other.member_id != coupon.member_id for other in others):
        raise NotFound
    held = {row.stacking for row in others if row.state == "locked" and row.locked_until > at}
    if held and "exclusive" in {batch.stacking, *held}:
        raise CouponsDoNotStack


def release(session: Session, order_reference: str, at: datetime) -> int:
    """Free what the order holds: it was cancelled, or never paid; how many coupons."""
    freed = session.execute(
        update(Coupon)
        .where(Coupon.order_reference == order_reference, Coupon.state == "locked")
        .values(state="available", order_reference=None, locked_until=None)
        .execution_options(synchronize_session=False)
    )
    count = int(freed.rowcount)  # type: ignore[attr-defined]
    if count:
        activity.record(session, "coupon.released", at, order=order_reference, count=count)
    session.expire_all()
    return count


def sweep(session: Session, at: datetime, limit: int = 500) -> int:
    """Free coupons whose lock has run out, some at a time; they read as free already."""
    due = session.scalars(
        select(Coupon.id)
        .where(Coupon.state == "locked", Coupon.locked_until <= at)
        .order_by(Coupon.id)
        .limit(limit)
    ).all()
    freed = session.execute(
        update(Coupon)
        .where(Coupon.id.in_(due), Coupon.state == "locked", Coupon.locked_until <= at)
        .values(state="available", order_reference=None, locked_until=None)
        .execution_options(synchronize_session=False)
    )
    return int(freed.rowcount)  # type: ignore[attr-defined]


def use(session: Session, order: Order, at: datetime) -> list[Redemption]:
    """Use every coupon that the order holds; a repeat returns the redemptions that stand.

    A lock that ran out still counts while nobody has taken the coupon. What each coupon saves is
    counted on what the ones before it left. Raises CouponNotUsable when one expired meanwhile.
    """
    standing = _standing(session, order)
    if standing:
        return standing
    held = session.execute(
        select(Coupon, CouponBatch)
        .join(CouponBatch, CouponBatch.id == Coupon.batch_id)
        .where(Coupon.order_reference == order.reference, Coupon.state == "locked")
        .order_by(Coupon.id)
        .with_for_update(of=Coupon)
        .execution_options(populate_existing=True)
    ).all()
    if not held:
        return _standing(session, order)
    rest = order.total_fen
    for coupon, batch in held:
        rest -= _use(session, coupon, batch, (order, rest), at)
    session.flush()
    return _standing(session, order)


def _use(
    session: Session, coupon: Coupon, batch: CouponBatch, part: tuple[Order, int], at: datetime
) -> int:
    order, rest = part
    if at >= coupon.valid_until:
        raise coupon_uses.CouponNotUsable(state="expired")
    worth = coupon_validity.worth_of(batch, order.total_fen)
    saved_fen = min(worth, rest)
    coupon.state, coupon.used_at, coupon.locked_until = "used", at, None
    session.add(
        Redemption(
            coupon_id=coupon.id,
            standing_coupon_id=coupon.id,
            channel="order",
            order_reference=order.reference,
            order_fen=order.total_fen,
            saved_fen=saved_fen,
            redeemed_at=at,
        )
    )
    who = (None, coupon.member_id)
    activity.record(session, "coupon.used", at, who=who, coupon_id=coupon.id, fen=saved_fen)
    return saved_fen


def _standing(session: Session, order: Order) -> list[Redemption]:
    return list(
        session.scalars(
            select(Redemption)
            .where(
                Redemption.order_reference == order.reference,
                Redemption.standing_coupon_id.is_not(None),
            )
            .order_by(Redemption.id)
        )
    )
