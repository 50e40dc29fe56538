"""Check-ins: the button, the month on a calendar, and rewards that wait."""

import calendar
import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from flask import Blueprint, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from kernel.clock import business_day
from kernel.refusals import NotFound, Refused
from loyalty import (
    checkin_calendar,
    checkin_programmes,
    checkin_reminders,
    checkin_rewards,
    checkins,
    gifts,
    make_ups,
    members,
    tiers,
)
from loyalty.checkin_calendar import Month
from loyalty.checkin_rules import CheckInRules
from loyalty.gifts import Gift
from web.guards import member_required
from web.site.home import Standing, standing
from web.site.messages import tell, tell_refused
from web.site.paths import ID
from web.wiring import now, read, transaction, wiring

bp = Blueprint("check_ins", __name__, url_prefix="/check-ins")

_MONTH = re.compile(r"(20\d\d)-(0[1-9]|1[0-2])", re.ASCII)


@dataclass(frozen=True)
class Sheet:
    """Everything the page shows; without a programme there are no rules."""

    has: Standing
    month: Month
    rules: CheckInRules | None
    today_points: int
    ahead: tuple[int, str] | None
    waiting: list[tuple[int, str, str, datetime | None]]
    milestones: list[tuple[str, str]]
    make_ups_left: int = 0


@bp.get("")
@member_required
def show() -> ResponseReturnValue:
    """The month, today's by default."""
    member_id, at = g.member_id, now()
    first = _month(request.args.get("month"), business_day(at))
    sheet = read(lambda db: _sheet(db, member_id, first, at))
    return render_template(
        "site/check_ins/month.html",
        sheet=sheet,
        today=business_day(at),
        first=first,
        weeks=calendar.Calendar().monthdatescalendar(first.year, first.month),
        days={day.on: day for day in sheet.month.days},
        before=(first - timedelta(days=1)).replace(day=1),
        after=(first + timedelta(days=31)).replace(day=1),
        joined=business_day(g.member.registered_at),
        wants_reminder=g.member.wants_check_in_reminder,
    )


def _sheet(session: Session, member_id: int, first: date, at: datetime) -> Sheet:
    today, has = business_day(at), standing(session, member_id, at)
    month = checkin_calendar.month_of(session, member_id, first, at)
    waiting = [
        (row.id, row.name, gifts.describe(session, Gift.from_json(row.gift)), row.claim_until)
        for row in checkin_rewards.claimable(session, member_id, at)
    ]
    try:
        rules = checkin_programmes.in_force(session, today).rules
    except checkin_programmes.NoCheckInProgramme:
        return Sheet(has, month, None, 0, None, waiting, [])
    ahead = rules.next_milestone(today, has.streak) if has.streak else None
    used = make_ups.used_this_month(session, member_id, today)
    return Sheet(
        has=has,
        month=month,
        rules=rules,
        today_points=_today_points(session, member_id, rules, today, has.streak + 1),
        ahead=None if ahead is None else (ahead[0], gifts.describe(session, ahead[1].gift)),
        waiting=waiting,
        milestones=_milestones(session, rules),
        make_ups_left=max(0, rules.make_up.a_month - used),
    )


def _today_points(
    session: Session, member_id: int, rules: CheckInRules, today: date, streak: int
) -> int:
    multiplier = tiers.multiplier_of(session, member_id)
    credits = checkins.daily_credits(rules, member_id, today, streak, multiplier)
    return sum(credit.points for credit in credits)


def _milestones(session: Session, rules: CheckInRules) -> list[tuple[str, str]]:
    lines = [(f"连续第 {one.days} 天", gifts.describe(session, one.gift)) for one in rules.streaks]
    lines += [(f"累计 {one.days} 天", gifts.describe(session, one.gift)) for one in rules.totals]
    return lines + [(one.name, gifts.describe(session, one.gift)) for one in rules.specials]


@bp.post("")
@member_required
def create() -> ResponseReturnValue:
    """Check in today; a second time says so and changes nothing."""
    member_id, openid, at, policy = g.member_id, g.openid, now(), wiring().policy
    try:
        done = transaction(lambda db: checkins.check_in(db, member_id, at, policy, openid))
    except Refused as refused:
        tell_refused(refused)
    else:
        phrase = "site_checked_in_extra" if done.extra else "site_checked_in"
        tell(phrase, points=done.points + done.extra, extra=done.extra, streak=done.streak)
    return redirect(url_for("site.check_ins.show"))


@bp.post(f"/rewards/<{ID}:reward_id>")
@member_required
def claim_reward(reward_id: int) -> ResponseReturnValue:
    """Take a reward that waits."""
    member_id, at, policy = g.member_id, now(), wiring().policy

    def work(session: Session) -> str:
        members.refuse_blocked(session, member_id)
        given = checkin_rewards.claim(session, reward_id, member_id, at, policy)
        return gifts.describe(session, given.gift)

    try:
        gift = transaction(work)
    except Refused as refused:
        tell_refused(refused)
    else:
        tell("site_reward_claimed", gift=gift)
    return redirect(url_for("site.check_ins.show"))


@bp.post("/reminder")
@member_required
def choose_reminder() -> ResponseReturnValue:
    """Ask to be reminded each day, or no longer."""
    member_id, at = g.member_id, now()
    wanted = request.form.get("wanted") == "yes"
    transaction(lambda db: checkin_reminders.choose(db, member_id, wanted, at))
    tell("site_reminder_on" if wanted else "site_reminder_off")
    return redirect(url_for("site.check_ins.show"))


def _month(asked: str | None, today: date) -> date:
    this_month = today.replace(day=1)
    if asked is None:
        return this_month
    match = _MONTH.fullmatch(asked)
    if not match or date(int(match[1]), int(match[2]), 1) > this_month:
        raise NotFound
    return date(int(match[1]), int(match[2]), 1)
