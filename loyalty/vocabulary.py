"""The words of a rule: everything that loyalty knows of a member, as fields."""

from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, Date, Integer, Select, exists, func, literal, select
from sqlalchemy.orm import aliased

from kernel.clock import day_start
from loyalty import vocabulary_profiles
from loyalty.checkin_days import COUNTED, CheckIn
from loyalty.coupons import Coupon, CouponBatch
from loyalty.followers import Follower
from loyalty.ledger import QUALIFYING, PointsAccount, PointsEntry, PointsLot
from loyalty.members import STATE_NAMES, Member
from loyalty.points_reversals import PointsReversal
from loyalty.rule_days import Day, DaysAgo
from loyalty.rule_fields import Argument, Asked, Field, one, total, vocabulary_of
from loyalty.rule_kinds import Codes, Flag, Level, Named, Number, Text
from loyalty.tags import MemberTag, Tag
from loyalty.tier_ladder import GROUND_NAME, Tier

WEEKDAYS = {number: f"周{name}" for number, name in enumerate("一二三四五六日", 1)}

_DAYS = Argument("days")
_DAYS_NEEDED = Argument("days", needed=True)
_BATCH = Argument("batch")
_invited = aliased(Member)
_TIERS: Select[Any, Any] = (
    select(Tier.level, Tier.name).where(Tier.active.is_(True)).order_by(Tier.level)
)
_TAGS: Select[Any, Any] = (
    select(Tag.code, Tag.name).where(Tag.active.is_(True)).order_by(Tag.name, Tag.id)
)
_BATCHES: Select[Any, Any] = select(CouponBatch.code, CouponBatch.title).order_by(
    CouponBatch.id.desc()
)


def _in_window(query: Select[Any], column: Any, asked: Asked) -> Select[Any]:
    if asked.since is None:
        return query
    ends = day_start(asked.today + timedelta(days=1))
    return query.where(column >= asked.since, column < ends)


def _balance(_asked: Asked) -> ColumnElement[Any]:
    return total(select(PointsAccount.balance).where(PointsAccount.member_id == Member.id))


def _earned(asked: Asked) -> ColumnElement[Any]:
    query = select(func.sum(PointsEntry.delta)).where(
        PointsEntry.member_id == Member.id,
        PointsEntry.kind.in_(sorted(QUALIFYING)),
        ~exists().where(PointsReversal.origin_id == PointsEntry.id),
    )
    return total(_in_window(query, PointsEntry.created_at, asked))


def _expiring(asked: Asked) -> ColumnElement[Any]:
    ends = day_start(asked.today + timedelta(days=asked.days or 0))
    return total(
        select(func.sum(PointsLot.remaining)).where(
            PointsLot.member_id == Member.id,
            PointsLot.remaining > 0,
            PointsLot.expires_at > asked.at,
            PointsLot.expires_at <= ends,
        )
    )


def _check_ins(asked: Asked) -> ColumnElement[Any]:
    query = select(func.count(CheckIn.id)).where(
        CheckIn.member_id == Member.id, CheckIn.day <= asked.today, CheckIn.kind.in_(COUNTED)
    )
    if asked.days is not None:
        query = query.where(CheckIn.day > asked.today - timedelta(days=asked.days))
    return total(query)


def _streak(asked: Asked) -> ColumnElement[Any]:
    return total(
        select(CheckIn.streak)
        .where(
            CheckIn.member_id == Member.id,
            CheckIn.day >= asked.today - timedelta(days=1),
            CheckIn.day <= asked.today,
        )
        .order_by(CheckIn.day.desc())
        .limit(1)
    )


def _last_check_in(asked: Asked) -> ColumnElement[Any]:
    return one(
        select(func.max(CheckIn.day)).where(
            CheckIn.member_id == Member.id, CheckIn.day <= asked.today, CheckIn.kind.in_(COUNTED)
        )
    )


def _checked_in_today(asked: Asked) -> ColumnElement[Any]:
    query = select(CheckIn.id).where(
        CheckIn.member_id == Member.id, CheckIn.day == asked.today, CheckIn.kind.in_(COUNTED)
    )
    return query.correlate(Member).exists()


def _subscribed(_asked: Asked) -> ColumnElement[Any]:
    query = select(Follower.id).where(
        Follower.openid == Member.openid, Follower.subscribed.is_(True)
    )
    return query.correlate(Member).exists()


def _coupons(asked: Asked) -> Select[Any]:
    query = select(func.count(Coupon.id)).where(Coupon.member_id == Member.id)
    batch = asked.arguments.get("batch")
    if batch is None:
        return query
    return query.join(CouponBatch, CouponBatch.id == Coupon.batch_id).where(
        CouponBatch.code == batch
    )


