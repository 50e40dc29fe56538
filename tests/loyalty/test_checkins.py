"""Check-ins: one a day in Shanghai, streaks, and the same rows whatever the database."""

import os
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from kernel.activity import Activity
from kernel.clock import SHANGHAI
from kernel.db import Database
from loyalty import checkins, points
from loyalty.checkins import AlreadyCheckedIn, CheckIn, CheckInRules
from loyalty.points import PointsEntry, PointsLot
from tests.loyalty.people import RULES, books_balance, join
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
    def work(session: Session) -> list[tuple[int, int, int]]:
        member = join(session)
        days = (NOON + timedelta(days=number) for number in range(4))
        done = [checkins.check_in(session, member, at, RULES) for at in days]
        return [(day.streak, day.points, day.balance) for day in done]

    assert database.transaction(work) == [(1, 5, 5), (2, 6, 11), (3, 27, 38), (4, 8, 46)]
    assert database.read(books_balance)


def test_a_missed_day_begins_the_streak_anew(database: Database) -> None:
    def work(session: Session) -> int:
        member = join(session)
        checkins.check_in(session, member, NOON, RULES)
        return checkins.check_in(session, member, NOON + timedelta(days=2), RULES).streak

    assert database.transaction(work) == 1


def test_a_second_check_in_is_refused_and_pays_nothing(database: Database) -> None:
    def work(session: Session) -> tuple[int, dict[str, object]]:
        member = join(session)
        checkins.check_in(session, member, NOON, RULES)
        with pytest.raises(AlreadyCheckedIn) as refused:
            checkins.check_in(session, member, NOON, RULES)
        return points.balance_of(session, member), refused.value.facts

    assert database.transaction(work) == (5, {"streak": 1, "points": 5})


def test_the_day_turns_at_midnight_in_shanghai(sqlite: Database, server_zone: str) -> None:
    midnight = datetime(2026, 12, 31, 16, 0, tzinfo=UTC)  # New Year in Shanghai
    before, after = midnight - timedelta(seconds=0.1), midnight + timedelta(seconds=0.1)

    def work(session: Session) -> list[tuple[date, int]]:
        member = join(session)
        checkins.check_in(session, member, before, RULES)
        checkins.check_in(session, member, after, RULES)
        rows = session.scalars(select(CheckIn).order_by(CheckIn.id))
        return [(row.day, row.streak) for row in rows]

    assert sqlite.transaction(work) == [(date(2026, 12, 31), 1), (date(2027, 1, 1), 2)]


def test_a_leap_day_counts(sqlite: Database) -> None:
    leap = datetime(2028, 2, 28, 12, tzinfo=SHANGHAI)

    def work(session: Session) -> int:
        member = join(session)
        for number in range(3):
            done = checkins.check_in(session, member, leap + timedelta(days=number), RULES)
        return done.streak

    assert sqlite.transaction(work) == 3


def test_points_expire_at_the_end_of_next_year_in_shanghai() -> None:
    expires = CheckInRules(base=1).expires_at(NOON)
    assert expires.astimezone(SHANGHAI) == datetime(2028, 1, 1, tzinfo=SHANGHAI)


def test_every_database_holds_the_same_rows(database: Database) -> None:
    """PostgreSQL writes them in one statement, the others in five."""

    def work(session: Session) -> tuple[object, ...]:
        member = join(session)
        checkins.check_in(session, member, NOON, RULES, openid="oAnna")
        entry = session.scalars(select(PointsEntry)).one()
        lot = session.scalars(select(PointsLot)).one()
        note = session.scalars(select(Activity).where(Activity.kind == "check_in")).one()
        return (
            (entry.kind, entry.delta, entry.balance_after, entry.note, entry.created_at),
            entry.reference == f"check-in:{member}:2026-11-20",
            (lot.entry_id == entry.id, lot.amount, lot.remaining, lot.expires_at),
            (note.openid, note.member_id == member, note.facts, note.at),
        )

    assert database.transaction(work) == (
        ("earn", 5, 5, "每日签到", NOON),
        True,
        (True, 5, 5, RULES.expires_at(NOON)),
        ("oAnna", True, {"streak": 1, "points": 5}, NOON),
    )
