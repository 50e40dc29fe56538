"""Figures of a business day; each definition stands beside its number."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, and_, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from kernel.clock import day_window
from loyalty.checkin_days import CheckIn
from loyalty.coupons import Coupon
from loyalty.followers import Follower
from loyalty.ledger import PointsAccount, PointsEntry
from loyalty.members import Member
from loyalty.redemptions import Redemption
from products.applications import Application

# What puts new points into the programme; a refund or a merge only moves what there was.
_GRANTS = ("earn", "release", "adjust")


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
    granted: int
    spent: int
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
    "granted": ("发放积分", "当日获得、到账和人工补发的积分"),
    "spent": ("消耗积分", "当日兑换、领券和补签用掉的积分"),
    "followers": ("关注总数", "当前正在关注的人数"),
    "members": ("会员总数", "已注册的会员"),
    "points": ("积分负债", "所有会员未使用的积分"),
}
TOTALS = ("followers", "members", "points")
COUNTED = tuple(name for name in DEFINITIONS if name not in TOTALS)


def of_day(session: Session, day: date) -> Figures:
    """The figures of a business day, in Shanghai."""
    return Figures(**counts(session, day), **totals(session))


def counts(session: Session, day: date) -> dict[str, int]:
    """What happened on a business day, in one statement; each count reads that day's rows only."""
    start, end = day_window(day)

    def within(
        instant: InstrumentedAttribute[datetime | None] | InstrumentedAttribute[datetime],
    ) -> ColumnElement[bool]:
        return and_(instant >= start, instant < end)

    granted = and_(
        within(PointsEntry.created_at), PointsEntry.kind.in_(_GRANTS), PointsEntry.delta > 0
    )
    spent = and_(within(PointsEntry.created_at), PointsEntry.kind == "spend")
    return _read(
        session,
        {
            "followed": _count(within(Follower.followed_at)),
            "unfollowed": _count(
                and_(within(Follower.unfollowed_at), Follower.subscribed.is_(False))
            ),
            "registered": _count(within(Member.registered_at)),
            "checked_in": _count(CheckIn.day == day),
            "claimed": _count(within(Coupon.claimed_at)),
            "redeemed": _count(within(Redemption.redeemed_at)),
            "applied": _count(within(Application.created_at)),
            "granted": select(func.sum(PointsEntry.delta)).where(granted).scalar_subquery(),
            "spent": select(func.sum(-PointsEntry.delta)).where(spent).scalar_subquery(),
        },
    )


def totals(session: Session) -> dict[str, int]:
    """The totals of now; reads whole tables."""
    return _read(
        session,
        {
            "followers": _count(Follower.subscribed.is_(True)),
            "members": select(func.count(Member.id)).scalar_subquery(),
            "points": select(func.sum(PointsAccount.balance)).scalar_subquery(),
        },
    )


def _count(which: ColumnElement[bool]) -> ScalarSelect[int]:
    return select(func.count()).where(which).scalar_subquery()


def _read(session: Session, wanted: dict[str, ScalarSelect[Any]]) -> dict[str, int]:
    row = session.execute(select(*(value.label(name) for name, value in wanted.items()))).one()
    return {name: int(value or 0) for name, value in zip(wanted, row, strict=True)}
