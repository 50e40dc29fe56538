"""Programmes: versions and windows, every kind of reward, cycles, and who is reminded."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from kernel.clock import SHANGHAI
from kernel.db import Database
from kernel.refusals import Invalid
from loyalty import checkin_programmes, checkin_reminders, checkins, followers
from loyalty.checkin_programmes import NewProgramme, NoCheckInProgramme
from loyalty.checkin_rules import CheckInRules, parse
from loyalty.coupons import Coupon
from loyalty.ledger import PointsEntry
from loyalty.members import Member
from loyalty.tier_ladder import Tier
from tests.loyalty.books import breaches
from tests.loyalty.people import POLICY, join, offer, open_programme
from tests.world import NOON


def at(month: int, day: int, hour: int = 12) -> datetime:
    """An hour of a day of 2026 or, from January on, 2027."""
    return datetime(2027 if month < 6 else 2026, month, day, hour, tzinfo=SHANGHAI)


def earned(database: Database, rules: dict[str, Any], days: list[datetime]) -> list[int]:
    """What check-ins on those days bring one member under the rules, rewards included."""

    def work(session: Session) -> list[int]:
        member = join(session)
        open_programme(session, rules)
        done = [checkins.check_in(session, member, day, POLICY) for day in days]
        return [day.points + day.extra for day in done]

    found = database.transaction(work)
    assert breaches(database, days[-1]) == {}
    return found


def run(first: datetime, count: int) -> list[datetime]:
    """So many days in a row."""
    return [first + timedelta(days=n) for n in range(count)]


def test_a_week_begins_anew_on_monday(sqlite: Database) -> None:
    rules = {"base": 5, "step": 1, "step_cap": 9, "cycle": "week",
             "streaks": [{"days": 3, "points": 10}]}  # fmt: skip
    # 2026-11-19 is a Thursday: four days of the first week, three of the next.
    assert earned(sqlite, rules, run(at(11, 19), 7)) == [5, 6, 17, 8, 5, 6, 17]


def test_a_month_begins_anew_on_the_first(sqlite: Database) -> None:
    rules = {"base": 5, "step": 1, "step_cap": 7, "cycle": "month"}
    assert earned(sqlite, rules, run(at(11, 28), 5)) == [5, 6, 7, 5, 6]


def test_a_cycle_of_days_is_the_members_own(sqlite: Database) -> None:
    rules = {"base": 5, "step": 2, "step_cap": 50, "cycle": 3,
             "streaks": [{"days": 3, "points": 10}]}  # fmt: skip
    assert earned(sqlite, rules, run(at(11, 19), 6)) == [5, 7, 19, 5, 7, 19]


def test_a_full_month_of_31_days_can_be_rewarded(sqlite: Database) -> None:
    rules = {"base": 1, "cycle": "month", "streaks": [{"days": 31, "points": 100}]}
    assert earned(sqlite, rules, run(at(12, 1), 31))[-1] == 101


def test_totals_count_today_and_gaps_do_not_matter(sqlite: Database) -> None:
    rules = {"base": 5, "cycle": "month", "totals": [{"days": 2, "points": 10},
                                                     {"days": 3, "points": 20}]}  # fmt: skip
    days = [at(11, 3), at(11, 9), at(11, 20), at(12, 1), at(12, 5)]
    assert earned(sqlite, rules, days) == [5, 15, 25, 5, 15]


def test_special_dates_of_every_year_and_of_one(sqlite: Database) -> None:
    eve = {"on": "2026-12-31", "name": "跨年", "points": 7}
    rules = {"base": 5, "specials": [{"on": "01-01", "name": "元旦", "points": 50}, eve]}
    assert earned(sqlite, rules, run(at(12, 30), 3)) == [5, 12, 55]


def test_a_tier_multiplies_every_reward_and_drops_fractions(database: Database) -> None:
    def work(session: Session) -> list[tuple[str, int]]:
        member = join(session)
        tier = {"level": 1, "code": "silver", "name": "银卡", "threshold": 10**6}
        session.execute(
            insert(Tier),
            {**tier, "multiplier_percent": 150, "gift": {}, "active": True, "changed_at": NOON},
        )
        session.execute(update(Member).where(Member.id == member).values(tier_level=1))
        rules = {"base": 5, "step": 1, "step_cap": 9, "streaks": [{"days": 2, "points": 11}]}
        open_programme(session, rules)
        for day in run(NOON, 2):
            checkins.check_in(session, member, day, POLICY)
        rows = session.scalars(select(PointsEntry).order_by(PointsEntry.id))
        return [(row.note, row.delta) for row in rows]

    assert database.transaction(work) == [
        ("每日签到", 7), ("每日签到", 7), ("连签递增", 1), ("连签 2 天", 16),
    ]  # fmt: skip


def test_a_coupon_can_be_the_reward_and_an_empty_batch_costs_only_the_coupon(
    database: Database,
) -> None:
    def work(session: Session) -> tuple[list[object], int]:
        batch = offer(session, stock=1, code="streak-2")
        rules = {"base": 5, "streaks": [{"days": 2, "points": 3, "coupons": ["streak-2"]}]}
        open_programme(session, rules)
        seen: list[object] = []
        for member in (join(session), join(session)):
            for day in run(NOON, 2):
                done = checkins.check_in(session, member, day, POLICY)
            seen.append((done.extra, done.rewards[0].missed))
        held = session.scalars(select(Coupon).where(Coupon.batch_id == batch)).all()
        return seen, len(held)

    assert database.transaction(work) == ([(3, ()), (3, ("streak-2",))], 1)
    assert breaches(database, NOON + timedelta(days=1)) == {}


def test_a_milestone_added_later_is_not_paid_back(sqlite: Database) -> None:
    def work(session: Session) -> list[int]:
        member = join(session)
        open_programme(session, {"base": 5})
        days = run(NOON, 6)
        for day in days[:4]:
            checkins.check_in(session, member, day, POLICY)
        new = {"base": 5, "streaks": [{"days": 3, "points": 20}, {"days": 6, "points": 60}]}
        version = NewProgramme("v2", "新规则", (days[4] + timedelta(hours=8)).date(), new)
        checkin_programmes.publish(session, version, days[3])
        done = [checkins.check_in(session, member, day, POLICY) for day in days[4:]]
        return [day.extra for day in done]

    assert sqlite.transaction(work) == [0, 60]


def test_a_version_counts_from_tomorrow_and_ends_by_itself(sqlite: Database) -> None:
    def work(session: Session) -> list[int]:
        member, today = join(session), date(2026, 11, 20)
        open_programme(session, {"base": 5})
        for starts_on in (today, today - timedelta(days=1)):
            with pytest.raises(Invalid):
                checkin_programmes.publish(
                    session, NewProgramme("late", "", starts_on, {"base": 9}), NOON
                )
        bonus = NewProgramme(
            "bonus", "双倍", today + timedelta(days=1), {"base": 10}, today + timedelta(days=3)
        )
        checkin_programmes.publish(session, bonus, NOON)
        return [checkins.check_in(session, member, day, POLICY).points for day in run(NOON, 4)]

    assert sqlite.transaction(work) == [5, 10, 10, 5]


def test_an_ended_programme_refuses_from_its_end_on(sqlite: Database) -> None:
    def work(session: Session) -> None:
        member = join(session)
        programme = open_programme(session)
        with pytest.raises(Invalid):
            checkin_programmes.end(session, programme, date(2026, 11, 20), NOON)
        checkin_programmes.end(session, programme, date(2026, 11, 21), NOON)
        checkins.check_in(session, member, at(11, 20, 23), POLICY)
        with pytest.raises(NoCheckInProgramme):
            checkins.check_in(session, member, at(11, 21, 0), POLICY)

    sqlite.transaction(work)


@pytest.mark.parametrize(
    "rules",
    [
        {},
        {"base": 0},
        {"base": True},
        {"base": "5"},
        {"base": 5, "bonus": 1},
        {"base": 5, "cycle": 1},
        {"base": 5, "cycle": "year"},
        {"base": 5, "streaks": [{"days": 0, "points": 1}]},
        {"base": 5, "streaks": [{"days": 3, "points": 1}, {"days": 3, "points": 2}]},
        {"base": 5, "streaks": [{"days": 3}]},
        {"base": 5, "specials": [{"on": "02-30", "name": "无", "points": 1}]},
        {"base": 5, "specials": [{"on": "01-01", "points": 1}]},
        {"base": 5, "make_up": {"days_back": 8}},
        {"base": 10**9},
    ],
)
def test_rules_that_cannot_be_are_refused(rules: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        parse(rules)


@given(
    st.sampled_from(["none", "week", "month", 2, 7, 30]),
    st.dates(date(2026, 1, 1), date(2028, 12, 31)),
    st.integers(1, 400),
)
def test_a_cycle_never_counts_days_outside_itself(cycle: Any, day: date, streak: int) -> None:
    rules = CheckInRules(base=5, cycle=cycle)
    start, now = rules.cycle_start(day, streak), rules.in_cycle(day, streak)
    assert 1 <= now <= streak
    assert start <= day - timedelta(days=now - 1)
    assert rules.total_start(day, streak) <= day < rules.total_end(day, streak)
    if cycle == "week":
        assert start.weekday() == 0
        assert now <= 7
    if isinstance(cycle, int):
        assert now <= cycle


def test_only_whoever_asked_follows_and_has_not_checked_in_is_reminded(sqlite: Database) -> None:
    def work(session: Session) -> list[object]:
        open_programme(session)
        openids = [f"oRemind{n:021d}" for n in range(5)]
        members = [join(session, openid) for openid in openids]
        for openid in openids:
            followers.follow(session, openid, NOON)
        for member in members[:4]:
            checkin_reminders.choose(session, member, True, NOON)
        checkins.check_in(session, members[1], NOON, POLICY)
        followers.unfollow(session, openids[2], NOON + timedelta(minutes=1))
        checkin_reminders.choose(session, members[3], False, NOON)
        due = checkin_reminders.due(session, 0, NOON)
        first = checkin_reminders.remind(session, due, NOON)
        again = checkin_reminders.remind(session, due, NOON + timedelta(hours=1))
        tomorrow = checkin_reminders.remind(session, due, NOON + timedelta(days=1))
        return [due == [members[0]], first == due, again, tomorrow == due]

    assert sqlite.transaction(work) == [True, True, [], True]
