"""Redemptions: staff scan a member's code, see what it is, and take it."""

import re
import unicodedata
from datetime import datetime
from decimal import Decimal

from flask import Blueprint, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from content import branches
from kernel.clock import business_day, day_start
from kernel.refusals import Invalid, Refused
from loyalty import members, redemptions
from loyalty.coupon_uses import OrderTooSmall
from loyalty.coupons import Coupon, CouponBatch
from loyalty.redemptions import OwnCoupon, Redeemed
from web.errors import STATUSES
from web.guards import staff_required
from web.wiring import now, read, transaction, wiring

bp = Blueprint("redemptions", __name__, url_prefix="/redemptions")

_YUAN = re.compile(r"\d{1,7}(\.\d{1,2})?", re.ASCII)


@bp.get("/new")
@staff_required
def show_form() -> ResponseReturnValue:
    """Asks for a code; with one (the scan brings it) shows the coupon and asks to confirm."""
    code = _typed(request.args.get("code", ""))
    if not request.args.get("code"):
        return _form(code)
    return _confirm(code, "", None)


@bp.post("")
@staff_required
def create() -> ResponseReturnValue:
    """Take the coupon, for an order of so many yuan where staff say it."""
    code, at, staff = _typed(request.form.get("code", "")), now(), g.staff
    yuan = request.form.get("yuan", "")[:20].strip()

    def work(session: Session) -> Redeemed:
        fen = _fen(yuan)
        return redemptions.redeem(session, wiring().vault, code, staff, at, order_fen=fen)

    try:
        done = transaction(work)
    except (Invalid, OrderTooSmall) as refused:
        return _confirm(code, yuan, refused)
    except Refused as refused:
        return _form(code, refused), STATUSES.get(refused.code, 409)
    return redirect(url_for("site.redemptions.show_today", done=done.coupon_id))


@bp.get("")
@staff_required
def show_today() -> ResponseReturnValue:
    """What this member of staff took today; `done` names the one just taken."""
    staff_id, since = g.staff.id, day_start(business_day(now()))
    taken = read(lambda db: redemptions.taken_by(db, staff_id, since))
    asked = request.args.get("done", "")
    done = next((pair for pair in taken if str(pair[0].coupon_id) == asked), None)
    return render_template("site/redemptions/today.html", taken=taken, done=done, branch=_branch())


def _typed(text: str) -> str:
    """The code with its hyphen in place: a phone's keypad has none."""
    digits = re.sub(r"\D", "", unicodedata.normalize("NFKC", text[:40]))
    return f"{digits[:-6]}-{digits[-6:]}" if len(digits) > 6 else digits


def _confirm(code: str, yuan: str, error: Refused | None) -> ResponseReturnValue:
    """The coupon that is about to be taken; with an error the amount is asked for again."""
    at = now()
    try:
        coupon, batch = read(lambda db: _look(db, code, at))
    except Refused as refused:
        return _form(code, refused), STATUSES.get(refused.code, 409)
    said = wiring().texts.refuse(error) if error else None
    page = render_template(
        "site/redemptions/confirm.html",
        code=code,
        coupon=coupon,
        batch=batch,
        branch=_branch(),
        yuan=yuan,
        error=said,
    )
    return page, STATUSES.get(error.code, 409) if error else 200


def _fen(yuan: str) -> int | None:
    typed = unicodedata.normalize("NFKC", yuan)
    if not typed:
        return None
    if not _YUAN.fullmatch(typed):
        raise Invalid(field="yuan", reason=wiring().texts.say("site_yuan_wrong"))
    return int(Decimal(typed) * 100)


def _look(session: Session, code: str, at: datetime) -> tuple[Coupon, CouponBatch]:
    coupon, batch = redemptions.find_shown(session, wiring().vault, code, at)
    me = members.find(session, g.openid)
    if me is not None and me.id == coupon.member_id:
        raise OwnCoupon  # said before the confirmation, which would refuse it as well
    return coupon, batch


def _branch() -> str:
    code: str = g.staff.branch
    every = read(branches.every)
    return next((branch.name for branch in every if branch.code == code), code)


def _form(code: str, refused: Refused | None = None) -> str:
    error = wiring().texts.refuse(refused) if refused else None
    return render_template("site/redemptions/form.html", code=code, error=error, branch=_branch())
