"""Check-ins: one a day in Shanghai, streaks, and the same rows whatever the database."""

import os
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from kernel.activity import Activity
from kernel.clock import SHANGHAI
from kernel.db import Database
from loyalty import checkins, points
from loyalty.checkin_days import CheckIn
from loyalty.checkin_programmes import NoCheckInProgramme
from loyalty.checkins import AlreadyCheckedIn
from loyalty.ledger import PointsAccount, PointsEntry, PointsLot
from loyalty.members import Member, MemberBlocked
from loyalty.policy import Expiry
from tests.loyalty.people import POLICY, books_balance, join, open_programme
from tests.world import NOON


@pytest.fixture(params=["UTC", "America/New_York", "Asia/Shanghai"])
def server_zone(request: pytest.FixtureRequest) -> Iterator[str]:
    """The server's own time zone, which must not matter."""
    before = os.environ.get("TZ")
    os.environ["TZ"] = request.param
    time.tzset()
    yield request.param
    if before is None:
        del os.environ["TZ"]
    else:
        os.environ["TZ"] = before
    time.tzset()


def test_streaks_pay_more_each_day_and_extra_on_the_third(database: Database) -> None:
    def work(session: Session) -> list[tuple[int, int, int, int]]:
        member = join(session)
        open_programme(session)
        days = (NOON + timedelta(days=number) for number in range(4))
        done = [checkins.check_in(session, member, at, POLICY) for at in days]
        return [(day.streak, day.points, day.extra, day.balance) for day in done]

    assert database.transaction(work) == [
        (1, 5, 0, 5),
        (2, 6, 0, 11),
        (3, 7, 20, 38),
        (4, 8, 0, 46),
    ]
    assert database.read(books_balance)


def test_a_missed_day_begins_the_streak_anew(database: Database) -> None:
    def work(session: Session) -> int:
        member = join(session)
        open_programme(session)
        checkins.check_in(session, member, NOON, POLICY)
        return checkins.check_in(session, member, NOON + timedelta(days=2), POLICY).streak

    assert database.transaction(work) == 1


def test_a_second_check_in_is_refused_and_pays_nothing(database: Database) -> None:
    def work(session: Session) -> tuple[int, dict[str, object]]:
        member = join(session)
        open_programme(session)
        checkins.check_in(session, member, NOON, POLICY)
        with pytest.raises(AlreadyCheckedIn) as refused:
            checkins.check_in(session, member, NOON, POLICY)
        return points.balance_of(session, member), refused.value.facts

    assert database.transaction(work) == (5, {"streak": 1, "points": 5})


def test_the_day_turns_at_midnight_in_shanghai(sqlite: Database, server_zone: str) -> None:
    midnight = datetime(2026, 12, 31, 16, 0, tzinfo=UTC)  # New Year in Shanghai
    before, after = midnight - timedelta(seconds=0.1), midnight + timedelta(seconds=0.1)

    def work(session: Session) -> list[tuple[date, int]]:
        member = join(session)
        open_programme(session)
        checkins.check_in(session, member, before, POLICY)
        checkins.check_in(session, member, after, POLICY)
        rows = session.scalars(select(CheckIn).order_by(CheckIn.id))
        return [(row.day, row.streak) for row in rows]

    assert sqlite.transaction(work) == [(date(2026, 12, 31), 1), (date(2027, 1, 1), 2)]


def test_a_leap_day_counts(sqlite: Database) -> None:
    leap = datetime(2028, 2, 28, 12, tzinfo=SHANGHAI)

    def work(session: Session) -> int:
        member = join(session)
        open_programme(session)
        for number in range(3):
            done = checkins.check_in(session, member, leap + timedelta(days=number), POLICY)
        return done.streak

    assert sqlite.transaction(work) == 3


def test_points_expire_at_the_end_of_next_year_in_shanghai() -> None:
    expires = Expiry().of(NOON)
    assert expires.astimezone(SHANGHAI) == datetime(2028, 1, 1, tzinfo=SHANGHAI)


def test_every_database_holds_the_same_rows(database: Database) -> None:
    """PostgreSQL writes them in one statement, the others step by step."""

    def work(session: Session) -> tuple[object, ...]:
        member = join(session)
        open_programme(session)
        checkins.check_in(session, member, NOON - timedelta(days=1), POLICY)
        checkins.check_in(session, member, NOON, POLICY, openid="oAnna")
        entries = session.scalars(select(PointsEntry).order_by(PointsEntry.id)).all()
        lots = session.scalars(select(PointsLot).order_by(PointsLot.entry_id)).all()
        note = session.scalars(select(Activity).where(Activity.kind == "check_in")).all()[-1]
        account = session.get_one(PointsAccount, member)
        return (
            [(one.kind, one.delta, one.balance_after, one.note) for one in entries],
            [one.reference.replace(f":{member}:", ":") for one in entries],
            [one.created_at == NOON for one in entries],
            [(lot.amount, lot.remaining) for lot in lots],
            {lot.expires_at for lot in lots} == {POLICY.expiry.of(NOON)},
            [lot.entry_id for lot in lots] == [one.id for one in entries],
            (account.balance, account.qualified),
            (note.openid, note.member_id == member, note.facts, note.at),
        )

    assert database.transaction(work) == (
        [("earn", 5, 5, "每日签到"), ("earn", 5, 10, "每日签到"), ("earn", 1, 11, "连签递增")],
        ["check-in:2026-11-19", "check-in:2026-11-20", "check-in-step:2026-11-20"],
        [False, True, True],
        [(5, 5), (5, 5), (1, 1)],
        True,
        True,
        (11, 11),
        ("oAnna", True, {"streak": 2, "points": 6}, NOON),
    )


def test_the_server_clock_set_back_an_hour_pays_no_second_time(sqlite: Database) -> None:
    midnight = datetime(2026, 12, 31, 16, 0, tzinfo=UTC)
    late = midnight + timedelta(minutes=10)

    def work(session: Session) -> list[tuple[date, int]]:
        member = join(session)
        open_programme(session)
        checkins.check_in(session, member, late, POLICY)
        # The clock goes back over midnight: yesterday's check-in counts, the new day's stands.
        checkins.check_in(session, member, late - timedelta(hours=1), POLICY)
        for at in (late, late - timedelta(hours=1)):
            with pytest.raises(AlreadyCheckedIn):
                checkins.check_in(session, member, at, POLICY)
        rows = session.scalars(select(CheckIn).order_by(CheckIn.day))
        return [(row.day, row.streak) for row in rows]

    assert sqlite.transaction(work) == [(date(2026, 12, 31), 1), (date(2027, 1, 1), 2)]


def test_a_blocked_member_and_a_day_without_a_programme_are_refused(sqlite: Database) -> None:
    def work(session: Session) -> None:
        member = join(session)
        with pytest.raises(NoCheckInProgramme):
            checkins.check_in(session, member, NOON, POLICY)
        open_programme(session)
        session.execute(update(Member).values(state="blocked"))
        with pytest.raises(MemberBlocked):
            checkins.check_in(session, member, NOON, POLICY)

    sqlite.transaction(work)
