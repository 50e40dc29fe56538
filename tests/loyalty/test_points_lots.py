"""Lots over time: expiry, warnings, pending points, transfers."""

from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from kernel.clock import SHANGHAI
from kernel.db import Database
from loyalty import notices, points, points_expiry, points_pending, points_reversals
from loyalty.ledger import PointsEntry
from loyalty.points import Credit, Debit, NotEnoughPoints
from loyalty.points_pending import Promise
from loyalty.points_transfers import forfeit, move_all
from loyalty.policy import Expiry, Rounding
from tests.loyalty.books import breaches
from tests.loyalty.people import NEXT_YEAR, POLICY, join
from tests.world import NOON

SOON = NOON + timedelta(days=30)
LATER = SOON + timedelta(hours=1)


def earn(session: Session, member: int, amount: int, name: str, until: datetime) -> int:
    """Some points."""
    return points.earn(session, member, [Credit(amount, name, "缴费")], NOON, until)


def midnight(text: str) -> datetime:
    """The beginning of a day in Shanghai."""
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


@pytest.mark.parametrize(
    ("rounding", "count", "earned", "gone"),
    [
        ("days", 30, "2026-11-20T12:00", "2026-12-21"),
        ("days", 0, "2026-11-20T23:59:59", "2026-11-21"),
        ("month_end", 0, "2026-11-20T12:00", "2026-12-01"),
        ("month_end", 1, "2026-11-30T23:59:59", "2027-01-01"),
        ("month_end", 12, "2026-12-31T23:59:59", "2028-01-01"),
        ("month_end", 3, "2027-11-29T00:00", "2028-03-01"),
        ("year_end", 0, "2026-12-31T23:59:59", "2027-01-01"),
        ("year_end", 0, "2027-01-01T00:00", "2028-01-01"),
        ("next_year_end", 0, "2026-12-31T23:59:59", "2028-01-01"),
        ("next_year_end", 0, "2027-01-01T00:00", "2029-01-01"),
        ("days", 1, "2028-02-28T12:00", "2028-03-01"),
    ],
)
def test_expiry_rounds_to_whole_days_of_shanghai(
    rounding: Rounding, count: int, earned: str, gone: str
) -> None:
    expiry = Expiry(rounding, count)
    assert expiry.of(midnight(earned)) == midnight(gone)


def test_the_sweep_takes_what_is_due_and_nothing_else(database: Database) -> None:
    def work(session: Session) -> tuple[list[int], list[tuple[int, int]]]:
        members = [join(session) for _ in range(3)]
        for member in members:
            earn(session, member, 5, f"soon:{member}", SOON)
            earn(session, member, 7, f"more:{member}", SOON)
            earn(session, member, 10, f"late:{member}", NEXT_YEAR)
        points.spend(session, members[1], Debit(6, "order:1", ""), NOON)
        swept, after = [], 0
        while (page := points_expiry.sweep(session, after, LATER, page=2)).after is not None:
            swept.append((page.members, page.points))
            after = page.after
        return [points.balance_of(session, member) for member in members], swept

    assert database.transaction(work) == ([10, 10, 10], [(2, 18), (1, 12)])
    assert breaches(database, LATER) == {}
    again = database.transaction(lambda session: points_expiry.sweep(session, 0, LATER))
    assert (again.members, again.points) == (0, 0)


def test_points_past_their_date_cannot_be_spent_before_the_sweep(database: Database) -> None:
    def work(session: Session) -> tuple[dict[str, object], int, list[str]]:
        member = join(session)
        earn(session, member, 5, "soon", SOON)
        earn(session, member, 10, "late", NEXT_YEAR)
        with pytest.raises(NotEnoughPoints) as refused:
            points.spend(session, member, Debit(11, "order:1", ""), SOON)
        left = points.spend(session, member, Debit(4, "order:2", ""), SOON)
        kinds = session.scalars(select(PointsEntry.kind).order_by(PointsEntry.id)).all()
        return refused.value.facts, left, list(kinds)

    done = database.transaction(work)
    assert done == ({"balance": 10, "price": 11}, 6, ["earn", "earn", "expire", "spend"])
    assert breaches(database, LATER) == {}


def test_the_last_moment_of_a_lot_is_the_one_before_its_date(sqlite: Database) -> None:
    def work(session: Session) -> int:
        member = join(session)
        earn(session, member, 5, "soon", SOON)
        points.spend(session, member, Debit(2, "order:1", ""), SOON - timedelta(microseconds=1))
        with pytest.raises(NotEnoughPoints):
            points.spend(session, member, Debit(2, "order:2", ""), SOON)
        return points.balance_of(session, member)

    assert sqlite.transaction(work) == 3


