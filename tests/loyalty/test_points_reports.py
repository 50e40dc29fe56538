"""Points in figures and notices: whose they are, which instants they hold, and in which order."""

from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from kernel.clock import SHANGHAI
from kernel.db import Database
from loyalty import points, points_expiry, points_liability, points_pending, points_reversals
from loyalty import points_statements as statements
from loyalty.ledger import PointsAccount
from loyalty.notices import Notice
from loyalty.points import Credit, Debit
from loyalty.points_pending import PointsPending, Promise
from loyalty.points_transfers import forfeit, move_all, worth_moving
from tests.loyalty.books import breaches
from tests.loyalty.people import NEXT_YEAR, POLICY, join
from tests.world import NOON

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
TICK = timedelta(microseconds=1)
NEW_YEAR = datetime(2027, 1, 1, tzinfo=SHANGHAI)
DISTANCES = (30, 7, 1)


def earn(
    session: Session, member: int, amount: int, until: datetime = NEXT_YEAR, at: datetime = NOON
) -> int:
    """Some points, for a fact of their own."""
    reference = f"fact:{member}:{points.last_entry(session, member)}"
    return points.earn(session, member, [Credit(amount, reference, "")], at, until)


def spend(session: Session, member: int, amount: int, at: datetime = NOON) -> None:
    """Some of them, for an order of its own."""
    reference = f"order:{member}:{points.last_entry(session, member)}"
    points.spend(session, member, Debit(amount, reference, ""), at)


def indebt(session: Session, member: int, amount: int) -> None:
    """The member owes so many points: they were spent, and then their ground fell away."""
    points.earn(session, member, [Credit(amount, f"paid:{member}", "")], NOON, NEXT_YEAR)
    spend(session, member, amount)
    points_reversals.claw_back(session, f"paid:{member}", NOON, "debt")


def debt_of(session: Session, member: int) -> int:
    return session.get_one(PointsAccount, member, populate_existing=True).debt


def test_a_debt_leaves_the_one_and_comes_to_the_other(sqlite: Database) -> None:
    def work(session: Session) -> None:
        one, other = join(session), join(session)
        indebt(session, one, 8)
        earn(session, other, 3)
        move_all(session, one, other, NOON)
        assert (debt_of(session, one), debt_of(session, other)) == (0, 5)
        forfeit(session, other, NOON)
        assert debt_of(session, other) == 0

    sqlite.transaction(work)
    assert breaches(sqlite) == {}


def test_what_ends_with_the_merge_is_not_moved(sqlite: Database) -> None:
    def work(session: Session) -> None:
        one, other = join(session), join(session)
        earn(session, one, 5, NOON + DAY)
        earn(session, one, 1, NEW_YEAR)
        assert worth_moving(session, one, NOON + DAY - TICK) == 6
        assert worth_moving(session, one, NOON + DAY) == 1
        assert move_all(session, one, other, NOON + DAY) == 1
        assert points.balance_of(session, other) == 1
        assert worth_moving(session, one, NOON) == 0

    sqlite.transaction(work)
    assert breaches(sqlite, NOON + DAY) == {}


def test_liability_counts_promises_debts_and_releases(sqlite: Database) -> None:
    def work(session: Session) -> points_liability.Liability:
        rich, poor = join(session), join(session)
        for name in ("kept", "released", "cancelled"):
            promised = Promise(Credit(40, name, ""), name)
            points_pending.promise(session, rich, promised, NOON)
        points_pending.release(session, "released", NOON, POLICY)
        points_pending.cancel(session, "cancelled", NOON)
        earn(session, rich, 7, NEW_YEAR)
        earn(session, rich, 3, NEW_YEAR)
        earn(session, rich, 1, NOON + DAY)
        indebt(session, poor, 6)
        return points_liability.as_of(session, NOON + TICK, NOON)

    seen = sqlite.transaction(work)
    assert (seen.pending, seen.owed_by_members, seen.outstanding) == (40, 6, 51)
    assert (seen.earned, seen.spent, seen.expired, seen.breakage) == (57, 6, 0, 0.0)
    days = [day for day, _ in seen.by_last_day]
    assert days == [date(2026, 11, 21), date(2026, 12, 31), date(2027, 12, 31)]
    assert (seen.fen(100), seen.fen(30)) == (51, 170)


def test_liability_of_nothing_and_at_the_borders_of_its_period(sqlite: Database) -> None:
    def work(session: Session) -> None:
        empty = points_liability.as_of(session, NOON, NOON - DAY)
        assert empty == points_liability.Liability(0, 0, 0, [], 0, 0, 0, None)
        member = join(session)
        earn(session, member, 5, NOON + DAY)
        assert points_liability.as_of(session, NOON, NOON - DAY).earned == 0
        assert points_liability.as_of(session, NOON + TICK, NOON).earned == 5
        assert points_liability.as_of(session, NOON + DAY, NOON + TICK).earned == 0
        assert points_liability.as_of(session, NOON + DAY - TICK, NOON).outstanding == 5
        assert points_liability.as_of(session, NOON + DAY, NOON).outstanding == 0

    sqlite.transaction(work)


