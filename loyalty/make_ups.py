"""Make-ups: a missed day bought with points, which closes the gap in a streak."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from kernel import activity
from kernel.clock import business_day, day_start
from kernel.db import TryAgain, insert_once
from kernel.refusals import Refused
from loyalty import checkin_days, checkin_programmes, ledger, members, points, streaks
from loyalty.checkin_days import CheckIn
from loyalty.checkins import AlreadyCheckedIn
from loyalty.points import Credit, Debit, NotEnoughPoints
from loyalty.policy import Policy
from loyalty.reasons import Condition, enforce


class DayNotOpen(Refused):
    """Only missed days may be made up: past, not long past, not before one was a member.

    Facts: `earliest`, `latest`.
    """

    code = "day_not_open"


class NoMakeUpsLeft(Refused):
    """The month's make-ups are used; fact: `a_month`."""

    code = "no_make_ups_left"


@dataclass(frozen=True)
class MadeUp:
    """What a make-up did: the day's points, its cost, the streak that results."""

    points: int
    cost: int
    streak: int
    balance: int


def make_up(session: Session, member_id: int, day: date, at: datetime, policy: Policy) -> MadeUp:
    """Buy a missed day: pay its cost, earn its base, rebuild the streak after it.

    Raises what `conditions` hold: MemberBlocked, MemberEnded, DayNotOpen, AlreadyCheckedIn,
    NoMakeUpsLeft, NotEnoughPoints; and NoCheckInProgramme.
    """
    account = ledger.hold(session, member_id)  # check-ins and make-ups of a member queue here
    enforce(conditions(session, member_id, day, at, account.balance))
    rules = checkin_programmes.in_force(session, day).rules
    cost = checkin_programmes.in_force(session, business_day(at)).rules.make_up.cost
    if cost:
        debit = Debit(cost, f"make-up:{member_id}:{day}", f"补签 {day:%m-%d}")
        points.spend(session, member_id, debit, at)
    streak = checkin_days.streak_until(session, member_id, day - timedelta(days=1)) + 1
    row = {
        "member_id": member_id,
        "day": day,
        "kind": "make_up",
        "streak": streak,
        "points": rules.base,
        "cost": cost,
        "created_at": at,
    }
    if not insert_once(session, CheckIn, row, "member_id,day"):
        raise TryAgain  # the rules were read before somebody else's hand; look again
    credit = Credit(rules.base, f"check-in:{member_id}:{day}", f"补签 {day:%m-%d}")
    balance = points.earn(session, member_id, [credit], at, policy.expiry.of(at))
    ends = streaks.rebuild(session, member_id, day, at)
    activity.record(session, "make_up", at, who=(None, member_id), day=day.isoformat(), cost=cost)
    return MadeUp(rules.base, cost, ends, balance)


def conditions(
    session: Session, member_id: int, day: date, at: datetime, balance: int
) -> Sequence[Condition]:
    """Whether the member may make up that day, and why not."""
    member = members.get_by_id(session, member_id)
    today = business_day(at)
    rules = checkin_programmes.in_force(session, today).rules.make_up
    earliest = max(today - timedelta(days=rules.days_back), business_day(member.registered_at))
    latest = today - timedelta(days=1)
    used = used_this_month(session, member_id, today)
    there = checkin_days.days_of(session, member_id, day, day + timedelta(days=1)).get(day)
    standing = AlreadyCheckedIn(streak=there.streak, points=there.points) if there else None
    return (
        members.may_act(member.state),
        Condition(
            _window(earliest, latest),
            earliest <= day <= latest and _has_programme(session, day),
            f"{day:%m-%d}",
            DayNotOpen(earliest=f"{earliest:%m-%d}", latest=f"{latest:%m-%d}"),
        ),
        Condition(
            "当天没有签到",
            there is None,
            "已签到" if there else "未签到",
            standing or AlreadyCheckedIn(streak=0, points=0),
        ),
        Condition(
            f"每月最多补签 {rules.a_month} 次",
            used < rules.a_month,
            f"本月已补 {used} 次",
            NoMakeUpsLeft(a_month=rules.a_month),
        ),
        Condition(
            f"需要 {rules.cost} 积分",
            balance >= rules.cost,
            f"现有 {balance} 积分",
            NotEnoughPoints(balance=balance, price=rules.cost),
        ),
    )


def _window(earliest: date, latest: date) -> str:
    if earliest > latest:
        return "注册次日起可以补签"
    return f"可补 {earliest:%m-%d} 至 {latest:%m-%d} 漏签的日子"


def used_this_month(session: Session, member_id: int, today: date) -> int:
    """How many make-ups the member has bought since the first of the month."""
    first = today.replace(day=1)
    return (
        session.scalar(
            select(func.count()).where(
                CheckIn.member_id == member_id,
                CheckIn.day >= first - timedelta(days=31),
                CheckIn.kind == "make_up",
                CheckIn.created_at >= day_start(first),
            )
        )
        or 0
    )


def open_days(session: Session, member_id: int, at: datetime) -> list[date]:
    """The missed days that the member could still make up, the latest first."""
    today = business_day(at)
    rules = checkin_programmes.in_force(session, today).rules.make_up
    if used_this_month(session, member_id, today) >= rules.a_month:
        return []
    joined = business_day(members.get_by_id(session, member_id).registered_at)
    start = max(today - timedelta(days=rules.days_back), joined)
    done = checkin_days.days_of(session, member_id, start, today)
    days = [today - timedelta(days=n) for n in range(1, (today - start).days + 1)]
    return [day for day in days if day not in done and _has_programme(session, day)]


def _has_programme(session: Session, day: date) -> bool:
    try:
        checkin_programmes.in_force(session, day)
    except checkin_programmes.NoCheckInProgramme:
        return False
    return True
