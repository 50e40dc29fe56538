"""Lists of reward orders: a member's own, and what operations have to ship."""

from datetime import datetime

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from kernel.refusals import NotFound
from loyalty.reward_orders import RewardOrder, RewardOrderEvent
from loyalty.rewards import Reward

Line = tuple[RewardOrder, Reward]


def _orders() -> Select[RewardOrder, Reward]:
    return select(RewardOrder, Reward).join(Reward, Reward.id == RewardOrder.reward_id)


def _lines(session: Session, query: Select[RewardOrder, Reward]) -> list[Line]:
    return [(row[0], row[1]) for row in session.execute(query)]


def of_member(
    session: Session, member_id: int, *, before: int | None = None, limit: int = 20
) -> list[Line]:
    """The member's orders with their rewards, newest first, with ids below `before`."""
    query = _orders().where(RewardOrder.member_id == member_id)
    if before is not None:
        query = query.where(RewardOrder.id < before)
    return _lines(session, query.order_by(RewardOrder.id.desc()).limit(limit))


def get_of_member(session: Session, no: str, member_id: int) -> Line:
    """The member's own order with that number. Raises NotFound, for a stranger's too."""
    found = _lines(
        session, _orders().where(RewardOrder.no == no, RewardOrder.member_id == member_id)
    )
    if not found:
        raise NotFound
    return found[0]


def in_state(
    session: Session, state: str, *, after: tuple[datetime, int] | None = None, limit: int = 50
) -> list[Line]:
    """Orders in that state, those that wait longest first; `after` = (changed at, id)."""
    query = _orders().where(RewardOrder.state == state)
    if after is not None:
        since, last = after
        query = query.where(
            (RewardOrder.changed_at > since)
            | ((RewardOrder.changed_at == since) & (RewardOrder.id > last))
        )
    return _lines(session, query.order_by(RewardOrder.changed_at, RewardOrder.id).limit(limit))


def to_ship(session: Session, limit: int = 50) -> list[Line]:
    """What operations have to ship, those that wait longest first."""
    return in_state(session, "placed", limit=limit)


def find(session: Session, no: str) -> Line | None:
    """The order with that number, for the desk."""
    found = _lines(session, _orders().where(RewardOrder.no == no.strip().upper()))
    return found[0] if found else None


def counts(session: Session) -> dict[str, int]:
    """How many orders are in each state."""
    rows = session.execute(
        select(RewardOrder.state, func.count(RewardOrder.id)).group_by(RewardOrder.state)
    )
    return {row[0]: row[1] for row in rows}


def events_of(session: Session, order_id: int) -> list[RewardOrderEvent]:
    """The moves of an order, newest first, as a parcel's timeline shows them."""
    return list(
        session.scalars(
            select(RewardOrderEvent)
            .where(RewardOrderEvent.order_id == order_id)
            .order_by(RewardOrderEvent.seq.desc())
        )
    )
