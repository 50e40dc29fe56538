"""The member centre: who one is here, what one has, and where everything is."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import Blueprint, g, render_template
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from content import announcements
from content.announcements import Announcement
from kernel.clock import business_day
from loyalty import checkin_days, consents, coupons, notices, points, staff, tiers
from loyalty.consents import ConsentText
from loyalty.notices import Notice
from loyalty.tiers import Standing as TierStanding
from promotions import campaigns
from promotions.campaigns import Campaign
from web.guards import member_required
from web.site.notices import in_words, note_read
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
    streak = checkin_days.streak_until(session, member_id, today)
    held = coupons.of_member(session, member_id)
    return Standing(
        balance=points.balance_of(session, member_id),
        streak=streak or checkin_days.streak_until(session, member_id, today - timedelta(days=1)),
        checked_in=streak > 0,
        usable_coupons=sum(coupons.state_at(coupon, at) == "available" for coupon, _ in held),
    )


@dataclass(frozen=True)
class Front:
    """Everything the first page shows; what is `told` there counts as read."""

    has: Standing
    tier: TierStanding
    campaigns: list[Campaign]
    announced: list[Announcement]
    told: list[Notice]
    reworded: list[ConsentText]


@bp.get("/")
@member_required
def show() -> ResponseReturnValue:
    """The first page."""
    member_id, at = g.member_id, now()

    def work(session: Session) -> Front:
        return Front(
            has=standing(session, member_id, at),
            tier=tiers.standing_of(session, member_id),
            campaigns=campaigns.live(session, at),
            announced=announcements.live(session, at, "site")[:2],
            told=notices.unread(session, member_id),
            reworded=consents.due_again(session, member_id, at),
        )

    front = read(work)
    lines = in_words(front.told)
    note_read(front.told)
    return render_template("site/home/home.html", member=g.member, front=front, notices=lines)


@bp.get("/me")
@member_required
def show_me() -> ResponseReturnValue:
    """The list of everything that is the member's own."""
    member_id, openid, at = g.member_id, g.openid, now()
    has = read(lambda db: standing(db, member_id, at))
    tier = read(lambda db: tiers.standing_of(db, member_id))
    employee = read(lambda db: staff.find(db, openid))
    return render_template(
        "site/home/me.html", member=g.member, has=has, tier=tier, staff=employee
    )
