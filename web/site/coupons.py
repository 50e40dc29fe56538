"""Coupons: what one holds, when each can be used, and the code that turns every minute."""

from datetime import datetime

import segno
from flask import Blueprint, g, render_template, request, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup
from sqlalchemy.orm import Session

from kernel.clock import business_day
from loyalty import coupon_validity, coupons, partner_codes, redemptions
from loyalty.coupons import Coupon, CouponBatch
from web.guards import member_required
from web.site.paths import ID
from web.wiring import now, read, wiring

bp = Blueprint("coupons", __name__)

# The shelves of the list, and the states that lie on each.
_SHELVES = {
    "available": ("available", "locked", "later"),
    "used": ("used",),
    "expired": ("expired", "void"),
}


@bp.get("/coupons/mine")
@member_required
def show_mine() -> ResponseReturnValue:
    """The member's coupons, by what can be done with them."""
    member_id, at, asked = g.member_id, now(), request.args.get("state", "")
    held = read(lambda db: coupons.of_member(db, member_id))
    shelf = asked if asked in _SHELVES else "available"
    lines = [(coupon, batch, _state(coupon, at)) for coupon, batch in held]
    shelves = {name: [one for one in lines if one[2] in of] for name, of in _SHELVES.items()}
    return render_template("site/coupons/mine.html", shelves=shelves, shelf=shelf)


@bp.get(f"/coupons/<{ID}:coupon_id>")
@member_required
def show(coupon_id: int) -> ResponseReturnValue:
    """One coupon, with its code while it can be used."""
    coupon, batch, code = read(lambda db: _look(db, coupon_id))
    return render_template("site/coupons/coupon.html", coupon=coupon, batch=batch, **code)


@bp.get(f"/coupons/<{ID}:coupon_id>/code")
@member_required
def show_code(coupon_id: int) -> ResponseReturnValue:
    """The part of the coupon's page that turns."""
    coupon, batch, code = read(lambda db: _look(db, coupon_id))
    return render_template("site/coupons/_code.html", coupon=coupon, batch=batch, **code)


def _look(session: Session, coupon_id: int) -> tuple[Coupon, CouponBatch, dict[str, object]]:
    coupon, batch = coupons.get_of_member(session, coupon_id, g.member_id)
    return coupon, batch, _code(session, coupon, batch)


def _state(coupon: Coupon, at: datetime) -> str:
    state = coupons.state_at(coupon, at)
    return "later" if state == "available" and at < coupon.valid_from else state


def _code(session: Session, coupon: Coupon, batch: CouponBatch) -> dict[str, object]:
    at = now()
    state = _state(coupon, at)
    if batch.kind == "partner" and state in {"available", "later"}:
        # Taken at the partner's, who knows his own codes and nothing of ours.
        return {"state": "partner", "code": partner_codes.of_coupon(session, coupon.id)}
    if state == "available" and coupon_validity.unusable_on(batch.unusable, business_day(at)):
        state = "not_today"
    if state != "available":
        return {"state": state}
    code, seconds = redemptions.show_code(wiring().vault, coupon, at)
    address = wiring().hall.base_url + url_for("site.redemptions.show_form", code=code)
    return {"state": state, "code": code, "seconds": seconds, "picture": picture_of(address)}


def picture_of(address: str) -> Markup:
    """An address as a square code, drawn in the page."""
    picture = segno.make(address, error="m", micro=False).svg_inline(omitsize=True, border=2)
    return Markup(picture)  # noqa: S704 - drawn by segno, which quotes nothing of the address
