"""Coupons: batches with a stock, and the coupons that members hold of them."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    String,
    Text,
    UniqueConstraint,
    and_,
    func,
    or_,
    select,
)
from sqlalchemy.orm import Mapped, Session, column_property, mapped_column
from sqlalchemy.sql.elements import ColumnElement

from kernel.activity import BigId
from kernel.db import Base
from kernel.refusals import NotFound

KINDS = ("bill_credit", "discount", "gift", "bandwidth", "partner")


class CouponStock(Base):
    """A part of a batch's stock; a batch that is claimed in a rush has several, else one."""

    __tablename__ = "coupon_stock"
    __table_args__ = (
        CheckConstraint("issued >= 0 AND issued <= stock", name="issued_within_stock"),
    )

    batch_id: Mapped[int] = mapped_column(
        ForeignKey("coupon_batch.id"), primary_key=True, autoincrement=False
    )
    shard: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    stock: Mapped[int] = mapped_column(Integer)
    issued: Mapped[int] = mapped_column(Integer, default=0)


class CouponBatch(Base):
    """What is given out: how many, to whom how many, and how long a coupon then lives.

    `stock` is the plan, `issued` the sum over the shards, which alone decide. `per_day`, `cap_fen`
    and `min_order_fen` of 0 set no bound; an empty list of channels means each of them. `unusable`
    holds `weekdays` (0 is Monday) and `dates`, pairs of days both included. `revision` counts the
    changes of the terms.
    """

    __tablename__ = "coupon_batch"
    __table_args__ = (
        CheckConstraint(
            "validity <> 'fixed' OR (fixed_from IS NOT NULL AND fixed_until > fixed_from)",
            name="fixed_has_dates",
        ),
        CheckConstraint("starts_at < ends_at", name="starts_first"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    code: Mapped[str] = mapped_column(String(40), unique=True)
    title: Mapped[str] = mapped_column(String(40))
    kind: Mapped[str] = mapped_column(String(20))
    worth: Mapped[str] = mapped_column(String(20))
    terms: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(10), default="open")
    amount_fen: Mapped[int] = mapped_column(BigInteger, default=0)
    percent_off: Mapped[int] = mapped_column(Integer, default=0)
    cap_fen: Mapped[int] = mapped_column(BigInteger, default=0)
    min_order_fen: Mapped[int] = mapped_column(BigInteger, default=0)
    stock: Mapped[int] = mapped_column(Integer)
    shards: Mapped[int] = mapped_column(Integer, default=1)
    per_member: Mapped[int] = mapped_column(Integer, default=1)
    per_day: Mapped[int] = mapped_column(Integer, default=0)
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    validity: Mapped[str] = mapped_column(String(10), default="days")
    valid_days: Mapped[int] = mapped_column(Integer, default=0)
    fixed_from: Mapped[datetime | None]
    fixed_until: Mapped[datetime | None]
    unusable: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    rule: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    min_tier: Mapped[int] = mapped_column(Integer, default=0)
    needs_tag: Mapped[str] = mapped_column(String(40), default="")
    price_points: Mapped[int] = mapped_column(Integer, default=0)
    phrase_digest: Mapped[str] = mapped_column(String(64), default="", index=True)
    channels: Mapped[list[str]] = mapped_column(JSON, default=list)
    stacking: Mapped[str] = mapped_column(String(10), default="exclusive")
    alert_percent: Mapped[int] = mapped_column(Integer, default=20)
    alerted_at: Mapped[datetime | None]
    cloned_from_id: Mapped[int | None] = mapped_column(ForeignKey("coupon_batch.id"))
    revision: Mapped[int] = mapped_column(Integer, default=1)
    issued: Mapped[int] = column_property(
        select(func.coalesce(func.sum(CouponStock.issued), 0))
        .where(CouponStock.batch_id == id)
        .correlate_except(CouponStock)
        .scalar_subquery()
    )


class Coupon(Base):
    """One member's coupon: available → locked → used | void; whether it expired the dates say.

    `seq` numbers the coupons of the batch that the member claimed, 1 to `per_member`; one that was
    given, or came by a merge, has none. `source_reference` is the fact it was given for, once.
    """

    __tablename__ = "coupon"
    __table_args__ = (
        UniqueConstraint("batch_id", "member_id", "seq"),
        CheckConstraint("valid_from < valid_until", name="lives"),
        Index("ix_coupon_member_id_id", "member_id", "id"),
        Index("ix_coupon_batch_id_id", "batch_id", "id"),
        Index("ix_coupon_state_valid_until", "state", "valid_until"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    batch_id: Mapped[int] = mapped_column(ForeignKey("coupon_batch.id"))
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    seq: Mapped[int | None] = mapped_column(Integer)
    code: Mapped[str] = mapped_column(String(32), unique=True)
    state: Mapped[str] = mapped_column(String(10), default="available")
    source: Mapped[str] = mapped_column(String(40))
    source_reference: Mapped[str | None] = mapped_column(String(180), unique=True)
    paid_points: Mapped[int] = mapped_column(Integer, default=0)
    claimed_at: Mapped[datetime] = mapped_column(index=True)
    valid_from: Mapped[datetime]
    valid_until: Mapped[datetime]
    order_reference: Mapped[str | None] = mapped_column(String(80), index=True)
    locked_until: Mapped[datetime | None]
    used_at: Mapped[datetime | None]
    void_id: Mapped[int | None] = mapped_column(ForeignKey("coupon_void.id"), index=True)


class CouponVoid(Base):
    """One decision to take coupons back: of a `batch`, a `grant` or one `coupon`, and why.

    `after_id` is the last coupon looked at, so that a run that was cut short goes on from there.
    """

    __tablename__ = "coupon_void"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    scope: Mapped[str] = mapped_column(String(10))
    scope_id: Mapped[int] = mapped_column(BigInteger)
    reason: Mapped[str] = mapped_column(String(60))
    returns_stock: Mapped[bool] = mapped_column(Boolean, default=False)
    by_operator: Mapped[int] = mapped_column(BigInteger)
    after_id: Mapped[int] = mapped_column(BigInteger, default=0)
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]


def get_batch(session: Session, batch_id: int) -> CouponBatch:
    """The batch with that id. Raises NotFound."""
    batch = session.get(CouponBatch, batch_id)
    if batch is None:
        raise NotFound
    return batch


def open_batches(
    session: Session, at: datetime, channel: str | None = "site"
) -> list[CouponBatch]:
    """Batches that can be claimed at `at` in that channel, the ones that end first first."""
    batches = session.scalars(
        select(CouponBatch)
        .where(CouponBatch.state == "open", CouponBatch.starts_at <= at, CouponBatch.ends_at > at)
        .order_by(CouponBatch.ends_at, CouponBatch.id)
    )
    return [batch for batch in batches if is_given_in(batch.channels, channel)]


def is_given_in(channels: list[str], channel: str | None) -> bool:
    """Whether a batch with those channels is given out in this one; None asks for no channel."""
    return channel is None or not channels or channel in channels


def of_member(
    session: Session, member_id: int, limit: int = 100
) -> list[tuple[Coupon, CouponBatch]]:
    """The member's coupons with their batches, newest first."""
    rows = session.execute(
        select(Coupon, CouponBatch)
        .join(CouponBatch, CouponBatch.id == Coupon.batch_id)
        .where(Coupon.member_id == member_id)
        .order_by(Coupon.id.desc())
        .limit(limit)
    )
    return [(row[0], row[1]) for row in rows]


def get_of_member(session: Session, coupon_id: int, member_id: int) -> tuple[Coupon, CouponBatch]:
    """The coupon, if it is the member's own. Raises NotFound, for a stranger's too."""
    row = session.execute(
        select(Coupon, CouponBatch)
        .join(CouponBatch, CouponBatch.id == Coupon.batch_id)
        .where(Coupon.id == coupon_id, Coupon.member_id == member_id)
    ).one_or_none()
    if row is None:
        raise NotFound
    return row[0], row[1]


def state_at(coupon: Coupon, at: datetime) -> str:
    """`available`, `locked`, `used`, `void` or `expired`, as of `at`.

    A lock whose time is up holds nothing, whether or not the sweep has been by.
    """
    state = coupon.state
    if state == "locked" and (coupon.locked_until is None or coupon.locked_until <= at):
        state = "available"
    if state == "available" and at >= coupon.valid_until:
        return "expired"
    return state


def is_free(at: datetime) -> ColumnElement[bool]:
    """Coupons that no use, void, end or lock that still runs keeps from being used."""
    lapsed = and_(Coupon.state == "locked", Coupon.locked_until <= at)
    return and_(or_(Coupon.state == "available", lapsed), Coupon.valid_until > at)
