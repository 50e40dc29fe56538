"""Gifts: points, coupons and a tag, given once for a reason: a welcome, a tier, a streak."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty import claims, points, tags
from loyalty.coupons import CouponBatch
from loyalty.points import Credit
from loyalty.policy import Policy


@dataclass(frozen=True)
class Gift:
    """What is given; `coupons` are codes of batches, `tag` the code of a tag."""

    points: int = 0
    coupons: tuple[str, ...] = ()
    tag: str | None = None

    def to_json(self) -> dict[str, Any]:
        """As a row keeps it."""
        return {"points": self.points, "coupons": list(self.coupons), "tag": self.tag}

    @staticmethod
    def from_json(value: dict[str, Any] | None) -> "Gift":
        """The gift that a row keeps; nothing for an empty one."""
        found = value or {}
        return Gift(
            found.get("points", 0), tuple(found.get("coupons", ())), found.get("tag") or None
        )


def describe(session: Session, gift: Gift) -> str:
    """The gift in a few words: 20 积分、话费券."""
    parts = [f"{gift.points} 积分"] if gift.points else []
    if gift.coupons:
        titles = session.execute(
            select(CouponBatch.code, CouponBatch.title).where(CouponBatch.code.in_(gift.coupons))
        )
        named = {row.code: row.title for row in titles}
        parts += [named.get(code, "优惠券") for code in gift.coupons]
    return "、".join(parts)


@dataclass(frozen=True)
class Occasion:
    """Why a gift is given: `reference` stands once, for ever; `note` is what statements say."""

    reference: str
    note: str
    at: datetime


def give(
    session: Session, member_id: int, gift: Gift, occasion: Occasion, policy: Policy
) -> list[str]:
    """Give the gift and return the codes of the batches that were out of stock.

    The caller has decided that the occasion is new; a second gift for it raises IntegrityError.
    A batch without stock costs the member that coupon, never the rest of the gift.
    """
    at = occasion.at
    if gift.points:
        credit = Credit(gift.points, occasion.reference, occasion.note)
        points.earn(session, member_id, [credit], at, policy.expiry.of(at))
    missed = []
    for code in gift.coupons:
        source = claims.Source("gift", f"{occasion.reference}:{code}")
        if claims.give(session, claims.batch_id_of(session, code), member_id, at, source) is None:
            missed.append(code)
    if gift.tag:
        tags.put(session, member_id, gift.tag, at)
    return missed
