"""Make-ups and amnesties: gaps closed by a price or by an operator, streaks rebuilt exactly."""

from datetime import date, datetime
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from kernel.clock import SHANGHAI
from kernel.db import Database
from kernel.refusals import Invalid
from loyalty import (
    amnesties,
    checkin_calendar,
    checkin_days,
    checkin_rewards,
    checkins,
    make_ups,
    points,
)
from loyalty.checkin_days import CheckIn
from loyalty.checkins import AlreadyCheckedIn
from loyalty.make_ups import DayNotOpen, NoMakeUpsLeft
from loyalty.members import Member
from loyalty.points import Credit, NotEnoughPoints
from tests.loyalty.books import breaches
from tests.loyalty.desk import hire
from tests.loyalty.people import NEXT_YEAR, PLAIN, POLICY, join, open_programme
from tests.world import NOON


def at(day: int) -> datetime:
    """Noon of a day of that November."""
    return datetime(2026, 11, day, 12, tzinfo=SHANGHAI)


def arrive(session: Session, points_now: int = 100, rules: dict[str, Any] | None = None) -> int:
    """A member since the first of the month who has some points, and a programme."""
    member = join(session)
    since = at(1)
    session.execute(update(Member).where(Member.id == member).values(registered_at=since))
    if points_now:
        points.earn(session, member, [Credit(points_now, f"start:{member}", "")], at(1), NEXT_YEAR)
    open_programme(session, rules)
    return member


def streaks(database: Database) -> list[tuple[int, int, str]]:
    """(day of the month, streak, kind) of every check-in, by day."""
    rows = database.read(lambda s: s.scalars(select(CheckIn).order_by(CheckIn.day)).all())
    return [(row.day.day, row.streak, row.kind) for row in rows]


def check_in_on(session: Session, member: int, *days: int) -> list[checkins.CheckedIn]:
    """Check-ins at noon of those days."""
    return [checkins.check_in(session, member, at(day), POLICY) for day in days]


def test_a_made_up_day_closes_the_gap_and_costs_its_price(database: Database) -> None:
    def work(session: Session) -> tuple[make_ups.MadeUp, int]:
        member = arrive(session)
        check_in_on(session, member, 15, 16, 18, 19)
        before = points.balance_of(session, member)
        done = make_ups.make_up(session, member, date(2026, 11, 17), NOON, POLICY)
        return done, done.balance - before

    done, change = database.transaction(work)
    assert (done.streak, done.points, done.cost, change) == (5, 5, 20, -15)
    assert streaks(database) == [
        (15, 1, "daily"), (16, 2, "daily"), (17, 3, "make_up"), (18, 4, "daily"), (19, 5, "daily"),
    ]  # fmt: skip
    assert breaches(database) == {}


def test_what_a_rebuilt_streak_reaches_comes_with_the_next_check_in(database: Database) -> None:
    def work(session: Session) -> list[list[tuple[str, int]]]:
        member = arrive(session)
        check_in_on(session, member, 17, 19)
        make_ups.make_up(session, member, date(2026, 11, 18), NOON, POLICY)
        done = check_in_on(session, member, 20, 21)
        return [[(one.name, one.gift.points) for one in day.rewards] for day in done]

    assert database.transaction(work) == [[("连签 3 天", 20)], []]
    assert breaches(database, at(21)) == {}


def test_totals_count_made_up_days_and_pay_once(sqlite: Database) -> None:
    rules = {"base": 5, "cycle": "month", "totals": [{"days": 4, "points": 30}]}

    def work(session: Session) -> list[int]:
        member = arrive(session, rules=rules)
        check_in_on(session, member, 10, 14, 19)
        make_ups.make_up(session, member, date(2026, 11, 16), NOON, POLICY)
        return [day.extra for day in check_in_on(session, member, 20, 21)]

    assert sqlite.transaction(work) == [30, 0]
    assert breaches(sqlite, at(21)) == {}


