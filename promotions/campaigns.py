"""Campaigns: what is on now, told in the chat and on a page, each with the coupon it gives."""

from datetime import datetime

from sqlalchemy import ForeignKey, String, Text, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from kernel.activity import BigId
from kernel.db import Base
from kernel.refusals import NotFound


class Campaign(Base):
    """One campaign; live in the half-open window `[starts_at, ends_at)`."""

    __tablename__ = "campaign"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    code: Mapped[str] = mapped_column(String(40), unique=True)
    title: Mapped[str] = mapped_column(String(40))
    summary: Mapped[str] = mapped_column(String(100))
    body: Mapped[str] = mapped_column(Text)
    batch_id: Mapped[int | None] = mapped_column(ForeignKey("coupon_batch.id"))
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]


def live(session: Session, at: datetime) -> list[Campaign]:
    """The campaigns that run at `at`, the ones that end first first."""
    return list(
        session.scalars(
            select(Campaign)
            .where(Campaign.starts_at <= at, Campaign.ends_at > at)
            .order_by(Campaign.ends_at, Campaign.id)
        )
    )


def get(session: Session, code: str) -> Campaign:
    """The campaign with that code. Raises NotFound."""
    campaign = session.scalar(select(Campaign).where(Campaign.code == code))
    if campaign is None:
        raise NotFound(campaign=code)
    return campaign
