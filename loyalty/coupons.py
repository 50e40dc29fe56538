"""Coupons: batches with a stock, and the coupons that members claim from them."""

import secrets
from datetime import datetime, timedelta

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    String,
    Text,
    UniqueConstraint,
    func,
    select,
    update,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from kernel import activity
from kernel.activity import BigId
from kernel.db import Base, insert_once
from kernel.refusals import NotFound, Refused


class CouponBatch(Base):
    """What is given out: how many, to whom how many, and how long a coupon then lives."""

    __tablename__ = "coupon_batch"
    __table_args__ = (
        CheckConstraint("issued >= 0 AND issued <= stock", name="issued_within_stock"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    code: Mapped[str] = mapped_column(String(40), unique=True)
    title: Mapped[str] = mapped_column(String(40))
    kind: Mapped[str] = mapped_column(String(20))
    worth: Mapped[str] = mapped_column(String(20))
    terms: Mapped[str] = mapped_column(Text)
    amount_fen: Mapped[int] = mapped_column(BigInteger, default=0)
    stock: Mapped[int] = mapped_column(Integer)
    issued: Mapped[int] = mapped_column(Integer, default=0)
    per_member: Mapped[int] = mapped_column(Integer, default=1)
    valid_days: Mapped[int] = mapped_column(Integer)
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]


class Coupon(Base):
    """One member's coupon: `available` → `used`; `seq` numbers his coupons of the batch."""

    __tablename__ = "coupon"
    __table_args__ = (
        UniqueConstraint("batch_id", "member_id", "seq"),
        Index("ix_coupon_member_id_id", "member_id", "id"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    batch_id: Mapped[int] = mapped_column(ForeignKey("coupon_batch.id"))
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    seq: Mapped[int] = mapped_column(Integer)
    code: Mapped[str] = mapped_column(String(32), unique=True)
    state: Mapped[str] = mapped_column(String(10), default="available")
    source: Mapped[str] = mapped_column(String(40))
    claimed_at: Mapped[datetime] = mapped_column(index=True)
    valid_until: Mapped[datetime]
    used_at: Mapped[datetime | None]


class OutOfStock(Refused):
    """Every coupon of the batch has been claimed."""

    code = "out_of_stock"


class ClaimLimitReached(Refused):
    """The member has claimed as many as one may; fact: `per_member`."""

    code = "claim_limit_reached"


class NotClaimable(Refused):
    """The batch is not open now; facts: `starts_at`, `ends_at`."""

    code = "not_claimable"


def claim(
    session: Session, batch_id: int, member_id: int, at: datetime, source: str = "site"
) -> Coupon:
    """Give the member one coupon of the batch.

    Raises NotFound, NotClaimable, ClaimLimitReached, OutOfStock. The member's own row comes first
    and the shared stock row last, so that the hot row is held for the shortest time.
    """
    batch = get_batch(session, batch_id)
    if not batch.starts_at <= at < batch.ends_at:
        raise NotClaimable(starts_at=batch.starts_at, ends_at=batch.ends_at)
    held = session.scalar(
        select(func.count()).where(Coupon.batch_id == batch_id, Coupon.member_id == member_id)
    )
    if (held or 0) >= batch.per_member:
        raise ClaimLimitReached(per_member=batch.per_member)
    if batch.issued >= batch.stock:
        raise OutOfStock  # an unlocked look spares the late crowd any write
    _queue_on_innodb(session, batch_id)
    row = {
        "batch_id": batch_id,
        "member_id": member_id,
        "seq": (held or 0) + 1,
        "code": secrets.token_hex(12),
        "state": "available",
        "source": source,
        "claimed_at": at,
        "valid_until": at + timedelta(days=batch.valid_days),
    }
    if not insert_once(session, Coupon, row, "batch_id,member_id,seq"):
        raise ClaimLimitReached(per_member=batch.per_member)
    _take_from_stock(session, batch_id)
    activity.record(session, "coupon.claimed", at, who=(None, member_id), batch_id=batch_id)
    return session.scalars(select(Coupon).where(Coupon.code == row["code"])).one()


def _take_from_stock(session: Session, batch_id: int) -> None:
    taken = session.execute(
        update(CouponBatch)
        .where(CouponBatch.id == batch_id, CouponBatch.issued < CouponBatch.stock)
        .values(issued=CouponBatch.issued + 1)
        .execution_options(synchronize_session=False)
    )
    if taken.rowcount != 1:  # type: ignore[attr-defined]
        raise OutOfStock


def _queue_on_innodb(session: Session, batch_id: int) -> None:
    """Let claims of a batch pass one by one on MariaDB and MySQL.

    There the coupon's foreign key takes a shared lock on the batch, and two claims that hold it
    and then both want the row for themselves are a deadlock each time.
    """
    if session.connection().dialect.name in {"mysql", "mariadb"}:
        session.execute(select(CouponBatch.id).where(CouponBatch.id == batch_id).with_for_update())


def get_batch(session: Session, batch_id: int) -> CouponBatch:
    """The batch with that id. Raises NotFound."""
    batch = session.get(CouponBatch, batch_id)
    if batch is None:
        raise NotFound
    return batch


def open_batches(session: Session, at: datetime) -> list[CouponBatch]:
    """Batches that can be claimed at `at`, the ones that end first first."""
    return list(
        session.scalars(
            select(CouponBatch)
            .where(CouponBatch.starts_at <= at, CouponBatch.ends_at > at)
            .order_by(CouponBatch.ends_at, CouponBatch.id)
        )
    )


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
    """`available`, `used` or `expired`, as of `at`."""
    if coupon.state == "available" and at >= coupon.valid_until:
        return "expired"
    return coupon.state
