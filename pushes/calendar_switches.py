"""Which occasions propose pushes: the table's defaults, and what operators switched."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Boolean, ForeignKey, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from content.reviews import Hand
from kernel import audit
from kernel.db import Base, insert_once
from kernel.refusals import NotFound
from pushes.holidays_occasions import OCCASIONS, Occasion


class OccasionSwitch(Base):
    """An occasion of which an operator said whether it proposes."""

    __tablename__ = "occasion_switch"

    occasion: Mapped[str] = mapped_column(String(40), primary_key=True)
    proposes: Mapped[bool] = mapped_column(Boolean)
    operator_id: Mapped[int] = mapped_column(ForeignKey("operator.id"))
    at: Mapped[datetime]


def switch(
    session: Session, key: str, proposes: bool, hand: Hand, more: Iterable[Occasion] = ()
) -> bool:
    """Let an occasion propose or not; False when it is so already. Raises NotFound.

    `more` are the occasions that a hall has besides the table's.
    """
    known = {**OCCASIONS, **{one.key: one for one in more}}
    if key not in known:
        raise NotFound(occasion=key)
    row = {"occasion": key, "proposes": proposes, "operator_id": hand.by, "at": hand.at}
    before = known[key].proposes
    if not insert_once(session, OccasionSwitch, row, "occasion"):
        held = session.scalars(
            select(OccasionSwitch)
            .where(OccasionSwitch.occasion == key)
            .with_for_update()
            .execution_options(populate_existing=True)
        ).one()
        before = held.proposes
        held.proposes, held.operator_id, held.at = proposes, hand.by, hand.at
    if before == proposes:
        return False
    action = "occasion.switched_on" if proposes else "occasion.switched_off"
    name = known[key].name
    audit.write(session, action, f"occasion:{key}", hand.at, by=(hand.by, None), name=name)
    return True


def proposing(session: Session, more: Iterable[Occasion] = ()) -> set[str]:
    """The keys of the occasions that propose."""
    rows = session.execute(select(OccasionSwitch.occasion, OccasionSwitch.proposes))
    said = {row.occasion: row.proposes for row in rows}
    known = (*OCCASIONS.values(), *more)
    return {one.key for one in known if said.get(one.key, one.proposes)}