def test_a_statement_follows_the_clock_not_the_numbers(sqlite: Database) -> None:
    """The clock was set back between the two: what is written later happened earlier."""

    def work(session: Session) -> None:
        member, other = join(session), join(session)
        earn(session, member, 1, at=NOON + 2 * DAY)
        earn(session, member, 20, at=NOON + DAY)
        earn(session, member, 300, at=NOON + DAY)
        earn(session, other, 4_000, at=NOON + DAY + HOUR)
        made = statements.of_period(session, member, NOON, NOON + 9 * DAY)
        assert [entry.delta for entry in made.entries] == [20, 300, 1]
        assert (made.opening, made.credits, made.debits, made.closing) == (0, 321, 0, 321)
        # The point of the third day was booked first, and still belongs to the third day.
        third = statements.of_period(session, member, NOON + 2 * DAY, NOON + 3 * DAY)
        assert (third.opening, third.credits, third.closing) == (320, 1, 321)
        spend(session, member, 1, NOON + 3 * DAY)
        lost = statements.of_period(session, member, NOON + 3 * DAY, NOON + 4 * DAY)
        assert (lost.credits, lost.debits) == (0, -1)

    sqlite.transaction(work)


def test_what_expires_next_is_ones_own_and_not_yet_gone(sqlite: Database) -> None:
    def work(session: Session) -> None:
        member, other = join(session), join(session)
        assert points_expiry.expiring(session, member, NOON) is None
        earn(session, other, 9, NOON + HOUR)
        earn(session, member, 20, NEW_YEAR)
        earn(session, member, 3, NOON + DAY)
        earn(session, member, 1, NOON + DAY)
        assert points_expiry.expiring(session, member, NOON) == (4, NOON + DAY)
        assert points_expiry.expiring(session, member, NOON + DAY - TICK) == (4, NOON + DAY)
        assert points_expiry.expiring(session, member, NOON + DAY) == (20, NEW_YEAR)
        spend(session, member, 4)
        assert points_expiry.expiring(session, member, NOON) == (20, NEW_YEAR)
        assert points_expiry.expiring(session, member, NEW_YEAR) is None

    sqlite.transaction(work)


def test_the_sweep_takes_a_single_point_at_its_very_instant(sqlite: Database) -> None:
    def work(session: Session) -> None:
        member = join(session)
        earn(session, member, 1, NOON + DAY)
        assert points_expiry.sweep(session, 0, NOON + DAY - TICK).points == 0
        swept = points_expiry.sweep(session, 0, NOON + DAY)
        assert swept == points_expiry.Swept(member, 1, 1)

    sqlite.transaction(work)
    assert breaches(sqlite, NOON + DAY) == {}


def test_what_waits_is_ones_own_and_once_cancelled_it_says_so(sqlite: Database) -> None:
    def work(session: Session) -> None:
        member, other = join(session), join(session)
        for one, name in ((member, "a"), (other, "b")):
            points_pending.promise(session, one, Promise(Credit(40, name, ""), name), NOON)
        assert points_pending.total_of(session, member) == 40
        assert points_pending.cancel(session, "a", NOON + HOUR) == 40
        session.expire_all()
        rows = session.execute(select(PointsPending.state, PointsPending.settled_at)).all()
        assert [tuple(row) for row in rows] == [("cancelled", NOON + HOUR), ("pending", None)]

    sqlite.transaction(work)


def warned(session: Session) -> list[tuple[int, str, dict[str, object]]]:
    """(member, kind, facts) of each notice, in order."""
    rows = session.scalars(select(Notice).order_by(Notice.id))
    return [(row.member_id, row.kind, row.facts) for row in rows]


def test_each_lapse_of_each_member_is_told_for_itself(sqlite: Database) -> None:
    def work(session: Session) -> None:
        one, other, poor = join(session), join(session), join(session)
        today, morning = date(2026, 12, 30), datetime(2026, 12, 30, 9, tzinfo=SHANGHAI)
        earn(session, one, 5, NEW_YEAR + DAY)
        earn(session, one, 1, NEW_YEAR)
        earn(session, other, 7, NEW_YEAR)
        earn(session, other, 2, NEW_YEAR + 9 * DAY)
        earn(session, other, 9, datetime(2026, 12, 30, tzinfo=SHANGHAI))
        earn(session, poor, 3, NEW_YEAR)
        spend(session, poor, 3)
        assert points_expiry.warn(session, 0, today, (7,), morning) == other
        assert points_expiry.warn(session, other, today, (7,), morning) is None
        assert warned(session) == [
            (one, "points_expiring", {"points": 1, "days": 2}),
            (one, "points_expiring", {"points": 5, "days": 3}),
            (other, "points_expiring", {"points": 7, "days": 2}),
        ]

    sqlite.transaction(work)


def test_warnings_go_on_page_by_page(sqlite: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(points_expiry, "PAGE", 2)

    def work(session: Session) -> None:
        members = [join(session) for _ in range(3)]
        for member in members:
            earn(session, member, 1, NEW_YEAR)
            earn(session, member, 2, NEW_YEAR + DAY)
        today, at = date(2026, 12, 31), NEW_YEAR - DAY
        after = points_expiry.warn(session, 0, today, DISTANCES, at)
        assert after == members[1]
        assert [member for member, _, _ in warned(session)] == sorted(members[:2] * 2)
        after = points_expiry.warn(session, members[1], today, DISTANCES, at)
        assert after == members[2]
        assert points_expiry.warn(session, members[2], today, DISTANCES, at) is None
        assert [member for member, _, _ in warned(session)] == sorted(members * 2)

    sqlite.transaction(work)
