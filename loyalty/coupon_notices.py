"""Notices of coupons that soon expire: once a coupon and distance, such as 7 days and 1 day."""

from datetime import date, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from kernel.clock import business_day, day_start
from loyalty import notices
from loyalty.coupons import Coupon, CouponBatch
from loyalty.members import Member
from loyalty.policy import Policy

KIND = "coupon_expiring"


def due(
    session: Session, day: date, policy: Policy, *, after_id: int = 0, limit: int = 500
) -> tuple[int | None, int]:
    """Tell the holders of a page of coupons; (the last coupon's id or None at the end, how many).

    The distance is counted in days of Shanghai to the last day on which the coupon can be used;
    the nearest one that has come counts, so a day without a run is made up for. A coupon that was
    claimed closer to its end than that distance is not announced by it.
    """
    farthest = max(policy.coupon_notice_days, default=0)
    today = day_start(day)
    page = session.execute(
        select(Coupon.id, Coupon.member_id, Coupon.valid_until, Coupon.claimed_at, Coupon.batch_id)
        .join(Member, Member.id == Coupon.member_id)
        .join(CouponBatch, CouponBatch.id == Coupon.batch_id)
        .where(
            Coupon.state == "available",
            Coupon.valid_until > today,
            Coupon.valid_until <= today + timedelta(days=farthest + 1),
            Coupon.id > after_id,
            Member.state == "active",
        )
        .order_by(Coupon.id)
        .limit(limit)
    ).all()
    told = 0
    for coupon in page:
        left = (business_day(coupon.valid_until - timedelta(microseconds=1)) - day).days
        distance = min((far for far in policy.coupon_notice_days if far >= left), default=None)
        if distance is None or coupon.claimed_at > coupon.valid_until - timedelta(days=distance):
            continue
        facts = {"coupon_id": coupon.id, "batch_id": coupon.batch_id, "days": left}
        reference = f"coupon-expiring:{coupon.id}:{distance}"
        told += notices.post(session, coupon.member_id, KIND, reference, today, **facts)
    return (page[-1].id if len(page) == limit else None), told
