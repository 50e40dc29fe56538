"""Statements: opening balance, movements, closing balance of any period, as a bank gives them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, case, func, select
from sqlalchemy.orm import Session

from loyalty.ledger import PointsAccount, PointsEntry


@dataclass(frozen=True)
class Statement:
    """A member's movements in `[start, end)`, oldest first; `credits + debits` close the gap.

    `entries` holds at most the limit that was asked for; the sums are those of all.
    """

    opening: int
    closing: int
    credits: int
    debits: int
    entries: Sequence[PointsEntry]


def of_period(
    session: Session, member_id: int, start: datetime, end: datetime, limit: int = 1_000
) -> Statement:
    """The member's statement; entries count by the instant at which they were made.

    The opening balance is today's less what moved since, which holds whatever order the entries
    were written in: a clock that was set back leaves them out of the order of their instants.
    """
    balance, since, gained, lost = session.execute(_sums(member_id, start, end)).one()
    entries = session.scalars(
        select(PointsEntry)
        .where(
            PointsEntry.member_id == member_id,
            PointsEntry.created_at >= start,
            PointsEntry.created_at < end,
        )
        .order_by(PointsEntry.created_at, PointsEntry.id)
        .limit(limit)
    ).all()
    opening, credits, debits = int(balance) - int(since), int(gained), int(lost)
    return Statement(opening, opening + credits + debits, credits, debits, entries)


def _sums(member_id: int, start: datetime, end: datetime) -> Select[Any]:
    # One statement: an entry that is booked meanwhile is in all of the sums or in none.
    delta, within = PointsEntry.delta, PointsEntry.created_at < end
    since = (PointsEntry.member_id == PointsAccount.member_id) & (PointsEntry.created_at >= start)
    return (
        select(
            PointsAccount.balance,
            func.coalesce(func.sum(delta), 0),
            func.coalesce(func.sum(case((and_(within, delta > 0), delta))), 0),
            func.coalesce(func.sum(case((and_(within, delta < 0), delta))), 0),
        )
        .outerjoin(PointsEntry, since)
        .where(PointsAccount.member_id == member_id)
        .group_by(PointsAccount.balance)
    )
