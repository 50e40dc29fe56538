"""What stands in the tables about one claim: a batch and a member, read in one statement."""

from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import bindparam, func, literal_column, select
from sqlalchemy.orm import Session

from kernel.clock import business_day, day_window
from kernel.hot import Hot, table_of
from kernel.refusals import NotFound
from loyalty.coupons import Coupon, CouponBatch, CouponStock
from loyalty.ledger import PointsAccount
from loyalty.members import Member


class Facts(NamedTuple):
    """What stands in the tables about one batch and one member, read at once."""

    batch_id: int
    code: str
    kind: str
    state: str
    starts_at: datetime
    ends_at: datetime
    validity: str
    valid_days: int
    fixed_from: datetime | None
    fixed_until: datetime | None
    per_member: int
    per_day: int
    price_points: int
    phrase_digest: str
    channels: list[str]
    min_tier: int
    needs_tag: str
    rule: dict[str, Any] | None
    member_state: str | None
    tier: int
    balance: int
    held: int
    held_today: int
    shard: int | None


def look(session: Session, batch_id: int, member_id: int, at: datetime) -> Facts:
    """The facts of a claim in one statement. Raises NotFound without the batch or the member."""
    start, end = day_window(business_day(at))
    wanted = {"batch": batch_id, "owner": member_id, "day_start": start, "day_end": end}
    row = _LOOK.run(session, wanted).first()
    facts = None if row is None else Facts._make(row)
    if facts is None or facts.member_state is None:
        raise NotFound
    return facts


def left_of(session: Session, batch_id: int) -> int:
    """How many coupons of the batch are left, over all shards."""
    left = func.sum(CouponStock.stock - CouponStock.issued)
    return int(session.scalar(select(left).where(CouponStock.batch_id == batch_id)) or 0)


_MINE = (Coupon.batch_id == CouponBatch.id, Coupon.member_id == bindparam("owner"))
_CLAIMED = select(func.count(Coupon.seq)).where(*_MINE).correlate(CouponBatch)
_TODAY = _CLAIMED.where(
    Coupon.claimed_at >= bindparam("day_start", type_=table_of(Coupon).c.claimed_at.type),
    Coupon.claimed_at < bindparam("day_end", type_=table_of(Coupon).c.claimed_at.type),
)
# Claims of a rush spread over the shards by chance.
_SHARD = (
    select(CouponStock.shard)
    .where(CouponStock.batch_id == CouponBatch.id, CouponStock.issued < CouponStock.stock)
    .order_by(func.random())
    .limit(literal_column("1"))
    .correlate(CouponBatch)
)
_OF_BATCH = (
    "id", "code", "kind", "state", "starts_at", "ends_at", "validity", "valid_days", "fixed_from",
    "fixed_until", "per_member", "per_day", "price_points", "phrase_digest", "channels",
    "min_tier", "needs_tag", "rule",
)  # fmt: skip
_LOOK = Hot(
    select(
        *(table_of(CouponBatch).c[name] for name in _OF_BATCH),
        Member.state,
        Member.tier_level,
        func.coalesce(PointsAccount.balance, literal_column("0")),
        _CLAIMED.scalar_subquery(),
        _TODAY.scalar_subquery(),
        _SHARD.scalar_subquery(),
    )
    .select_from(table_of(CouponBatch))
    .outerjoin(Member, Member.id == bindparam("owner"))
    .outerjoin(PointsAccount, PointsAccount.member_id == Member.id)
    .where(CouponBatch.id == bindparam("batch"))
)
