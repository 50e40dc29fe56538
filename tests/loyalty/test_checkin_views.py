"""What is shown of check-ins: versions, the calendar, conditions, waiting rewards, reminders."""

from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from kernel.activity import Activity
from kernel.clock import SHANGHAI
from kernel.db import Database
from kernel.refusals import Invalid, NotFound
from loyalty import (
    amnesties,
    checkin_calendar,
    checkin_programmes,
    checkin_reminders,
    checkin_rewards,
    checkins,
    followers,
)
from loyalty.checkin_programmes import NewProgramme
from loyalty.gifts import Gift
from loyalty.ledger import PointsAccount
from loyalty.members import Member
from loyalty.notices import Notice
from tests.loyalty.desk import hire
from tests.loyalty.people import PLAIN, POLICY, join, open_programme
from tests.world import NOON

DAY = timedelta(days=1)
TODAY = date(2026, 11, 20)
TOO_SHORT = "结束日期应晚于开始日期"


def test_versions_are_listed_and_end_one_by_one(sqlite: Database) -> None:
    def work(session: Session) -> None:
        first = open_programme(session)
        made = [
            checkin_programmes.publish(
                session, NewProgramme(f"v{n}", "新", TODAY + n * DAY, {"base": n}), NOON, 7
            )
            for n in (1, 2)
        ]
        for ends_on in (TODAY, TODAY - DAY):
            with pytest.raises(Invalid) as refused:
                checkin_programmes.end(session, first, ends_on, NOON)
            assert refused.value.facts == {"field": "ends_on", "reason": "最早从明天起结束"}
        with pytest.raises(NotFound):
            checkin_programmes.end(session, made[1].id, TODAY + 2 * DAY, NOON)
        checkin_programmes.end(session, first, TODAY + DAY, NOON)
        session.expire_all()
        rows = checkin_programmes.every(session)
        assert [row.id for row in rows] == [made[1].id, made[0].id, first]
        ends = [row.ends_on for row in rows]
        assert ends == [checkin_programmes.FOR_EVER] * 2 + [TODAY + DAY]
        assert [row.operator_id for row in rows] == [7, 7, None]

    sqlite.transaction(work)


@pytest.mark.parametrize(
    ("new", "field", "reason"),
    [
        (NewProgramme("v", "", TODAY, {"base": 1}), "starts_on", "新规则最早从明天开始"),
        (NewProgramme("v", "", TODAY + DAY, {"base": 1}, TODAY + DAY), "ends_on", TOO_SHORT),
        (NewProgramme("one", "", TODAY + DAY, {"base": 1}), "code", "编号已被使用"),
    ],
)  # fmt: skip
def test_a_version_that_cannot_be_says_why(
    sqlite: Database, new: NewProgramme, field: str, reason: str
) -> None:
    def work(session: Session) -> None:
        checkin_programmes.publish(session, NewProgramme("one", "", TODAY, {"base": 1}), NOON)
        with pytest.raises(Invalid) as refused:
            checkin_programmes.publish(session, new, NOON)
        assert refused.value.facts == {"field": field, "reason": reason}

    sqlite.transaction(work)


def test_the_calendar_of_a_month(sqlite: Database) -> None:
    rules = {**PLAIN, "specials": [{"on": "11-25", "name": "感恩节", "points": 9}]}

    def work(session: Session) -> None:
        member = join(session)
        open_programme(session, rules)
        for back in (1, 0):
            checkins.check_in(session, member, NOON - back * DAY, POLICY)
        month = checkin_calendar.month_of(session, member, date(2026, 11, 1), NOON)
        assert (month.first, len(month.days)) == (date(2026, 11, 1), 30)
        days = {day.on.day: day for day in month.days}
        assert [days[n].points for n in (18, 19, 20, 21)] == [0, 5, 6, 0]
        assert {day.special for day in month.days} == {"", "感恩节"}
        assert [n for n in days if days[n].is_ahead] == list(range(21, 31))
        assert [n for n in days if days[n].is_today] == [20]
        december = checkin_calendar.month_of(session, member, date(2026, 12, 1), NOON)
        assert [len(december.days), december.total] == [31, 0]

    sqlite.transaction(work)


