"""The member centre: who one is here, what one has, and where everything is."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import Blueprint, g, render_template
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from kernel.clock import business_day
from loyalty import checkins, coupons, points, staff
from promotions import campaigns
from promotions.campaigns import Campaign
from web.guards import member_required
from web.wiring import now, read

bp = Blueprint("home", __name__)


@dataclass(frozen=True)
class Standing:
    """What a member has at the moment."""

    balance: int
    streak: int
    checked_in: bool
    usable_coupons: int


def standing(session: Session, member_id: int, at: datetime) -> Standing:
    """The member's points, streak and coupons; yesterday's streak lives until midnight."""
    today = business_day(at)
    streak = checkins.streak_until(session, member_id, today)
    held = coupons.of_member(session, member_id)
    return Standing(
        balance=points.balance_of(session, member_id),
        streak=streak or checkins.streak_until(session, member_id, today - timedelta(days=1)),
        checked_in=streak > 0,
        usable_coupons=sum(coupons.state_at(coupon, at) == "available" for coupon, _ in held),
    )


@bp.get("/")
@member_required
def show() -> ResponseReturnValue:
    """The first page."""
    member_id, at = g.member_id, now()

    def work(session: Session) -> tuple[Standing, list[Campaign]]:
        return standing(session, member_id, at), campaigns.live(session, at)

    has, live = read(work)
    return render_template("site/home/home.html", member=g.member, has=has, campaigns=live)


@bp.get("/me")
@member_required
def show_me() -> ResponseReturnValue:
    """The list of everything that is the member's own."""
    member_id, openid, at = g.member_id, g.openid, now()
    has = read(lambda db: standing(db, member_id, at))
    employee = read(lambda db: staff.find(db, openid))
    return render_template("site/home/me.html", member=g.member, has=has, staff=employee)
