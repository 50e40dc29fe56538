"""Coupons: what can be claimed, what one holds, and the code that turns every minute."""

from collections import Counter
from datetime import datetime

import segno
from flask import Blueprint, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from kernel.refusals import Refused
from loyalty import coupons, redemptions
from loyalty.coupons import Coupon, CouponBatch
from web.guards import member_required
from web.site.messages import tell, tell_refused
from web.wiring import now, read, transaction, wiring

bp = Blueprint("coupons", __name__)

_STATES = ("available", "used", "expired")
# Ids above this fit no column of ours.
ID = "int(max=9007199254740991)"


@bp.get("/coupons")
@member_required
def show_open() -> ResponseReturnValue:
    """The batches that can be claimed now."""
    member_id, at = g.member_id, now()
    batches = read(lambda db: coupons.open_batches(db, at))
    held = Counter(coupon.batch_id for coupon, _ in _held(member_id))
    # What can still be had comes first.
    batches.sort(key=lambda batch: batch.issued >= batch.stock or held[batch.id] > 0)
    return render_template("site/coupons/open.html", batches=batches, held=held)


@bp.post(f"/coupon-batches/<{ID}:batch_id>/coupons")
@member_required
def create(batch_id: int) -> ResponseReturnValue:
    """Claim one coupon of the batch."""
    member_id, at = g.member_id, now()
    try:
        transaction(lambda db: coupons.claim(db, batch_id, member_id, at))
    except Refused as refused:
        tell_refused(refused)
    else:
        tell("site_claimed")
    return redirect(url_for("site.coupons.show_open"))


@bp.get("/coupons/mine")
@member_required
def show_mine() -> ResponseReturnValue:
    """The member's coupons, by what can be done with them."""
    at, asked = now(), request.args.get("state", "")
    by_state: dict[str, list[tuple[Coupon, CouponBatch]]] = {}
    for coupon, batch in _held(g.member_id):
        by_state.setdefault(coupons.state_at(coupon, at), []).append((coupon, batch))
    state = asked if asked in _STATES else "available"
    return render_template("site/coupons/mine.html", by_state=by_state, state=state)


@bp.get(f"/coupons/<{ID}:coupon_id>")
@member_required
def show(coupon_id: int) -> ResponseReturnValue:
    """One coupon, with its code while it can be used."""
    member_id, at = g.member_id, now()
    coupon, batch = read(lambda db: coupons.get_of_member(db, coupon_id, member_id))
    return render_template(
        "site/coupons/coupon.html", coupon=coupon, batch=batch, **_code(coupon, at)
    )


@bp.get(f"/coupons/<{ID}:coupon_id>/code")
@member_required
def show_code(coupon_id: int) -> ResponseReturnValue:
    """The part of the coupon's page that turns."""
    member_id, at = g.member_id, now()
    coupon, _ = read(lambda db: coupons.get_of_member(db, coupon_id, member_id))
    return render_template("site/coupons/_code.html", coupon=coupon, **_code(coupon, at))


def _held(member_id: int) -> list[tuple[Coupon, CouponBatch]]:
    return read(lambda db: coupons.of_member(db, member_id))


def _code(coupon: Coupon, at: datetime) -> dict[str, object]:
    state = coupons.state_at(coupon, at)
    if state != "available":
        return {"state": state}
    code, seconds = redemptions.show_code(wiring().vault, coupon, at)
    address = wiring().hall.base_url + url_for("site.redemptions.show_form", code=code)
    picture = segno.make(address, error="m", micro=False).svg_inline(omitsize=True, border=2)
    return {"state": state, "code": code, "seconds": seconds, "picture": Markup(picture)}  # noqa: S704 - made of digits by segno