def test_without_a_programme_the_calendar_is_still_shown(sqlite: Database) -> None:
    def work(session: Session) -> checkin_calendar.Month:
        return checkin_calendar.month_of(session, join(session), date(2026, 2, 1), NOON)

    month = sqlite.transaction(work)
    assert len(month.days) == 28
    assert not any(day.special or day.can_make_up for day in month.days)


def test_what_keeps_a_member_from_checking_in(sqlite: Database) -> None:
    def shown(session: Session, member: int) -> list[tuple[bool, str, str]]:
        found = checkins.conditions(session, member, NOON)
        return [(one.met, one.value, one.refusal.code) for one in found]

    def work(session: Session) -> None:
        member, other = join(session), join(session)
        today = "11-20"
        assert shown(session, member)[1] == (False, today, "no_check_in_programme")
        open_programme(session)
        checkins.check_in(session, other, NOON, POLICY)
        checkins.check_in(session, member, NOON - DAY, POLICY)
        assert shown(session, member) == [
            (True, "正常", "member_blocked"),
            (True, today, "no_check_in_programme"),
            (True, "未签到", "already_checked_in"),
        ]
        checkins.check_in(session, member, NOON, POLICY)
        done = checkins.conditions(session, member, NOON)[2]
        assert (done.met, done.value) == (False, "已签到")
        assert done.refusal.facts == {"streak": 2, "points": 6}
        session.execute(update(Member).where(Member.id == member).values(state="blocked"))
        assert shown(session, member)[0] == (False, "已暂停", "member_blocked")

    sqlite.transaction(work)


def test_a_second_check_in_says_ones_own_day(sqlite: Database) -> None:
    def work(session: Session) -> None:
        open_programme(session)
        other, member = join(session), join(session)
        for back in (1, 0):
            checkins.check_in(session, other, NOON - back * DAY, POLICY)
        checkins.check_in(session, member, NOON, POLICY)
        with pytest.raises(checkins.AlreadyCheckedIn) as refused:
            checkins.check_in(session, member, NOON, POLICY)
        assert refused.value.facts == {"streak": 1, "points": 5}

    sqlite.transaction(work)


def test_a_reward_that_waits_is_ones_own_and_taken_once(sqlite: Database) -> None:
    rules = {"base": 5, "claimable": True, "streaks": [{"days": 1, "points": 7}]}

    def work(session: Session) -> None:
        open_programme(session, rules)
        member, other = join(session), join(session)
        for one in (member, other):
            checkins.check_in(session, one, NOON, POLICY)
        [reward] = checkin_rewards.claimable(session, member, NOON)
        for thief, number in ((other, reward.id), (member, 999_999)):
            with pytest.raises(NotFound):
                checkin_rewards.claim(session, number, thief, NOON, POLICY)
        given = checkin_rewards.claim(session, reward.id, member, NOON, POLICY)
        assert (given.name, given.gift, given.missed) == ("连签 1 天", Gift(7), ())
        assert not given.waits
        assert checkin_rewards.claimable(session, member, NOON) == []
        with pytest.raises(checkin_rewards.RewardNotClaimable) as refused:
            checkin_rewards.claim(session, reward.id, member, NOON, POLICY)
        assert refused.value.facts == {"state": "given"}
        told = session.scalars(select(Activity).where(Activity.kind == "check_in.reward")).one()
        assert (told.member_id, told.facts) == (member, {"reward_id": reward.id})

    sqlite.transaction(work)


def test_a_bridged_day_neither_counts_nor_breaks_the_streaks_after_it(sqlite: Database) -> None:
    """The days after are written anew: the protected one adds nothing, and others' stay."""
    first = datetime(2026, 11, 17, 12, tzinfo=SHANGHAI)

    def work(session: Session) -> None:
        member, other = join(session), join(session)
        session.execute(update(Member).values(registered_at=first - 9 * DAY))
        open_programme(session)
        for days in (0, 2, 3):
            checkins.check_in(session, member, first + days * DAY, POLICY)
        before = session.get_one(PointsAccount, other).streak_version
        made = amnesties.declare(session, date(2026, 11, 18), "系统维护", hire(session), NOON)
        while amnesties.run_page(session, made.id, NOON):
            pass
        session.expire_all()
        month = checkin_calendar.month_of(session, member, date(2026, 11, 1), NOON)
        assert (month.streak, month.total) == (3, 3)
        assert [day.kind for day in month.days[16:20]] == ["daily", "amnesty", "daily", "daily"]
        assert session.get_one(PointsAccount, member).streak_version > before
        assert session.get_one(PointsAccount, other).streak_version == before

    sqlite.transaction(work)


