"""Figures of a business day; each definition stands beside its number."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from kernel.clock import day_window
from loyalty.checkin_days import CheckIn
from loyalty.coupons import Coupon
from loyalty.followers import Follower
from loyalty.ledger import PointsAccount
from loyalty.members import Member
from loyalty.redemptions import Redemption
from products.applications import Application


@dataclass(frozen=True)
class Figures:
    """One day's counts, and the totals as of now."""

    followed: int
    unfollowed: int
    registered: int
    checked_in: int
    claimed: int
    redeemed: int
    applied: int
    followers: int
    members: int
    points: int


# Name shown and definition, in the order of the console's cards.
DEFINITIONS = {
    "followed": ("新增关注", "当日新增关注（含取关后再次关注）"),
    "unfollowed": ("取消关注", "当日取消关注且尚未再次关注"),
    "registered": ("新增会员", "当日完成注册的会员"),
    "checked_in": ("签到人数", "当日签到的会员，一人一天计一次"),
    "claimed": ("领券张数", "当日领取的优惠券"),
    "redeemed": ("核销张数", "当日由营业厅核销的优惠券"),
    "applied": ("申办单量", "当日提交的产品申办"),
    "followers": ("关注总数", "当前正在关注的人数"),
    "members": ("会员总数", "已注册的会员"),
    "points": ("积分负债", "所有会员未使用的积分"),
}


def of_day(session: Session, day: date) -> Figures:
    """The figures of a business day, in Shanghai."""
    start, end = day_window(day)

    def count(
        instant: InstrumentedAttribute[datetime | None] | InstrumentedAttribute[datetime],
    ) -> int:
        return session.scalar(select(func.count()).where(instant >= start, instant < end)) or 0

    subscribed = Follower.subscribed.is_(True)
    return Figures(
        followed=count(Follower.followed_at),
        unfollowed=session.scalar(
            select(func.count()).where(
                Follower.unfollowed_at >= start, Follower.unfollowed_at < end, ~subscribed
            )
        )
        or 0,
        registered=count(Member.registered_at),
        checked_in=session.scalar(select(func.count()).where(CheckIn.day == day)) or 0,
        claimed=count(Coupon.claimed_at),
        redeemed=count(Redemption.redeemed_at),
        applied=count(Application.created_at),
        followers=session.scalar(select(func.count()).where(subscribed)) or 0,
        members=session.scalar(select(func.count()).select_from(Member)) or 0,
        points=int(session.scalar(select(func.sum(PointsAccount.balance))) or 0),
    )