def _claimed(asked: Asked) -> ColumnElement[Any]:
    return total(_in_window(_coupons(asked), Coupon.claimed_at, asked))


def _used(asked: Asked) -> ColumnElement[Any]:
    query = _coupons(asked).where(Coupon.state == "used")
    return total(_in_window(query, Coupon.used_at, asked))


def _held(asked: Asked) -> ColumnElement[Any]:
    return total(
        _coupons(asked).where(
            Coupon.state.in_(("available", "locked")), Coupon.valid_until > asked.at
        )
    )


def _available(asked: Asked) -> ColumnElement[Any]:
    return total(
        _coupons(asked).where(
            Coupon.state == "available",
            Coupon.valid_from <= asked.at,
            Coupon.valid_until > asked.at,
        )
    )


def _tagged(asked: Asked) -> ColumnElement[Any]:
    return total(
        select(func.count(Tag.id))
        .join(MemberTag, MemberTag.tag_id == Tag.id)
        .where(MemberTag.member_id == Member.id, Tag.active.is_(True), Tag.code.in_(asked.value))
    )


def _invited_count(asked: Asked) -> ColumnElement[Any]:
    query = select(func.count(_invited.id)).where(_invited.inviter_id == Member.id)
    return total(_in_window(query, _invited.registered_at, asked))


def _tier_name(level: Any) -> ColumnElement[Any]:
    return select(Tier.name).where(Tier.level == level).scalar_subquery()


def _own_tier(_asked: Asked) -> ColumnElement[Any]:
    name = select(Tier.name).where(Tier.level == Member.tier_level).correlate(Member)
    return func.coalesce(name.scalar_subquery(), GROUND_NAME)


def _tag_name(code: Any) -> ColumnElement[Any]:
    return select(Tag.name).where(Tag.code == code).scalar_subquery()


def _batch_title(code: Any) -> ColumnElement[Any]:
    return select(CouponBatch.title).where(CouponBatch.code == code).scalar_subquery()


def _coupon_field(
    code: str, title: str, column: Callable[[Asked], ColumnElement[Any]], windowed: bool
) -> Field:
    arguments = (_BATCH, _DAYS) if windowed else (_BATCH,)
    kind = Number(unit="张", low=0)
    return Field(
        code, title, kind, column, arguments, "优惠券",
        names={"batch": _batch_title}, argument_options={"batch": _BATCHES},
    )  # fmt: skip


_FIELDS: Iterable[Field] = (
    Field("member.registered_days", "注册", DaysAgo(instant=True), lambda _: Member.registered_at),
    Field("member.registered_on", "注册日期", Day(instant=True), lambda _: Member.registered_at),
    Field("member.channel", "注册渠道", Text(), lambda _: Member.channel),
    Field("member.state", "会员状态", Named(names=STATE_NAMES), lambda _: Member.state),
    Field("member.invited", "邀请注册", Number(unit="人", low=0), _invited_count, (_DAYS,)),
    *vocabulary_profiles.FIELDS,
    Field(
        "tier.level", "等级", Level(), lambda _: Member.tier_level,
        name_of=_tier_name, shown=_own_tier, options=_TIERS,
    ),
    Field("points.balance", "积分余额", Number(unit="分"), _balance),
    Field("points.earned", "获得积分", Number(unit="分"), _earned, (_DAYS,)),
    Field(
        "points.expiring", "{days} 天内到期积分", Number(unit="分", low=0), _expiring,
        (_DAYS_NEEDED,),
    ),
    Field("check_ins.count", "签到", Number(unit="天", low=0), _check_ins, (_DAYS,)),
    Field("check_ins.streak", "连续签到", Number(unit="天", low=0), _streak),
    Field("check_ins.last_days_ago", "距上次签到", DaysAgo(missing=True), _last_check_in),
    Field("check_ins.today", "", Flag(yes="今天已签到", no="今天未签到"), _checked_in_today),
    _coupon_field("coupons.claimed", "领取{batch}", _claimed, windowed=True),
    _coupon_field("coupons.used", "使用{batch}", _used, windowed=True),
    _coupon_field("coupons.held", "持有{batch}", _held, windowed=False),
    _coupon_field("coupons.available", "可用{batch}", _available, windowed=False),
    Field("tags", "标签", Codes(), _tagged, name_of=_tag_name, options=_TAGS),
    Field("follower.subscribed", "", Flag(yes="已关注", no="未关注"), _subscribed),
    Field("today", "日期", Day(), lambda asked: literal(asked.today, Date)),
    Field(
        "weekday", "今天", Named(names=WEEKDAYS),
        lambda asked: literal(asked.today.isoweekday(), Integer),
    ),
)  # fmt: skip

BASE = vocabulary_of(_FIELDS, {"profile": vocabulary_profiles.find})
