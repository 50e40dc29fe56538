"""Invitations: the member's own code and link, and who gets what for a newcomer.

Sharing pays nobody: what is rewarded is that somebody new has registered.
"""

from flask import Blueprint, g, render_template, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from loyalty import gifts, invitations
from loyalty.gifts import Gift
from loyalty.invitations import InviteMonth
from web.guards import member_required
from web.site.coupons import picture_of
from web.wiring import now, read, transaction, wiring

bp = Blueprint("invitations", __name__, url_prefix="/invitation")


@bp.get("")
@member_required
def show() -> ResponseReturnValue:
    """The code, the link, its picture, and the rules."""
    member_id, at, policy = g.member_id, now(), wiring().policy
    code = transaction(lambda db: invitations.code_of(db, member_id, at))
    link = wiring().hall.base_url + url_for("site.registration.show_form", invite=code)

    def work(session: Session) -> tuple[str, str, int]:
        rewarded = select(func.sum(InviteMonth.rewarded)).where(InviteMonth.member_id == member_id)
        return (
            gifts.describe(session, policy.invite or Gift()),
            gifts.describe(session, policy.invited or Gift()),
            int(session.scalar(rewarded) or 0),
        )

    mine, theirs, count = read(work)
    return render_template(
        "site/invitations/card.html",
        code=code,
        link=link,
        picture=picture_of(link),
        mine=mine,
        theirs=theirs,
        count=count,
        cap=policy.invite_cap_month,
    )
