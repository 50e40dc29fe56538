"""Undoing redemptions: what a branch took lately, and staff of it may take back with a reason."""

from datetime import timedelta

from flask import Blueprint, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from content import branches
from kernel.refusals import Refused
from loyalty import redemption_undos, redemptions
from loyalty.coupons import CouponBatch
from loyalty.redemption_undos import By
from loyalty.redemptions import Redemption
from web.guards import staff_required
from web.site.messages import tell, tell_refused
from web.site.paths import ID
from web.wiring import now, read, transaction, wiring

bp = Blueprint("redemption_undos", __name__, url_prefix="/redemptions")


@bp.get("/branch")
@staff_required
def show_branch() -> ResponseReturnValue:
    """What the whole branch took within the hours in which it can be undone."""
    hours, code = wiring().policy.undo_hours, g.staff.branch
    since = now() - timedelta(hours=hours)

    def work(session: Session) -> tuple[list[tuple[Redemption, CouponBatch]], str]:
        return redemptions.taken_in(session, code, since), branches.name_of(session, code)

    taken, branch = read(work)
    return render_template(
        "site/redemptions/branch.html", taken=taken, branch=branch, hours=hours, staff=g.staff
    )


@bp.post(f"/<{ID}:redemption_id>/undos")
@staff_required
def create(redemption_id: int) -> ResponseReturnValue:
    """Undo one redemption; a second time changes nothing."""
    at, by, policy = now(), By(staff=g.staff), wiring().policy
    reason = request.form.get("reason", "")[:100]
    try:
        transaction(
            lambda db: redemption_undos.undo(
                db, redemption_id, at, by=by, reason=reason, policy=policy
            )
        )
    except Refused as refused:
        tell_refused(refused)
    else:
        tell("site_redemption_undone")
    return redirect(url_for("site.redemption_undos.show_branch"))
