"""The member activity: one row a member, streamed, phones masked."""

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from kernel.clock import SHANGHAI
from loyalty.checkin_days import CheckIn
from loyalty.coupons import Coupon
from loyalty.followers import Follower
from loyalty.ledger import PointsAccount
from loyalty.members import Member
from products.applications import Application

HEADER = (
    "会员号", "姓名", "手机", "关注", "注册时间", "注册渠道", "积分", "签到次数", "最近签到",
    "领券", "用券", "申办",
)  # fmt: skip
CHANNELS = {"site": "微站", "demo": "演示", "import": "导入"}
_BATCH = 2_000

Row = tuple[str | int, ...]


def rows(session: Session) -> Iterator[Row]:
    """Every member's row, by member number; memory stays flat however many there are."""
    after = 0
    while True:
        batch = session.execute(_query(after)).all()
        for row in batch:
            yield _row(tuple(row))
        if len(batch) < _BATCH:
            return
        after = int(str(batch[-1][0]))


def _query(after: int) -> Select[tuple[object, ...]]:
    page = select(Member.id).where(Member.id > after).order_by(Member.id).limit(_BATCH).subquery()
    checks = (
        select(CheckIn.member_id, func.count().label("n"), func.max(CheckIn.day).label("last"))
        .where(CheckIn.member_id.in_(select(page.c.id)))
        .group_by(CheckIn.member_id)
        .subquery()
    )
    claims = (
        select(Coupon.member_id, func.count().label("n"), func.count(Coupon.used_at).label("used"))
        .where(Coupon.member_id.in_(select(page.c.id)))
        .group_by(Coupon.member_id)
        .subquery()
    )
    asked = (
        select(Application.member_id, func.count().label("n"))
        .where(Application.member_id.in_(select(page.c.id)))
        .group_by(Application.member_id)
        .subquery()
    )
    query: Select[tuple[object, ...]] = (
        select(
            Member.id, Member.name, Member.phone_hint, Follower.subscribed, Member.registered_at,
            Member.channel, PointsAccount.balance, checks.c.n, checks.c.last, claims.c.n,
            claims.c.used, asked.c.n,
        )
        .join(page, page.c.id == Member.id)
        .outerjoin(Follower, Follower.openid == Member.openid)
        .outerjoin(PointsAccount, PointsAccount.member_id == Member.id)
        .outerjoin(checks, checks.c.member_id == Member.id)
        .outerjoin(claims, claims.c.member_id == Member.id)
        .outerjoin(asked, asked.c.member_id == Member.id)
        .order_by(Member.id)
    )  # fmt: skip
    return query


def _row(values: tuple[object, ...]) -> Row:
    number, name, phone, follows, registered_at, channel, *figures = values
    points, checks, last_check, claimed, used, applied = figures
    assert isinstance(registered_at, datetime)
    return (
        f"{number}",
        str(name),
        str(phone or ""),
        "是" if follows else "否",
        f"{registered_at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}",
        CHANNELS.get(str(channel), str(channel)),
        _number(points),
        _number(checks),
        str(last_check or ""),
        _number(claimed),
        _number(used),
        _number(applied),
    )


def _number(value: object) -> int:
    return int(value) if isinstance(value, int) else 0
