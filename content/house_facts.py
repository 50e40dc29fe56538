"""Facts of the company that stand in many texts and change in one place: 客服电话, 服务时间."""

from datetime import datetime
from typing import Any

from sqlalchemy import Integer, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from content import changes
from content.changes import Kind
from content.inline import clean
from content.reviews import Hand, Review
from kernel.activity import BigId
from kernel.db import Base
from kernel.refusals import Invalid, NotFound, Refused

VALUE_LETTERS = 60


class HouseFact(Base):
    """One fact, `{{fact:<code>}}` in texts; a telephone number also `{{phone:<code>}}`."""

    __tablename__ = "house_fact"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    code: Mapped[str] = mapped_column(String(40), unique=True)
    name: Mapped[str] = mapped_column(String(40))
    value: Mapped[str] = mapped_column(String(VALUE_LETTERS))
    version: Mapped[int] = mapped_column(Integer, default=1)
    edited_at: Mapped[datetime | None]

    @property
    def values(self) -> dict[str, Any]:
        """Everything that people may change, by column."""
        return {"value": self.value}


KIND = Kind("fact", HouseFact, "公司资料", {"value": "内容"})


class HouseFactChanged(Refused):
    """Somebody else changed it meanwhile; fact: `version`, the one in force."""

    code = "house_fact_changed"


def every(session: Session) -> list[HouseFact]:
    """All facts by name."""
    return list(session.scalars(select(HouseFact).order_by(HouseFact.name)))


def values(session: Session) -> dict[str, str]:
    """Their values by code."""
    return {row.code: row.value for row in every(session)}


def ask_change(session: Session, code: str, version: int, value: str, hand: Hand) -> Review:
    """Ask for another value. Raises HouseFactChanged, ChangeOpen, NotCompliant, Invalid,
    NotFound."""
    held = session.scalar(select(HouseFact).where(HouseFact.code == code))
    if held is None:
        raise NotFound(fact=code)
    if held.version != version:
        raise HouseFactChanged(version=held.version)
    text = " ".join(clean(value).split())
    if not 1 <= len(text) <= VALUE_LETTERS:
        raise Invalid(field="value", reason=f"要有 1 至 {VALUE_LETTERS} 个字")
    return changes.ask(session, KIND.change(held, {"value": text}), hand)
