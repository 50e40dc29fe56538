"""Facts of the company that stand in many texts and change in one place: 客服电话, 服务时间."""

from datetime import datetime

from sqlalchemy import Integer, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from content.inline import clean
from content.reviews import Hand
from kernel import audit
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


class HouseFactChanged(Refused):
    """Somebody else changed it meanwhile; fact: `version`, the one in force."""

    code = "house_fact_changed"


def every(session: Session) -> list[HouseFact]:
    """All facts by name."""
    return list(session.scalars(select(HouseFact).order_by(HouseFact.name)))


def values(session: Session) -> dict[str, str]:
    """Their values by code."""
    return {row.code: row.value for row in every(session)}


def change(session: Session, code: str, version: int, value: str, hand: Hand) -> HouseFact:
    """Set a fact, at once and everywhere. Raises HouseFactChanged, Invalid, NotFound."""
    held = session.scalar(select(HouseFact).where(HouseFact.code == code).with_for_update())
    if held is None:
        raise NotFound(fact=code)
    if held.version != version:
        raise HouseFactChanged(version=held.version)
    text = " ".join(clean(value).split())
    if not 1 <= len(text) <= VALUE_LETTERS:
        raise Invalid(field="value", reason=f"要有 1 至 {VALUE_LETTERS} 个字")
    if text != held.value:
        changes = {held.name: [held.value, text]}
        by = (hand.by, None)
        audit.write(session, "house_fact.changed", f"fact:{code}", hand.at, by=by, changes=changes)
        held.value, held.edited_at = text, hand.at
        held.version += 1
    return held
