"""Streaks written anew: what a day that comes late changes in the days after it."""

from datetime import date, datetime, timedelta

from sqlalchemy import update
from sqlalchemy.orm import Session

from kernel.clock import business_day
from loyalty import checkin_days, checkin_programmes, checkin_rewards, tiers
from loyalty.checkin_rewards import Moment
from loyalty.checkin_rules import CheckInRules
from loyalty.ledger import PointsAccount


def rebuild(session: Session, member_id: int, day: date, at: datetime) -> int:
    """Write the streaks after `day` anew, up to the first gap; the streak that results.

    What the longer streak reaches is owed with the next check-in. The caller holds the account.
    """
    session.execute(
        update(PointsAccount)
        .where(PointsAccount.member_id == member_id)
        .values(streak_version=PointsAccount.streak_version + 1)
        .execution_options(synchronize_session=False)
    )
    latest = max(day, business_day(at)) + timedelta(days=2)
    rows = checkin_days.days_of(session, member_id, day, latest)
    streak, multiplier = rows[day].streak, tiers.multiplier_of(session, member_id)
    on = day
    while on in rows:
        if on != day:
            streak += rows[on].kind != "amnesty"
            rows[on].streak = streak
        rules = checkin_programmes.in_force(session, on).rules
        # A total grows by one with the day itself, and with no other.
        total = _total_now(session, member_id, rules, (on, streak)) if on == day else 0
        when = Moment(on, at, streak, multiplier, total)
        checkin_rewards.owe(session, member_id, rules, when)
        on += timedelta(days=1)
    session.flush()
    return streak


def _total_now(
    session: Session, member_id: int, rules: CheckInRules, standing: tuple[date, int]
) -> int:
    if not rules.totals:
        return 0
    start, end = rules.total_start(*standing), rules.total_end(*standing)
    return checkin_days.total_of(session, member_id, start, end)
