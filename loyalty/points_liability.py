"""Liability and breakage: what the points outstanding may cost, and how many never do."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from kernel.clock import business_day
from loyalty.ledger import PointsAccount, PointsEntry, PointsLot
from loyalty.points_pending import PointsPending


@dataclass(frozen=True)
class Liability:
    """Points as of an instant. `by_last_day` is what is left, by the last day of its worth.

    `breakage` is the share of the points that left in the period by expiring instead of being
    spent; None when none left.
    """

    outstanding: int
    pending: int
    owed_by_members: int
    by_last_day: list[tuple[date, int]]
    earned: int
    spent: int
    expired: int
    breakage: float | None

    def fen(self, points_a_yuan: int) -> int:
        """What the outstanding points are worth in fen."""
        return self.outstanding * 100 // points_a_yuan


def as_of(session: Session, at: datetime, since: datetime) -> Liability:
    """The liability at `at`, and the movements of `[since, at)`; reads whole tables."""
    moved = _moved(session, since, at)
    spent, expired = -moved.get("spend", 0), -moved.get("expire", 0)
    lots = session.execute(
        select(PointsLot.expires_at, func.sum(PointsLot.remaining))
        .where(PointsLot.remaining > 0, PointsLot.expires_at > at)
        .group_by(PointsLot.expires_at)
        .order_by(PointsLot.expires_at)
    ).all()
    by_last_day = [(business_day(row[0] - timedelta(microseconds=1)), int(row[1])) for row in lots]
    pending = session.scalar(
        select(func.sum(PointsPending.amount)).where(PointsPending.state == "pending")
    )
    debt = session.scalar(select(func.sum(PointsAccount.debt)))
    return Liability(
        outstanding=sum(points for _, points in by_last_day),
        pending=int(pending or 0),
        owed_by_members=int(debt or 0),
        by_last_day=by_last_day,
        earned=moved.get("earn", 0) + moved.get("release", 0),
        spent=spent,
        expired=expired,
        breakage=expired / (spent + expired) if spent + expired else None,
    )


def _moved(session: Session, since: datetime, until: datetime) -> dict[str, int]:
    rows = session.execute(
        select(PointsEntry.kind, func.sum(PointsEntry.delta))
        .where(PointsEntry.created_at >= since, PointsEntry.created_at < until)
        .group_by(PointsEntry.kind)
    )
    return {row[0]: int(row[1]) for row in rows}
