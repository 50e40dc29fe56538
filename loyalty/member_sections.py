"""The sections of a person's data: what each table of loyalty tells of one member, in Chinese.

Whoever adds a table that points at a member adds a section here: a test compares the two.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from kernel.activity import Activity
from kernel.db import Base
from kernel.hot import table_of
from kernel.vault import Vault
from loyalty.blocklist import Block
from loyalty.checkin_days import CheckIn
from loyalty.checkin_rewards import CheckInReward
from loyalty.consents import Consent
from loyalty.coupons import Coupon, CouponBatch
from loyalty.followers import Follower
from loyalty.invitations import InviteCode, InviteMonth
from loyalty.ledger import PointsAccount, PointsEntry, PointsLot
from loyalty.members import Member
from loyalty.notices import Notice
from loyalty.points_adjustments import PointsAdjustment
from loyalty.points_pending import PointsPending
from loyalty.profiles import ProfileField, ProfileValue
from loyalty.reward_orders import RECEIVER_PLACE, RewardOrder
from loyalty.rewards import Reward
from loyalty.tags import MemberTag, Tag
from loyalty.tier_changes import TierChange

Row = dict[str, Any]
# What one section reads: (session, vault, member) -> rows with Chinese labels.
Section = Callable[[Session, Vault, Member], list[Row]]


@dataclass(frozen=True)
class TableSection:
    """A section of the rows whose `member_id` is the member's; `labels` name the columns."""

    table: type[Base]
    labels: Mapping[str, str]

    def __call__(self, session: Session, _vault: Vault, member: Member) -> list[Row]:
        """The rows, by their primary key."""
        columns = [getattr(self.table, name) for name in self.labels]
        found = table_of(self.table)
        rows = session.execute(
            select(*columns)
            .where(found.c["member_id"] == member.id)
            .order_by(*found.primary_key.columns)
        )
        return [dict(zip(self.labels.values(), row, strict=True)) for row in rows]


def _answers(session: Session, _vault: Vault, member: Member) -> list[Row]:
    rows = session.execute(
        select(ProfileValue, ProfileField.title)
        .join(ProfileField, ProfileField.code == ProfileValue.field_code)
        .where(ProfileValue.member_id == member.id)
        .order_by(ProfileField.position, ProfileField.code)
    )
    return [
        {"项目": title, "内容": value.value(), "填写时间": value.saved_at} for value, title in rows
    ]


def _coupons(session: Session, _vault: Vault, member: Member) -> list[Row]:
    rows = session.execute(
        select(Coupon, CouponBatch.title)
        .join(CouponBatch, CouponBatch.id == Coupon.batch_id)
        .where(Coupon.member_id == member.id)
        .order_by(Coupon.id)
    )
    return [
        {
            "券": title,
            "券码": coupon.code,
            "状态": coupon.state,
            "来源": coupon.source,
            "领取时间": coupon.claimed_at,
            "有效期至": coupon.valid_until,
            "使用时间": coupon.used_at,
        }
        for coupon, title in rows
    ]


def _tags(session: Session, _vault: Vault, member: Member) -> list[Row]:
    rows = session.execute(
        select(Tag.name, MemberTag.source, MemberTag.put_at)
        .join(MemberTag, MemberTag.tag_id == Tag.id)
        .where(MemberTag.member_id == member.id)
        .order_by(MemberTag.put_at, Tag.id)
    )
    return [{"标签": row.name, "来源": row.source, "时间": row.put_at} for row in rows]


def _follows(session: Session, _vault: Vault, member: Member) -> list[Row]:
    rows = session.scalars(select(Follower).where(Follower.openid == member.openid))
    return [
        {
            "正在关注": row.subscribed,
            "来源场景": row.scene,
            "关注时间": row.followed_at,
            "取消关注时间": row.unfollowed_at,
        }
        for row in rows
    ]


def _invited(session: Session, _vault: Vault, member: Member) -> list[Row]:
    rows = session.execute(
        select(Member.id, Member.registered_at)
        .where(Member.inviter_id == member.id)
        .order_by(Member.id)
    )
    return [{"好友会员号": row.id, "注册时间": row.registered_at} for row in rows]


def _orders(session: Session, vault: Vault, member: Member) -> list[Row]:
    rows = session.execute(
        select(RewardOrder, Reward.title)
        .join(Reward, Reward.id == RewardOrder.reward_id)
        .where(RewardOrder.member_id == member.id)
        .order_by(RewardOrder.id)
    )
    return [
        {
            "单号": order.no,
            "兑换品": title,
            "积分": order.points,
            "状态": order.state,
            "收货人": json.loads(vault.open(order.receiver_sealed, RECEIVER_PLACE))
            if order.receiver_sealed
            else None,
            "承运": order.carrier,
            "运单号": order.tracking_no,
            "时间": order.created_at,
        }
        for order, title in rows
    ]


SECTIONS: Mapping[str, Section] = {
    "关注": _follows,
    "资料": _answers,
    "授权": TableSection(
        Consent,
        {
            "purpose": "用途",
            "version": "版本",
            "channel": "渠道",
            "granted_at": "同意时间",
            "withdrawn_at": "撤回时间",
        },
    ),
    "签到": TableSection(
        CheckIn,
        {"day": "日期", "streak": "连续天数", "points": "积分", "created_at": "时间"},
    ),
    "积分账户": TableSection(PointsAccount, {"balance": "余额", "debt": "待扣还"}),
    "积分流水": TableSection(
        PointsEntry,
        {
            "created_at": "时间",
            "kind": "类型",
            "delta": "变动",
            "balance_after": "余额",
            "note": "说明",
        },
    ),
    "积分批次": TableSection(
        PointsLot, {"amount": "积分", "remaining": "剩余", "expires_at": "到期时间"}
    ),
    "待生效积分": TableSection(PointsPending, {"amount": "积分", "note": "说明", "state": "状态"}),
    "积分调整": TableSection(
        PointsAdjustment,
        {"delta": "变动", "reason": "原因", "state": "状态", "created_at": "时间"},
    ),
    "等级变化": TableSection(
        TierChange,
        {"from_level": "原等级", "to_level": "新等级", "on_day": "日期", "until": "有效期至"},
    ),
    "签到奖励": TableSection(
        CheckInReward,
        {"day": "日期", "name": "名称", "points": "积分", "state": "状态"},
    ),
    "积分兑换": _orders,
    "优惠券": _coupons,
    "标签": _tags,
    "邀请码": TableSection(InviteCode, {"code": "邀请码", "created_at": "生成时间"}),
    "邀请奖励": TableSection(InviteMonth, {"month": "月份", "rewarded": "奖励次数"}),
    "邀请的好友": _invited,
    "消息": TableSection(
        Notice,
        {"created_at": "时间", "kind": "类型", "facts": "内容", "read_at": "阅读时间"},
    ),
    "暂停记录": TableSection(
        Block, {"blocked_at": "暂停时间", "reason": "原因", "lifted_at": "恢复时间"}
    ),
    "活动记录": TableSection(Activity, {"at": "时间", "kind": "类型", "facts": "内容"}),
}
