"""The nightly run of the tiers: a page of members in a handful of statements, once a day."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from kernel.clock import day_start
from loyalty import tier_changes, tiers
from loyalty.ledger import PointsAccount
from loyalty.members import Member
from loyalty.policy import Policy
from loyalty.tier_changes import Move
from loyalty.tier_ladder import Tier, level_for, rungs

PAGE = 1_000


@dataclass(frozen=True)
class Counts:
    """What a page, or a run, has done: members seen, recounted, and moved each way."""

    seen: int = 0
    recounted: int = 0
    climbed: int = 0
    kept: int = 0
    waiting: int = 0
    fallen: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(
            self.seen + other.seen,
            self.recounted + other.recounted,
            self.climbed + other.climbed,
            self.kept + other.kept,
            self.waiting + other.waiting,
            self.fallen + other.fallen,
        )


def run_page(
    session: Session, after_id: int, day: date, limit: int, policy: Policy
) -> tuple[int | None, Counts]:
    """Settle the next `limit` members after `after_id` as of the business day `day`.

    Returns (the last id, what was done); the id is None when nobody is left. What was earned in
    the window is counted anew; whoever earned a higher tier climbs; after the last day of his
    period a member who still qualifies begins a new one, and who does not keeps the tier through
    the days of grace, then falls to what he qualifies for. A second run of a day changes nothing.
    """
    ids = _page(session, after_id, limit)
    if not ids:
        return None, Counts()
    qualified, recounted = _recount(session, ids, day, policy)
    ladder, moves, waiting = rungs(session), [], 0
    for member in _members(session, ids):
        move = _decide(member, (ladder, qualified.get(member.id, 0)), day, policy)
        waiting += move is None and _is_over(member, day)
        moves += [move] if move else []
    tier_changes.make(session, moves, day, day_start(day), policy)
    kinds = [move.kind for move in moves]
    counts = Counts(
        len(ids), recounted, kinds.count("climb"), kinds.count("keep"), waiting,
        kinds.count("fall"),
    )  # fmt: skip
    return ids[-1], counts


def _page(session: Session, after_id: int, limit: int) -> list[int]:
    return list(
        session.scalars(
            select(Member.id)
            .where(Member.id > after_id, Member.state.in_(("active", "blocked")))
            .order_by(Member.id)
            .limit(limit)
        )
    )


def _members(session: Session, ids: list[int]) -> Sequence[Row[int, int, date | None]]:
    # Read once the accounts are locked: another run of the page, or a climb, has then ended.
    return session.execute(
        select(Member.id, Member.tier_level, Member.tier_until).where(Member.id.in_(ids))
    ).all()


def _recount(
    session: Session, ids: list[int], day: date, policy: Policy
) -> tuple[dict[int, int], int]:
    # Locked in the order of their numbers, as every change of two accounts does: nobody earns
    # between the count and the update.
    held = session.execute(
        select(PointsAccount.member_id, PointsAccount.qualified)
        .where(PointsAccount.member_id.in_(ids))
        .order_by(PointsAccount.member_id)
        .with_for_update()
    ).all()
    counted = tiers.recount(session, ids, day, policy)
    stale = [row.member_id for row in held if row.qualified != counted.get(row.member_id, 0)]
    if stale:
        tiers.put_qualified(session, stale, day, policy)
    return counted, len(stale)


def _decide(
    member: Row[int, int, date | None],
    earned: tuple[Sequence[Tier], int],
    day: date,
    policy: Policy,
) -> Move | None:
    ladder, qualified = earned
    best = level_for(ladder, qualified)
    move = Move(member.id, member.tier_level, best, qualified)
    if best > member.tier_level:
        return move
    if not _is_over(member, day):
        return None
    grace = timedelta(days=policy.tier_grace_days)
    return move if best == member.tier_level or day > member.tier_until + grace else None


def _is_over(member: Row[int, int, date | None], day: date) -> bool:
    return member.tier_level > 0 and member.tier_until is not None and day > member.tier_until
