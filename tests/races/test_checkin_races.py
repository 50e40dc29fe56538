"""Check-ins under rivals, on PostgreSQL and MariaDB: one a day, and streaks exact."""

from collections import Counter
from datetime import date, timedelta
from functools import partial

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from kernel.clock import business_day
from kernel.db import Database
from loyalty import amnesties, checkin_rewards, checkins, make_ups, points
from loyalty.checkin_days import CheckIn
from loyalty.ledger import PointsEntry
from loyalty.members import Member
from loyalty.points import Credit
from tests.loyalty.books import breaches
from tests.loyalty.desk import hire
from tests.loyalty.people import NEXT_YEAR, PLAIN, POLICY, join_many, open_programme
from tests.races.rivals import race
from tests.world import NOON

pytestmark = pytest.mark.race
TODAY = business_day(NOON)
DAY = timedelta(days=1)


def crowd(database: Database, count: int) -> list[int]:
    """Members since last month, with points for make-ups."""
    members = join_many(database, count)

    def prepare(session: Session) -> None:
        open_programme(session)
        session.execute(update(Member).values(registered_at=NOON - 40 * DAY))
        for member in members:
            points.earn(
                session, member, [Credit(90, f"b:{member}", "")], NOON - 9 * DAY, NEXT_YEAR
            )

    database.transaction(prepare)
    return members


def test_twenty_at_once_of_two_hundred_members_are_one_each(server_database: Database) -> None:
    members = join_many(server_database, 200)
    server_database.transaction(open_programme)

    def work(session: Session, number: int) -> int:
        member = members[number // 20]
        return checkins.check_in(session, member, NOON, POLICY).points

    outcomes = Counter(race(server_database, work, 4_000))
    assert outcomes == {5: 200, "already_checked_in": 3_800}
    assert breaches(server_database) == {}


def test_a_naive_check_in_pays_twice(server_database: Database) -> None:
    member = join_many(server_database, 1)[0]

    def naive(session: Session, number: int, turn: int) -> str:
        fact = f"naive:{turn}"
        if session.scalar(select(func.count()).where(PointsEntry.reference.like(f"{fact}:%"))):
            return "already"
        points.earn(session, member, [Credit(5, f"{fact}:{number}", "")], NOON, NEXT_YEAR)
        return "paid"

    for turn in range(5):  # it pays twice nearly always at once; five rounds make sure
        if Counter(race(server_database, partial(naive, turn=turn), 32))["paid"] > 1:
            return
    pytest.fail("the naive variant never paid twice, so this race proves nothing")


def test_a_make_up_and_todays_check_in_agree_on_the_streak(server_database: Database) -> None:
    members = crowd(server_database, 40)

    def begin(session: Session) -> None:
        for member in members:
            checkins.check_in(session, member, NOON - 2 * DAY, POLICY)

    server_database.transaction(begin)

    def work(session: Session, number: int) -> int:
        member = members[number // 2]
        if number % 2:
            return make_ups.make_up(session, member, TODAY - DAY, NOON, POLICY).streak
        return checkins.check_in(session, member, NOON, POLICY).streak

    assert {type(outcome) for outcome in race(server_database, work, 80)} == {int}

    def today(session: Session) -> set[int]:
        return set(session.scalars(select(CheckIn.streak).where(CheckIn.day == TODAY)))

    assert server_database.read(today) == {3}
    assert breaches(server_database) == {}


def test_hosts_whose_clocks_differ_over_midnight_agree(server_database: Database) -> None:
    members = crowd(server_database, 40)

    def work(session: Session, number: int) -> int:
        at = NOON + DAY * (number % 2)
        return checkins.check_in(session, members[number // 2], at, POLICY).streak

    race(server_database, work, 80)

    def streaks(session: Session) -> set[tuple[date, int]]:
        return {(row.day, row.streak) for row in session.scalars(select(CheckIn))}

    assert server_database.read(streaks) == {(TODAY, 1), (TODAY + DAY, 2)}
    assert breaches(server_database, NOON + DAY) == {}


def test_one_missed_day_is_bought_once_and_the_quota_holds(server_database: Database) -> None:
    members = crowd(server_database, 4)

    def work(session: Session, number: int) -> int:
        day = TODAY - DAY * (1 + number // 4 % 6)
        return make_ups.make_up(session, members[number % 4], day, NOON, POLICY).cost

    race(server_database, work, 96)

    def bought(session: Session) -> list[int]:
        made = select(func.count()).where(CheckIn.kind == "make_up").group_by(CheckIn.member_id)
        return list(session.scalars(made))

    assert server_database.read(bought) == [3] * 4
    assert breaches(server_database) == {}


def test_an_amnesty_races_make_ups_and_check_ins(server_database: Database) -> None:
    members = crowd(server_database, 30)

    def begin(session: Session) -> int:
        for member in members:
            checkins.check_in(session, member, NOON - 2 * DAY, POLICY)
        return amnesties.declare(session, TODAY - DAY, "维护", hire(session), NOON).id

    amnesty = server_database.transaction(begin)

    def work(session: Session, number: int) -> str:
        kind, member = number % 3, members[number // 3]
        if kind == 0:
            amnesties.run_page(session, amnesty, NOON, 7)
            return "amnesty"
        if kind == 1:
            make_ups.make_up(session, member, TODAY - DAY, NOON, POLICY)
            return "made up"
        checkins.check_in(session, member, NOON, POLICY)
        return "checked in"

    outcomes = Counter(race(server_database, work, 90))
    assert outcomes["checked in"] == 30
    while server_database.transaction(lambda s: amnesties.run_page(s, amnesty, NOON)):
        pass

    def today(session: Session) -> Counter[int]:
        rows = session.scalars(select(CheckIn.streak).where(CheckIn.day == TODAY))
        return Counter(rows)

    # A bought day counts, a protected one only carries over.
    assert server_database.read(today) == {
        streak: count
        for streak, count in ((3, outcomes["made up"]), (2, 30 - outcomes["made up"]))
        if count
    }
    assert breaches(server_database) == {}


def test_a_reward_that_waits_is_taken_once(server_database: Database) -> None:
    members = join_many(server_database, 8)

    def begin(session: Session) -> list[tuple[int, int]]:
        open_programme(session, {**PLAIN, "claimable": True})
        for member in members:
            for back in (2, 1, 0):
                checkins.check_in(session, member, NOON - back * DAY, POLICY)
        return [(m, checkin_rewards.claimable(session, m, NOON)[0].id) for m in members]

    waiting = server_database.transaction(begin)

    def work(session: Session, number: int) -> str:
        member, reward = waiting[number % 8]
        return checkin_rewards.claim(session, reward, member, NOON, POLICY).name

    assert Counter(race(server_database, work, 96)) == {
        "连签 3 天": 8,
        "reward_not_claimable": 88,
    }
    assert breaches(server_database) == {}
