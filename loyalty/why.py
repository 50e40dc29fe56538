"""Why not me? One question for every deed, answered by the conditions that the deed uses."""

from dataclasses import dataclass, field
from datetime import date, datetime

from sqlalchemy.orm import Session

from loyalty import (
    checkins,
    claims,
    coupon_uses,
    coupons,
    make_ups,
    points,
    reward_exchanges,
    rewards,
)
from loyalty.claims import Ask
from loyalty.policy import Policy
from loyalty.reasons import Condition


@dataclass(frozen=True)
class CheckIn:
    """To check in today."""


@dataclass(frozen=True)
class MakeUp:
    """To make up a missed day."""

    day: date


@dataclass(frozen=True)
class Claim:
    """To claim a coupon of a batch, asked for in some way."""

    batch_id: int
    ask: Ask = field(default_factory=Ask)


@dataclass(frozen=True)
class Use:
    """To use a coupon of one's own on an order of so many fen, None for unknown."""

    coupon_id: int
    order_fen: int | None = None


@dataclass(frozen=True)
class Exchange:
    """To exchange points for a reward."""

    reward_id: int


Deed = CheckIn | MakeUp | Claim | Use | Exchange


def explain(
    session: Session, deed: Deed, member_id: int, at: datetime, policy: Policy
) -> list[Condition]:
    """Every condition of the deed, met or not, with the member's own value.

    The first that is not met holds the refusal that the deed raises. Raises NotFound for what
    does not exist, or is not the member's.
    """
    match deed:
        case CheckIn():
            return checkins.conditions(session, member_id, at)
        case MakeUp(day):
            balance = points.balance_of(session, member_id)
            return list(make_ups.conditions(session, member_id, day, at, balance))
        case Claim(batch_id, ask):
            batch = coupons.get_batch(session, batch_id)
            return claims.conditions(session, batch, member_id, at, ask=ask)
        case Use(coupon_id, order_fen):
            coupon, batch = coupons.get_of_member(session, coupon_id, member_id)
            return coupon_uses.conditions(coupon, batch, at, order_fen)
        case Exchange(reward_id):
            reward = rewards.get(session, reward_id)
            return reward_exchanges.conditions(session, reward, member_id, at, policy)
