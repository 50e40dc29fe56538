"""A ladder of tiers, and points that count for it."""

import itertools
from datetime import datetime

from sqlalchemy.orm import Session

from loyalty import points, tiers
from loyalty.gifts import Gift
from loyalty.points import Credit
from loyalty.tiers import Draft
from tests.loyalty.people import NEXT_YEAR
from tests.world import NOON

_numbers = itertools.count(1)
SILVER, GOLD = 1, 2


def raise_ladder(session: Session, gift: Gift | None = None) -> None:
    """Silver at 100, which gives the gift, gold at 300 with one and a half points for one."""
    silver = Draft(SILVER, "silver", "银卡", 100, 110, gift or Gift())
    tiers.define(session, silver, NOON, by=None)
    tiers.define(session, Draft(GOLD, "gold", "金卡", 300, 150), NOON, by=None)


def earn(session: Session, member_id: int, amount: int, at: datetime = NOON) -> str:
    """So many points at that time; the reference."""
    reference = f"ladder:{next(_numbers)}"
    points.earn(session, member_id, [Credit(amount, reference, "")], at, NEXT_YEAR)
    return reference