def test_members_are_warned_once_at_each_distance(sqlite: Database) -> None:
    expires = midnight("2027-01-01")

    def told(session: Session, day: date) -> list[dict[str, object]]:
        at = midnight(f"{day}T09:00")
        points_expiry.warn(session, 0, day, (30, 7, 1), at)
        points_expiry.warn(session, 0, day, (30, 7, 1), at)
        rows = session.scalars(select(notices.Notice).order_by(notices.Notice.id)).all()
        return [row.facts for row in rows]

    def work(session: Session) -> list[int]:
        member = join(session)
        earn(session, member, 5, "a", expires)
        earn(session, member, 6, "b", expires)
        counts = []
        for ahead in (31, 30, 29, 7, 6, 2, 1, 0):
            counts.append(len(told(session, date(2027, 1, 1) - timedelta(days=ahead))))
        assert told(session, date(2026, 12, 31))[-1] == {"points": 11, "days": 1}
        return counts

    assert sqlite.transaction(work) == [0, 1, 1, 2, 2, 2, 3, 3]


def test_pending_points_come_with_their_event_and_expire_from_then(database: Database) -> None:
    done = NOON + timedelta(days=60)

    def work(session: Session) -> tuple[object, ...]:
        member = join(session)
        promised = Promise(Credit(100, "application:9", "装机送积分"), "installed:9")
        twice = [points_pending.promise(session, member, promised, NOON) for _ in range(2)]
        before = points.balance_of(session, member), points_pending.total_of(session, member)
        given = [points_pending.release(session, "installed:9", done, POLICY) for _ in range(2)]
        next_lapse = points_expiry.expiring(session, member, done)
        return twice, before, given, points.balance_of(session, member), next_lapse

    expires = POLICY.expiry.of(done)
    assert database.transaction(work) == (
        [True, False], (0, 100), [100, 0], 100, (100, expires),
    )  # fmt: skip
    assert breaches(database) == {"L15": breaches(database)["L15"]}  # the entry is yet to come
    assert breaches(database, done) == {}


def test_a_cancelled_event_pays_nobody(sqlite: Database) -> None:
    def work(session: Session) -> list[int]:
        member = join(session)
        promised = Promise(Credit(100, "application:9", "装机送积分"), "installed:9")
        points_pending.promise(session, member, promised, NOON)
        cancelled = points_pending.cancel(session, "installed:9", NOON)
        released = points_pending.release(session, "installed:9", NOON, POLICY)
        return [cancelled, released, points_pending.total_of(session, member)]

    assert sqlite.transaction(work) == [100, 0, 0]
    assert breaches(sqlite) == {}


def test_a_merge_moves_lots_with_their_dates_and_the_debt(database: Database) -> None:
    def work(session: Session) -> tuple[int, int, int, object]:
        one, other = join(session), join(session)
        earn(session, one, 5, "gone", NOON + timedelta(hours=1))
        earn(session, one, 10, "soon", SOON)
        earn(session, one, 20, "late", NEXT_YEAR)
        earn(session, other, 8, "paid:3", NEXT_YEAR)
        points.spend(session, other, Debit(8, "order:1", ""), NOON)
        points_reversals.claw_back(session, "paid:3", NOON, "debt")
        moved = move_all(session, one, other, NOON + timedelta(hours=2))
        balances = points.balance_of(session, one), points.balance_of(session, other)
        return moved, *balances, points_expiry.expiring(session, other, NOON)

    assert database.transaction(work) == (30, 0, 22, (2, SOON))
    assert breaches(database, NOON + timedelta(hours=2)) == {}


def test_debt_goes_with_whoever_is_merged_and_ends_with_whoever_leaves(sqlite: Database) -> None:
    def work(session: Session) -> list[int]:
        one, other = join(session), join(session)
        earn(session, one, 8, "paid:3", NEXT_YEAR)
        points.spend(session, one, Debit(8, "order:1", ""), NOON)
        points_reversals.claw_back(session, "paid:3", NOON, "debt")
        earn(session, other, 3, "have", NEXT_YEAR)
        move_all(session, one, other, NOON)
        left = points.balance_of(session, other)
        return [left, forfeit(session, other, NOON), forfeit(session, other, NOON)]

    assert sqlite.transaction(work) == [0, 0, 0]
    assert breaches(sqlite) == {}


def test_forfeited_points_are_gone_for_good(database: Database) -> None:
    def work(session: Session) -> tuple[int, int]:
        member = join(session)
        earn(session, member, 9, "have", NEXT_YEAR)
        return forfeit(session, member, NOON), points.balance_of(session, member)

    assert database.transaction(work) == (9, 0)
    assert breaches(database) == {}
