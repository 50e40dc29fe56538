"""Check-ins: the button, the month on a calendar, and what the next days are worth."""

import calendar
import re
from datetime import date, timedelta

from flask import Blueprint, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from kernel.clock import business_day
from kernel.refusals import NotFound
from loyalty import checkins
from loyalty.checkins import AlreadyCheckedIn
from web.guards import member_required
from web.site.home import standing
from web.site.messages import tell, tell_refused
from web.wiring import now, read, transaction, wiring

bp = Blueprint("check_ins", __name__, url_prefix="/check-ins")

_MONTH = re.compile(r"(20\d\d)-(0[1-9]|1[0-2])", re.ASCII)


@bp.get("")
@member_required
def show() -> ResponseReturnValue:
    """The month, today's by default."""
    member_id, at = g.member_id, now()
    month = _month(request.args.get("month"), business_day(at))
    has = read(lambda db: standing(db, member_id, at))
    days = read(lambda db: checkins.days_of(db, member_id, month, _next_month(month)))
    return render_template(
        "site/check_ins/month.html",
        has=has,
        days=days,
        today=business_day(at),
        month=month,
        weeks=calendar.Calendar().monthdatescalendar(month.year, month.month),
        before=(month - timedelta(days=1)).replace(day=1),
        after=_next_month(month),
        rules=wiring().check_in_rules,
    )


@bp.post("")
@member_required
def create() -> ResponseReturnValue:
    """Check in today; a second time says so and changes nothing."""
    member_id, openid, at = g.member_id, g.openid, now()
    rules = wiring().check_in_rules
    try:
        done = transaction(lambda db: checkins.check_in(db, member_id, at, rules, openid))
    except AlreadyCheckedIn as refused:
        tell_refused(refused)
    else:
        phrase = "site_checked_in_extra" if done.extra else "site_checked_in"
        tell(phrase, points=done.points, extra=done.extra, streak=done.streak)
    return redirect(url_for("site.check_ins.show"))


def _month(asked: str | None, today: date) -> date:
    this_month = today.replace(day=1)
    if asked is None:
        return this_month
    match = _MONTH.fullmatch(asked)
    if not match or date(int(match[1]), int(match[2]), 1) > this_month:
        raise NotFound
    return date(int(match[1]), int(match[2]), 1)


def _next_month(month: date) -> date:
    return (month + timedelta(days=31)).replace(day=1)
