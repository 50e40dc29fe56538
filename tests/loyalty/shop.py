"""A shop with rewards, and members who can pay."""

import itertools
from datetime import timedelta
from typing import Any

from sqlalchemy.orm import Session

from loyalty import points, proof_runs, proofs_rewards, reward_exchanges, rewards
from loyalty.points import Credit
from loyalty.policy import Policy
from loyalty.reward_exchanges import Wish
from loyalty.reward_orders import Receiver, RewardOrder
from loyalty.rewards import Draft
from tests.loyalty.people import NEXT_YEAR, VAULT, books_balance, join
from tests.world import NOON

POLICY = Policy()
LIMEI = Receiver("李梅", "13800138000", "杭州市西湖区文三路 1 号")
_numbers = itertools.count(1)


def show(session: Session, stock: int = 5, price: int = 10, **more: Any) -> int:
    """A reward on show; its number."""
    window = {"starts_at": NOON - timedelta(days=1), "ends_at": NOON + timedelta(days=7)}
    draft = Draft(f"cup-{next(_numbers)}", "保温杯", price, stock, **{**window, **more})
    return rewards.save(session, draft, NOON, by=None).id


def rich(session: Session, amount: int = 100) -> int:
    """A member with so many points."""
    member = join(session)
    points.earn(session, member, [Credit(amount, f"rich:{member}", "")], NOON, NEXT_YEAR)
    return member


def wish(reward: int, member: int, key: str | None = None) -> Wish:
    """One form's wish."""
    return Wish(reward, member, key or f"form-{next(_numbers)}", LIMEI)


def buy(session: Session, reward: int, member: int, key: str | None = None) -> RewardOrder:
    """One piece of the reward."""
    return reward_exchanges.exchange(session, VAULT, wish(reward, member, key), NOON, POLICY)


def sound(session: Session) -> bool:
    """Whether the books balance and every promise about rewards holds."""
    session.flush()
    broken = [one.code for one in proofs_rewards.PROOFS if proof_runs.find(session, one, NOON)]
    return not broken and books_balance(session)
