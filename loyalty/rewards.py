"""Rewards: what points buy in the shop, with a stock and a price."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    String,
    Text,
    select,
    update,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from kernel import audit
from kernel.activity import BigId
from kernel.db import Base, insert_once
from kernel.refusals import Invalid, NotFound, Refused
from loyalty import rules
from loyalty.coupons import CouponBatch

KINDS = {"physical": "实物", "coupon": "优惠券"}
MOST = 1_000_000
_CODE = re.compile(r"[a-z0-9][a-z0-9_.-]{0,39}")


class Reward(Base):
    """One thing to exchange points for; `taken` counts the orders that stand.

    A physical one is shipped; a coupon of `batch_id` is there at once. `picture` is an emoji or
    the path of a picture. Open in `[starts_at, ends_at)` while `active`.
    """

    __tablename__ = "reward"
    __table_args__ = (
        CheckConstraint("taken >= 0 AND taken <= stock", name="taken_within_stock"),
        CheckConstraint("points_price > 0", name="price_positive"),
        CheckConstraint("per_member > 0", name="limit_positive"),
        Index("ix_reward_active_ends_at", "active", "ends_at"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    code: Mapped[str] = mapped_column(String(40), unique=True)
    title: Mapped[str] = mapped_column(String(40))
    kind: Mapped[str] = mapped_column(String(10))
    batch_id: Mapped[int | None] = mapped_column(ForeignKey("coupon_batch.id"))
    points_price: Mapped[int] = mapped_column(Integer)
    stock: Mapped[int] = mapped_column(Integer)
    taken: Mapped[int] = mapped_column(Integer, default=0)
    per_member: Mapped[int] = mapped_column(Integer, default=1)
    min_tier: Mapped[int] = mapped_column(Integer, default=0)
    rule: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    description: Mapped[str] = mapped_column(Text)
    picture: Mapped[str] = mapped_column(String(120))
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    active: Mapped[bool] = mapped_column(Boolean, default=True)


class RewardNotOpen(Refused):
    """The reward cannot be exchanged now; facts: `starts_at`, `ends_at`."""

    code = "reward_not_open"


class RewardOutOfStock(Refused):
    """Every piece of the reward has been taken."""

    code = "reward_out_of_stock"


@dataclass(frozen=True)
class Draft:
    """A reward as an operator fills it in; code, kind and batch stay what they were first."""

    code: str
    title: str
    points_price: int
    stock: int
    starts_at: datetime
    ends_at: datetime
    kind: str = "physical"
    batch: str | None = None
    per_member: int = 1
    min_tier: int = 0
    rule: dict[str, Any] | None = None
    description: str = ""
    picture: str = "🎁"
    active: bool = True


def save(session: Session, draft: Draft, at: datetime, *, by: int | None) -> Reward:
    """Add a reward, or change the one with that code.

    Orders keep the price they were made at. Raises Invalid with the field, RuleInvalid, NotFound
    for an unknown batch.
    """
    _check(draft)
    values = _values(draft)
    batch_id = _batch_id(session, draft)
    row = {**values, "code": draft.code, "kind": draft.kind, "batch_id": batch_id}
    before = None
    if not insert_once(session, Reward, {**row, "stock": draft.stock, "taken": 0}, "code"):
        before = _change(session, draft, values, batch_id)
    after = {**values, "stock": draft.stock}
    changes = audit.changes(before, after, after)
    subject = f"reward:{draft.code}"
    audit.write(session, "reward.saved", subject, at, by=(by, None), changes=changes)
    return get_by_code(session, draft.code)


def _values(draft: Draft) -> dict[str, Any]:
    return {
        "title": draft.title.strip(),
        "points_price": draft.points_price,
        "per_member": draft.per_member,
        "min_tier": draft.min_tier,
        "rule": draft.rule,
        "description": draft.description,
        "picture": draft.picture,
        "starts_at": draft.starts_at,
        "ends_at": draft.ends_at,
        "active": draft.active,
    }


def _check(draft: Draft) -> None:
    faults = {
        "code": ("代码须为小写字母、数字", _CODE.fullmatch(draft.code)),
        "title": ("请填写名称（40 字以内）", 1 <= len(draft.title.strip()) <= 40),
        "kind": ("没有这种礼品", draft.kind in KINDS),
        "points_price": ("积分须为正整数", 1 <= draft.points_price <= MOST),
        "stock": ("库存须为 0 至 1000000", 0 <= draft.stock <= MOST),
        "per_member": ("每人限兑须为 1 至 999", 1 <= draft.per_member <= 999),
        "min_tier": ("等级须为 0 至 99", 0 <= draft.min_tier <= 99),
        "picture": ("图片地址过长", len(draft.picture) <= 120),
        "description": ("说明须在 2000 字以内", len(draft.description) <= 2_000),
        "ends_at": ("结束须晚于开始", draft.starts_at < draft.ends_at),
        "batch": ("优惠券类礼品须选券批次", (draft.kind == "coupon") == bool(draft.batch)),
    }
    for name, (reason, fits) in faults.items():
        if not fits:
            raise Invalid(field=name, reason=reason)
    if draft.rule is not None:
        rules.parse(draft.rule)


def _batch_id(session: Session, draft: Draft) -> int | None:
    if draft.batch is None:
        return None
    found = session.scalar(select(CouponBatch.id).where(CouponBatch.code == draft.batch))
    if found is None:
        raise NotFound
    return found


def _change(
    session: Session, draft: Draft, values: dict[str, Any], batch_id: int | None
) -> dict[str, Any]:
    reward = session.scalars(
        select(Reward).where(Reward.code == draft.code).with_for_update()
    ).one()
    if (reward.kind, reward.batch_id) != (draft.kind, batch_id):
        raise Invalid(field="kind", reason="礼品类型和券批次不能修改")
    if reward.taken and draft.per_member < reward.per_member:
        raise Invalid(field="per_member", reason="已有人兑换，限兑数不能调低")
    if draft.stock < reward.taken:
        raise Invalid(field="stock", reason=f"已兑出 {reward.taken} 件，库存不能更少")
    after = {**values, "stock": draft.stock}
    before = audit.values(reward, after)
    for name, value in after.items():
        setattr(reward, name, value)
    session.flush()
    return before


def restock(session: Session, reward_id: int, stock: int, at: datetime, *, by: int | None) -> None:
    """Raise or lower the stock, never below what is taken. Raises NotFound, Invalid."""
    if not 0 <= stock <= MOST:
        raise Invalid(field="stock", reason="库存须为 0 至 1000000")
    changed = session.execute(
        update(Reward)
        .where(Reward.id == reward_id, Reward.taken <= stock)
        .values(stock=stock)
        .execution_options(synchronize_session="fetch")
    )
    if changed.rowcount != 1:  # type: ignore[attr-defined]
        taken = get(session, reward_id).taken
        raise Invalid(field="stock", reason=f"已兑出 {taken} 件，库存不能更少")
    audit.write(session, "reward.restocked", f"reward:{reward_id}", at, by=(by, None), stock=stock)


def take_one(session: Session, reward_id: int) -> None:
    """One piece less to have. Raises RewardOutOfStock."""
    taken = session.execute(
        update(Reward)
        .where(Reward.id == reward_id, Reward.taken < Reward.stock)
        .values(taken=Reward.taken + 1)
        .execution_options(synchronize_session=False)
    )
    if taken.rowcount != 1:  # type: ignore[attr-defined]
        raise RewardOutOfStock


def put_back_one(session: Session, reward_id: int) -> None:
    """One piece more to have, of an order that no longer stands."""
    session.execute(
        update(Reward)
        .where(Reward.id == reward_id)
        .values(taken=Reward.taken - 1)
        .execution_options(synchronize_session=False)
    )


def queue_on_innodb(session: Session, reward_id: int) -> None:
    """Let exchanges of a reward pass one by one on MariaDB and MySQL.

    There the order's foreign key takes a shared lock on the reward, and two that hold it and then
    both want the row for themselves are a deadlock each time.
    """
    if session.connection().dialect.name in {"mysql", "mariadb"}:
        session.execute(select(Reward.id).where(Reward.id == reward_id).with_for_update())


def get(session: Session, reward_id: int) -> Reward:
    """The reward with that id. Raises NotFound."""
    reward = session.get(Reward, reward_id)
    if reward is None:
        raise NotFound
    return reward


def get_by_code(session: Session, code: str) -> Reward:
    """The reward with that code. Raises NotFound."""
    reward = session.scalar(
        select(Reward).where(Reward.code == code).execution_options(populate_existing=True)
    )
    if reward is None:
        raise NotFound
    return reward


def open_at(session: Session, at: datetime) -> list[Reward]:
    """The rewards on show at `at`, the cheapest first; also those that are all taken."""
    return list(
        session.scalars(
            select(Reward)
            .where(Reward.active.is_(True), Reward.starts_at <= at, Reward.ends_at > at)
            .order_by(Reward.points_price, Reward.id)
        )
    )


def every(session: Session) -> list[Reward]:
    """All rewards, the newest first."""
    return list(session.scalars(select(Reward).order_by(Reward.id.desc())))
