"""The ladder of tiers: which rungs there are and what each asks. Level 0 is everybody's."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Boolean, CheckConstraint, Integer, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from kernel.db import Base
from kernel.refusals import Refused
from loyalty.reasons import Condition

GROUND_NAME = "普通会员"


class Tier(Base):
    """One rung: `threshold` points earned in the window; points count `multiplier_percent`.

    `gift` is given once a member for ever, on entry. A retired rung keeps its row.
    """

    __tablename__ = "tier"
    __table_args__ = (
        CheckConstraint("level >= 1", name="level_above_ground"),
        CheckConstraint("threshold > 0", name="threshold_positive"),
        CheckConstraint("multiplier_percent >= 100", name="multiplier_at_least_one"),
    )

    level: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    code: Mapped[str] = mapped_column(String(40), unique=True)
    name: Mapped[str] = mapped_column(String(20))
    threshold: Mapped[int] = mapped_column(BigInteger)
    multiplier_percent: Mapped[int] = mapped_column(Integer, default=100)
    gift: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    active: Mapped[bool] = mapped_column(Boolean, default=True)
    changed_at: Mapped[datetime]


class TierTooLow(Refused):
    """Only members of a higher tier may; facts: `tier` and `own`, the names of both."""

    code = "tier_too_low"


def rungs(session: Session) -> list[Tier]:
    """The tiers in use, lowest first."""
    return list(session.scalars(select(Tier).where(Tier.active.is_(True)).order_by(Tier.level)))


def every(session: Session) -> list[Tier]:
    """All tiers, retired ones too, lowest first."""
    return list(session.scalars(select(Tier).order_by(Tier.level)))


def level_for(ladder: Sequence[Tier], qualified: int) -> int:
    """The highest level of the ladder that so many points qualify for; 0 for none."""
    return max((tier.level for tier in ladder if tier.threshold <= qualified), default=0)


def name_of(session: Session, level: int) -> str:
    """The name of a level, of a retired one too."""
    if level == 0:
        return GROUND_NAME
    return session.scalar(select(Tier.name).where(Tier.level == level)) or f"{level} 级"


def at_least(session: Session, wanted: int, own: int) -> Condition:
    """The condition that one's own level is the wanted one or a higher."""
    least, mine = name_of(session, wanted), name_of(session, own)
    return Condition(f"{least}及以上", own >= wanted, mine, TierTooLow(tier=least, own=mine))
