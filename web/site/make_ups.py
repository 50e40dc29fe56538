"""Make-ups: a missed day bought with points, and why one cannot be."""

from datetime import date

from flask import Blueprint, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from kernel.clock import business_day
from kernel.refusals import NotFound, Refused
from loyalty import checkin_programmes, make_ups, why
from loyalty.checkins import AlreadyCheckedIn
from loyalty.reasons import Condition
from web.guards import member_required
from web.site.messages import tell, tell_refused
from web.wiring import now, read, transaction, wiring

bp = Blueprint("make_ups", __name__, url_prefix="/check-ins/make-ups")


@bp.get("/<day>")
@member_required
def show(day: str) -> ResponseReturnValue:
    """Whether this day can be made up, condition by condition."""
    member_id, at, asked = g.member_id, now(), _day(day)
    if not business_day(g.member.registered_at) <= asked < business_day(at):
        raise NotFound

    def work(session: Session) -> tuple[list[Condition], int]:
        stated = why.explain(session, why.MakeUp(asked), member_id, at, wiring().policy)
        rules = checkin_programmes.in_force(session, business_day(at)).rules
        return stated, rules.make_up.cost

    conditions, cost = read(work)
    return render_template(
        "site/check_ins/make_up.html", day=asked, conditions=conditions, cost=cost
    )


@bp.post("")
@member_required
def create() -> ResponseReturnValue:
    """Buy a missed day; a second time says so and costs nothing."""
    member_id, at, policy = g.member_id, now(), wiring().policy
    day = _day(request.form.get("day", ""))
    try:
        done = transaction(lambda db: make_ups.make_up(db, member_id, day, at, policy))
    except AlreadyCheckedIn:
        tell("site_made_up_before")
    except Refused as refused:
        tell_refused(refused)
    else:
        tell("site_made_up", day=f"{day.month} 月 {day.day} 日", streak=done.streak)
    return redirect(url_for("site.check_ins.show", month=_month_of(day)))


def _month_of(day: date) -> str | None:
    month = f"{day:%Y-%m}"
    return month if month != f"{business_day(now()):%Y-%m}" else None


def _day(asked: str) -> date:
    try:
        day = date.fromisoformat(asked)
    except ValueError:
        raise NotFound from None
    if day.isoformat() != asked or not 2020 <= day.year < 9999:
        raise NotFound
    return day