def test_an_amnesty_counts_whom_it_protects_and_ends_once(sqlite: Database) -> None:
    """Pages of one, another outage and somebody without a streak beside it."""
    since = datetime(2026, 11, 16, 12, tzinfo=SHANGHAI)

    def work(session: Session) -> None:
        open_programme(session)
        members = [join(session) for _ in range(3)]
        session.execute(update(Member).values(registered_at=since - 9 * DAY))
        for member in members[:2]:
            checkins.check_in(session, member, since + DAY, POLICY)
        checkins.check_in(session, members[2], since, POLICY)
        day, operator = date(2026, 11, 18), hire(session)
        made = amnesties.declare(session, day, "系统维护", operator, NOON)
        assert amnesties.preview(session, date(2026, 11, 15), NOON).longest_streak == 0
        ran = [amnesties.run_page(session, made.id, NOON + n * DAY, 1) for n in range(4)]
        assert ran == [True, True, False, False]
        assert (made.members, made.finished_at) == (2, NOON + 2 * DAY)
        versions = [session.get_one(PointsAccount, one).streak_version for one in members]
        assert [version > 0 for version in versions] == [True, True, False]
        with pytest.raises(NotFound):
            amnesties.run_page(session, 999_999, NOON)

    sqlite.transaction(work)


@pytest.mark.parametrize(
    ("day", "why", "facts"),
    [
        (TODAY, "x", {"field": "day", "reason": "只能保护过去 31 天内的日子"}),
        (TODAY - 32 * DAY, "x", {"field": "day", "reason": "只能保护过去 31 天内的日子"}),
        (TODAY - DAY, " ", {"field": "reason", "reason": "请填写原因（60 字以内）"}),
        (TODAY - DAY, "长" * 61, {"field": "reason", "reason": "请填写原因（60 字以内）"}),
    ],
)
def test_it_is_said_what_an_amnesty_lacks(
    sqlite: Database, day: date, why: str, facts: dict[str, str]
) -> None:
    def work(session: Session) -> None:
        operator = hire(session)
        with pytest.raises(Invalid) as refused:
            amnesties.declare(session, day, why, operator, NOON)
        assert refused.value.facts == facts
        longest = amnesties.declare(session, TODAY - 31 * DAY, "长" * 60, operator, NOON)
        assert len(longest.reason) == 60

    sqlite.transaction(work)


def test_a_reminder_goes_to_active_followers_in_turn_and_says_its_day(sqlite: Database) -> None:
    def work(session: Session) -> None:
        open_programme(session)
        openids = [f"oTurn{n:021d}" for n in range(4)]
        members = [join(session, openid) for openid in openids]
        for openid, member in zip(openids, members, strict=True):
            followers.follow(session, openid, NOON)
            checkin_reminders.choose(session, member, True, NOON)
        checkin_reminders.choose(session, members[3], False, NOON)
        # Yesterday's check-in is no reason to stay silent today.
        checkins.check_in(session, members[0], NOON - DAY, POLICY)
        session.execute(update(Member).where(Member.id == members[1]).values(state="blocked"))
        assert checkin_reminders.due(session, 0, NOON) == [members[0], members[2]]
        assert checkin_reminders.due(session, 0, NOON, page=1) == [members[0]]
        assert checkin_reminders.due(session, members[0], NOON) == [members[2]]
        checkin_reminders.remind(session, [members[2]], NOON)
        notice = session.scalars(select(Notice)).one()
        assert (notice.member_id, notice.kind) == (members[2], "check_in_reminder")
        assert notice.facts == {"day": "2026-11-20"}
        told = session.scalars(
            select(Activity).where(Activity.kind.like("reminder.%")).order_by(Activity.id)
        ).all()
        assert [row.kind for row in told] == ["reminder.on"] * 4 + ["reminder.off"]
        assert [row.member_id for row in told] == [*members, members[3]]

    sqlite.transaction(work)
