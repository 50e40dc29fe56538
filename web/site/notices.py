"""Notices: what the member was told, and the words for each kind."""

from dataclasses import dataclass
from datetime import datetime

from flask import Blueprint, g, render_template, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty import notices
from loyalty.coupons import CouponBatch
from loyalty.notices import Notice
from web.guards import member_required
from web.wiring import now, read, transaction, wiring

bp = Blueprint("notices", __name__, url_prefix="/notices")

# The phrase of each kind, and the page where one can do something about it.
_KINDS = {
    "points_expiring": ("site_notice_points_expiring", "site.rewards.show_all"),
    "coupon_expiring": ("site_notice_coupon_expiring", "site.coupons.show_mine"),
    "tier.climb": ("site_notice_tier_climb", "site.tiers.show"),
    "tier.fall": ("site_notice_tier_fall", "site.tiers.show"),
    "reward.shipped": ("site_notice_reward_shipped", "site.reward_orders.show_all"),
    "check_in_reminder": ("site_notice_check_in_reminder", "site.check_ins.show"),
    "invite.rewarded": ("site_notice_invite_rewarded", "site.invitations.show"),
    "phone.rebound": ("site_notice_phone_rebound", "site.phone.show_form"),
}


@dataclass(frozen=True)
class Line:
    """A notice in words."""

    text: str
    address: str
    at: datetime
    is_new: bool


@bp.get("")
@member_required
def show_all() -> ResponseReturnValue:
    """Everything the member was told lately; with this it is read."""
    member_id = g.member_id
    rows = read(lambda db: notices.recent(db, member_id))
    lines = in_words(rows)
    note_read(rows)
    return render_template("site/notices/list.html", lines=lines)


def note_read(rows: list[Notice]) -> None:
    """Remember that the page that is being made shows these."""
    member_id, at = g.member_id, now()
    shown = [row.id for row in rows if row.read_at is None]
    if shown:  # else reading a page stays reading
        transaction(lambda db: notices.mark_read(db, member_id, at, shown))


def in_words(rows: list[Notice]) -> list[Line]:
    """The notices as a person reads them; a kind that no page knows is left out."""
    titles = read(lambda db: _titles(db, rows))
    return [_line(row, titles) for row in rows if row.kind in _KINDS]


def _line(row: Notice, titles: dict[int, str]) -> Line:
    phrase, endpoint = _KINDS[row.kind]
    facts = {**row.facts, "title": titles.get(row.facts.get("batch_id", 0), "")}
    text = wiring().texts.say(phrase, **facts)
    return Line(text, url_for(endpoint), row.created_at, row.read_at is None)


def _titles(session: Session, rows: list[Notice]) -> dict[int, str]:
    wanted = {row.facts["batch_id"] for row in rows if "batch_id" in row.facts}
    if not wanted:
        return {}
    found = session.execute(
        select(CouponBatch.id, CouponBatch.title).where(CouponBatch.id.in_(wanted))
    )
    return {row.id: row.title for row in found}