@pytest.mark.parametrize(
    ("day", "refusal"),
    [
        (date(2026, 11, 20), DayNotOpen),  # today is checked in, not made up
        (date(2026, 11, 21), DayNotOpen),  # a peer let people sign the future
        (date(2026, 11, 12), DayNotOpen),  # eight days back
        (date(2026, 11, 19), AlreadyCheckedIn),
    ],
)
def test_only_missed_days_of_the_last_week(
    sqlite: Database, day: date, refusal: type[Exception]
) -> None:
    def work(session: Session) -> None:
        member = arrive(session)
        check_in_on(session, member, 19)
        with pytest.raises(refusal):
            make_ups.make_up(session, member, day, NOON, POLICY)

    sqlite.transaction(work)
    assert breaches(sqlite) == {}


def test_the_earliest_day_is_a_week_back_but_not_before_joining(sqlite: Database) -> None:
    def work(session: Session) -> list[list[int]]:
        old, new = arrive(session), join(session)
        joined = {"registered_at": datetime(2026, 11, 17, 23, 59, tzinfo=SHANGHAI)}
        session.execute(update(Member).where(Member.id == new).values(**joined))
        points.earn(session, new, [Credit(50, "start", "")], at(18), NEXT_YEAR)
        open_days = [make_ups.open_days(session, one, NOON) for one in (old, new)]
        make_ups.make_up(session, new, date(2026, 11, 17), NOON, POLICY)
        with pytest.raises(DayNotOpen):
            make_ups.make_up(session, new, date(2026, 11, 16), NOON, POLICY)
        return [[day.day for day in days] for days in open_days]

    assert sqlite.transaction(work) == [[19, 18, 17, 16, 15, 14, 13], [19, 18, 17]]


def test_three_a_month_and_a_new_month_begins_anew(sqlite: Database) -> None:
    first_of_december = datetime(2026, 12, 1, 0, 0, 1, tzinfo=SHANGHAI)

    def work(session: Session) -> dict[str, object]:
        member = arrive(session, 500)
        last = at(30)
        for day in (29, 28, 27):
            make_ups.make_up(session, member, date(2026, 11, day), last, POLICY)
        with pytest.raises(NoMakeUpsLeft) as refused:
            make_ups.make_up(session, member, date(2026, 11, 26), last, POLICY)
        assert make_ups.open_days(session, member, last) == []
        make_ups.make_up(session, member, date(2026, 11, 26), first_of_december, POLICY)
        return refused.value.facts

    assert sqlite.transaction(work) == {"a_month": 3}
    assert breaches(sqlite, first_of_december) == {}


def test_who_cannot_pay_makes_nothing_up(database: Database) -> None:
    def work(session: Session) -> None:
        member = arrive(session, 0)
        check_in_on(session, member, 18)
        with pytest.raises(NotEnoughPoints) as refused:
            make_ups.make_up(session, member, date(2026, 11, 19), NOON, POLICY)
        assert refused.value.facts == {"balance": 5, "price": 20}

    database.transaction(work)
    assert streaks(database) == [(18, 1, "daily")]


def test_the_conditions_say_each_why_with_the_value(sqlite: Database) -> None:
    def work(session: Session) -> list[tuple[str, bool, str]]:
        member = arrive(session, 7)
        day = date(2026, 11, 19)
        found = make_ups.conditions(session, member, day, NOON, 7)
        return [(one.title, one.met, one.value) for one in found]

    assert sqlite.transaction(work) == [
        ("会员状态正常", True, "正常"),
        ("可补 11-13 至 11-19 漏签的日子", True, "11-19"),
        ("当天没有签到", True, "未签到"),
        ("每月最多补签 3 次", True, "本月已补 0 次"),
        ("需要 20 积分", False, "现有 7 积分"),
    ]


