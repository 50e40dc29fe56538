"""Expiry: the nightly sweep of lots past their date, in pages of members, and the warnings."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import and_, func, insert, select, update
from sqlalchemy.orm import Session

from kernel.clock import day_start
from kernel.hot import table_of
from loyalty import notices
from loyalty.ledger import LotUse, PointsAccount, PointsEntry, PointsLot

PAGE = 1_000


@dataclass(frozen=True)
class Swept:
    """What a page of the sweep took, and the member to go on after; None at the end."""

    after: int | None
    members: int
    points: int


def sweep(session: Session, after: int, at: datetime, page: int = PAGE) -> Swept:
    """Expire the due lots of the next members after number `after`.

    A page is one transaction of a few statements, whatever its size; running it again finds
    nothing left to take. The accounts are locked first and in order, as every spend locks them.
    """
    due = and_(PointsLot.remaining > 0, PointsLot.expires_at <= at)
    ids = session.scalars(
        select(PointsLot.member_id)
        .where(due, PointsLot.member_id > after)
        .group_by(PointsLot.member_id)
        .order_by(PointsLot.member_id)
        .limit(page)
    ).all()
    if not ids:
        return Swept(None, 0, 0)
    balances = _locked(session, ids)
    # Read again under the locks: a spend may have been faster.
    lots = session.execute(
        select(PointsLot.member_id, PointsLot.id, PointsLot.remaining).where(
            due, PointsLot.member_id.in_(ids)
        )
    ).all()
    totals: Counter[int] = Counter()
    for lot in lots:
        totals[lot.member_id] += lot.remaining
    if totals:
        entries = _enter(session, totals, balances, at)
        uses = [
            {"entry_id": entries[lot.member_id], "lot_id": lot.id, "amount": lot.remaining}
            for lot in lots
        ]
        session.execute(insert(table_of(LotUse)), uses)
        _empty(session, [lot.id for lot in lots], entries)
    return Swept(ids[-1], len(totals), sum(totals.values()))


def _locked(session: Session, ids: Sequence[int]) -> dict[int, int]:
    rows = session.execute(
        select(PointsAccount.member_id, PointsAccount.balance)
        .where(PointsAccount.member_id.in_(ids))
        .order_by(PointsAccount.member_id)
        .with_for_update()
    )
    return {row.member_id: row.balance for row in rows}


def _enter(
    session: Session, totals: dict[int, int], balances: dict[int, int], at: datetime
) -> dict[int, int]:
    last: dict[int, int] = {
        row.member_id: row.last
        for row in session.execute(
            select(PointsEntry.member_id, func.max(PointsEntry.id).label("last"))
            .where(PointsEntry.member_id.in_(totals))
            .group_by(PointsEntry.member_id)
        )
    }
    references = {f"expire:{owner}:{last[owner]}": owner for owner in totals}
    session.execute(
        insert(table_of(PointsEntry)),
        [
            {
                "member_id": owner,
                "kind": "expire",
                "delta": -totals[owner],
                "balance_after": balances[owner] - totals[owner],
                "reference": reference,
                "note": "积分到期",
                "created_at": at,
            }
            for reference, owner in references.items()
        ],
    )
    rows = session.execute(
        select(PointsEntry.member_id, PointsEntry.id).where(PointsEntry.reference.in_(references))
    )
    return {row.member_id: row.id for row in rows}


def _empty(session: Session, lots: list[int], entries: dict[int, int]) -> None:
    emptied = update(PointsLot).where(PointsLot.id.in_(lots)).values(remaining=0)
    session.execute(emptied.execution_options(synchronize_session=False))
    now = (
        select(PointsEntry.balance_after)
        .where(
            PointsEntry.id.in_(entries.values()),
            PointsEntry.member_id == PointsAccount.member_id,
        )
        .scalar_subquery()
    )
    lowered = update(PointsAccount).where(PointsAccount.member_id.in_(entries)).values(balance=now)
    session.execute(lowered.execution_options(synchronize_session=False))


def expiring(session: Session, member_id: int, at: datetime) -> tuple[int, datetime] | None:
    """(points, instant) of what expires next, if anything will."""
    row = session.execute(
        select(func.sum(PointsLot.remaining), PointsLot.expires_at)
        .where(
            PointsLot.member_id == member_id, PointsLot.remaining > 0, PointsLot.expires_at > at
        )
        .group_by(PointsLot.expires_at)
        .order_by(PointsLot.expires_at)
        .limit(1)
    ).one_or_none()
    return None if row is None else (int(row[0]), row[1])


def warn(
    session: Session, after: int, day: date, distances: tuple[int, ...], at: datetime
) -> int | None:
    """Post the notices of a page of members whose points expire soon; the last one, or None.

    Each lapse is told once at each distance in days; a day on which nothing ran is made good by
    the next run while the next distance has not come.
    """
    soon = (
        PointsLot.remaining > 0,
        PointsLot.expires_at > day_start(day),
        PointsLot.expires_at <= day_start(day + timedelta(days=max(distances))),
    )
    ids = session.scalars(
        select(PointsLot.member_id)
        .where(PointsLot.member_id > after, *soon)
        .group_by(PointsLot.member_id)
        .order_by(PointsLot.member_id)
        .limit(PAGE)
    ).all()
    rows = session.execute(
        select(
            PointsLot.member_id,
            PointsLot.expires_at,
            func.sum(PointsLot.remaining).label("points"),
        )
        .where(PointsLot.member_id.in_(ids), *soon)
        .group_by(PointsLot.member_id, PointsLot.expires_at)
        .order_by(PointsLot.member_id, PointsLot.expires_at)
    )
    for row in rows.all():
        left = -(-(row.expires_at - day_start(day)) // timedelta(days=1))
        distance = min(one for one in distances if one >= left)
        lapse = f"{row.expires_at:%Y%m%d%H}"
        reference = f"points-expire:{row.member_id}:{lapse}:{distance}"
        facts = {"points": int(row.points), "days": int(left)}
        notices.post(session, row.member_id, "points_expiring", reference, at, **facts)
    return ids[-1] if ids else None
