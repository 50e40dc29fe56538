"""Check-ins: one a business day, worth more the longer the streak."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import bindparam, exists, func, select
from sqlalchemy.orm import Session

from kernel import activity
from kernel.clock import business_day
from kernel.db import insert_once
from kernel.hot import Hot
from kernel.refusals import Refused
from loyalty import (
    checkin_days,
    checkin_rewards,
    checkins_postgres,
    ledger,
    points,
    streaks,
    tiers,
)
from loyalty.checkin_days import CheckIn
from loyalty.checkin_programmes import CheckInProgramme, NoCheckInProgramme, rules_of
from loyalty.checkin_rewards import CheckInReward, Given, Moment
from loyalty.checkin_rules import CheckInRules
from loyalty.ledger import Movement, PointsAccount
from loyalty.members import Member, may_act, refuse_state
from loyalty.points import Credit
from loyalty.policy import Policy
from loyalty.reasons import Condition
from loyalty.tier_ladder import Tier


class AlreadyCheckedIn(Refused):
    """The member has checked in on that day; facts: `streak`, `points`."""

    code = "already_checked_in"


@dataclass(frozen=True)
class CheckedIn:
    """What a check-in brought: `points` of the day, and what milestones and dates added.

    `climbed_to` is the level of the tier that the member reached with it, if he did.
    """

    streak: int
    points: int
    balance: int
    rewards: tuple[Given, ...] = ()
    climbed_to: int | None = None

    @property
    def extra(self) -> int:
        """Points of milestones and dates that were paid at once."""
        return sum(reward.gift.points for reward in self.rewards if not reward.waits)


class _Facts(NamedTuple):
    state: str
    streak_version: int
    multiplier: int | None
    threshold: int | None
    programme: str | None
    before: int | None
    due: int
    followed: int


def check_in(
    session: Session, member_id: int, at: datetime, policy: Policy, openid: str | None = None
) -> CheckedIn:
    """Record the check-in of the business day of `at` and pay it.

    Raises AlreadyCheckedIn when the member has one for that day, NoCheckInProgramme,
    MemberBlocked.
    """
    day = business_day(at)
    facts = _facts(session, member_id, day)
    refuse_state(facts.state)
    if facts.programme is None:
        raise NoCheckInProgramme
    rules = rules_of(session, facts.programme)
    streak = (facts.before or 0) + 1
    credits = daily_credits(rules, member_id, day, streak, facts.multiplier or 100)
    gained = sum(credit.points for credit in credits)
    row = {
        "member_id": member_id, "day": day, "kind": "daily", "streak": streak, "points": gained,
        "cost": 0, "created_at": at,
    }  # fmt: skip
    version, expires_at = facts.streak_version, policy.expiry.of(at)
    extras = {"openid": openid, "expires_at": expires_at, "streak_version": version}
    account = _write(session, row, credits, extras)
    if account is None:
        raise _standing(session, member_id, day)
    if facts.followed:
        streaks.rebuild(session, member_id, day, at)
    total = _total(session, member_id, rules, day, streak)
    when = Moment(day, at, streak, facts.multiplier or 100, total, bool(facts.due))
    rewards = checkin_rewards.grant(session, member_id, rules, when, policy)
    climbed = None
    if rewards or (facts.threshold is not None and account.qualified >= facts.threshold):
        climbed = tiers.climb(session, member_id, at, policy)
    balance = points.balance_of(session, member_id) if rewards or climbed else account.balance
    return CheckedIn(streak, gained, balance, rewards, climbed)


def _total(session: Session, member_id: int, rules: CheckInRules, day: date, streak: int) -> int:
    if not rules.totals:
        return 0
    start = rules.total_start(day, streak)
    return checkin_days.total_of(session, member_id, start, day + timedelta(days=1))


def conditions(session: Session, member_id: int, at: datetime) -> list[Condition]:
    """Whether the member can check in today, and why not."""
    day = business_day(at)
    facts = _facts(session, member_id, day)
    there = checkin_days.days_of(session, member_id, day, day + timedelta(days=1)).get(day)
    done = AlreadyCheckedIn(
        streak=there.streak if there else 0, points=there.points if there else 0
    )
    return [
        may_act(facts.state),
        Condition(
            "签到活动进行中", facts.programme is not None, f"{day:%m-%d}", NoCheckInProgramme()
        ),
        Condition("今天还没有签到", there is None, "已签到" if there else "未签到", done),
    ]


def daily_credits(
    rules: CheckInRules, member_id: int, day: date, streak: int, multiplier: int
) -> list[Credit]:
    """The entries of a day itself: the base, and the increase of the streak."""
    percent = multiplier if rules.multiplied else 100
    base = rules.base * percent // 100
    step = rules.steps(rules.in_cycle(day, streak)) * percent // 100
    credits = [Credit(max(base, 1), f"check-in:{member_id}:{day}", "每日签到")]
    if step:
        credits.append(Credit(step, f"check-in-step:{member_id}:{day}", "连签递增"))
    return credits


def _facts(session: Session, member_id: int, day: date) -> _Facts:
    if session.connection().dialect.name != "postgresql":
        # The streak is read under the lock; PostgreSQL compares `streak_version` instead.
        ledger.hold(session, member_id)
    a_day = timedelta(days=1)
    days = {"yesterday": day - a_day, "today": day, "tomorrow": day + a_day}
    found = _FACTS.run(session, {"owner": member_id, **days}).first()
    assert found is not None, "no such member, or one without a points account"
    return _Facts(*found)


def _write(
    session: Session, row: dict[str, Any], credits: list[Credit], extras: dict[str, Any]
) -> ledger.Account | None:
    """Write the rows of one check-in; the new account, or None when the day has one already."""
    member_id, at = row["member_id"], row["created_at"]
    if session.connection().dialect.name == "postgresql":
        account = checkins_postgres.write(session, row, credits, extras)
        return account and points.repay(session, member_id, account, at)
    if not insert_once(session, CheckIn, row, "member_id,day"):
        return None
    like = Movement("earn", 0, "", "", at)
    account = points.book(session, member_id, credits, like, extras["expires_at"])
    gained = {"streak": row["streak"], "points": row["points"]}
    activity.record(session, "check_in", at, who=(extras["openid"], member_id), **gained)
    return account


def _standing(session: Session, member_id: int, day: date) -> AlreadyCheckedIn:
    row = session.execute(
        select(CheckIn.streak, CheckIn.points).where(
            CheckIn.member_id == member_id, CheckIn.day == day
        )
    ).one()
    return AlreadyCheckedIn(streak=row.streak, points=row.points)


_in_force = (
    select(CheckInProgramme.digest)
    .where(
        CheckInProgramme.starts_on <= bindparam("today"),
        CheckInProgramme.ends_on > bindparam("today"),
    )
    .order_by(CheckInProgramme.id.desc())
    .limit(1)
    .scalar_subquery()
)
_next_threshold = (
    select(func.min(Tier.threshold))
    .where(Tier.level > Member.tier_level, Tier.active.is_(True))
    .correlate(Member)
    .scalar_subquery()
)
_yesterday = (
    select(CheckIn.streak)
    .where(CheckIn.member_id == bindparam("owner"), CheckIn.day == bindparam("yesterday"))
    .scalar_subquery()
)
_due = exists().where(CheckInReward.member_id == bindparam("owner"), CheckInReward.state == "due")
# A clock that went back over midnight leaves the next day written before this one.
_followed = exists().where(
    CheckIn.member_id == bindparam("owner"), CheckIn.day == bindparam("tomorrow")
)
_FACTS = Hot(
    select(
        Member.state,
        PointsAccount.streak_version,
        Tier.multiplier_percent,
        _next_threshold,
        _in_force,
        _yesterday,
        _due,
        _followed,
    )
    .select_from(Member)
    .join(PointsAccount, PointsAccount.member_id == Member.id)
    .outerjoin(Tier, (Tier.level == Member.tier_level) & Tier.active.is_(True))
    .where(Member.id == bindparam("owner"))
)