def test_an_amnesty_keeps_streaks_and_is_run_in_pages(database: Database) -> None:
    """The outage of the 18th: one checked in again after it, one did not, one came since."""

    def prepare(session: Session) -> list[int]:
        members = [arrive(session, 0, PLAIN) if not n else join(session) for n in range(4)]
        for member in members[:3]:
            check_in_on(session, member, 16, 17)
        check_in_on(session, members[0], 19)
        check_in_on(session, members[2], 18, 19)
        check_in_on(session, members[3], 19)
        return members

    members = database.transaction(prepare)
    day = date(2026, 11, 18)
    seen = database.read(lambda session: amnesties.preview(session, day, NOON))
    assert (seen.members, seen.joined_again, seen.longest_streak) == (2, 1, 2)
    amnesty = database.transaction(
        lambda session: amnesties.declare(session, day, "系统维护", hire(session), NOON).id
    )
    pages = 0
    while database.transaction(lambda session: amnesties.run_page(session, amnesty, NOON, 1)):
        pages += 1
    assert pages == 2

    def now(session: Session) -> list[int]:
        return [checkin_days.current_streak(session, one, date(2026, 11, 19)) for one in members]

    assert database.read(now) == [3, 2, 4, 1]
    done = database.transaction(lambda session: check_in_on(session, members[0], 20))
    assert [(one.name, one.gift.points) for one in done[0].rewards] == [("连签 3 天", 20)]
    assert breaches(database) == {}


@pytest.mark.parametrize("day", [date(2026, 11, 20), date(2026, 11, 21), date(2026, 10, 19)])
def test_only_past_days_not_long_gone_get_an_amnesty(sqlite: Database, day: date) -> None:
    with pytest.raises(Invalid):
        sqlite.read(lambda session: amnesties.preview(session, day, NOON))


def test_a_second_amnesty_of_a_day_is_the_first(sqlite: Database) -> None:
    def work(session: Session) -> bool:
        day = date(2026, 11, 18)
        first = amnesties.declare(session, day, "系统维护", hire(session), NOON)
        return amnesties.declare(session, day, "再来一次", hire(session), NOON).id == first.id

    assert sqlite.transaction(work)


def test_the_calendar_shows_each_day_as_it_was_and_could_be(sqlite: Database) -> None:
    rules = {**PLAIN, "specials": [{"on": "11-25", "name": "感恩节", "points": 9}]}

    def work(session: Session) -> checkin_calendar.Month:
        member = arrive(session, rules=rules)
        check_in_on(session, member, 17, 19)
        make_ups.make_up(session, member, date(2026, 11, 18), NOON, POLICY)
        return checkin_calendar.month_of(session, member, date(2026, 11, 1), NOON)

    month = sqlite.transaction(work)
    days = {day.on.day: day for day in month.days}
    assert (len(days), month.streak, month.total) == (30, 3, 3)
    assert [days[n].kind for n in (16, 17, 18, 19, 20)] == ["", "daily", "make_up", "daily", ""]
    assert [n for n in days if days[n].can_make_up] == [13, 14, 15, 16]
    assert (days[25].special, days[20].is_today, days[21].is_ahead) == ("感恩节", True, True)


def test_rewards_can_wait_for_the_members_own_hand(database: Database) -> None:
    rules = {**PLAIN, "claimable": True, "claim_days": 2}

    def work(session: Session) -> tuple[object, ...]:
        member = arrive(session, 0, rules)
        done = check_in_on(session, member, 18, 19, 20)
        waits = checkin_rewards.claimable(session, member, at(20))
        before = points.balance_of(session, member)
        checkin_rewards.claim(session, waits[0].id, member, at(21), POLICY)
        after = points.balance_of(session, member)
        with pytest.raises(checkin_rewards.RewardNotClaimable):
            checkin_rewards.claim(session, waits[0].id, member, at(21), POLICY)
        return done[2].rewards[0].waits, done[2].extra, before, after

    assert database.transaction(work) == (True, 0, 18, 38)
    assert breaches(database, at(21)) == {}


def test_a_reward_that_nobody_took_in_time_is_gone(sqlite: Database) -> None:
    rules = {**PLAIN, "claimable": True, "claim_days": 2}

    def work(session: Session) -> list[int]:
        member = arrive(session, 0, rules)
        check_in_on(session, member, 18, 19, 20)
        waits = checkin_rewards.claimable(session, member, at(20))
        with pytest.raises(checkin_rewards.RewardNotClaimable) as refused:
            checkin_rewards.claim(session, waits[0].id, member, at(22), POLICY)
        assert refused.value.facts == {"state": "expired"}
        return [len(waits), len(checkin_rewards.claimable(session, member, at(22)))]

    assert sqlite.transaction(work) == [1, 0]
