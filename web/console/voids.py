"""Voids: coupons of a batch, of a grant, or one of them taken back, seen before and after."""

from collections.abc import Mapping
from dataclasses import dataclass

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from kernel.operators import Operator
from kernel.refusals import Invalid, NotFound
from loyalty import coupon_voids, coupons
from loyalty.coupon_grants import CouponGrant
from loyalty.coupon_voids import SCOPES, Preview, Target
from loyalty.coupons import Coupon, CouponBatch, CouponVoid
from web.console.deeds import go_on
from web.console.fields import Fields, Shown, again
from web.console.guards import operator_id, operator_required, recently_confirmed
from web.console.paging import Page, asked_id, page_of
from web.wiring import now, read, transaction

bp = Blueprint("voids", __name__, url_prefix="/coupons/voids")

_ROWS = 50


@dataclass(frozen=True)
class Plan:
    """What would be taken back, of which batch, and whose coupon where it is one."""

    target: Target
    batch: CouponBatch
    preview: Preview
    member_id: int | None = None


@dataclass(frozen=True)
class Report:
    """A void, its batch, who did it, and the coupons that it took back."""

    void: CouponVoid
    batch: CouponBatch
    operator: str
    count: int
    rows: Page[Coupon]


@bp.get("/new")
@operator_required("coupons.give")
@recently_confirmed
def show_new() -> ResponseReturnValue:
    """What the void would take back. Raises NotFound."""
    return _page(_target(request.args), Shown({}))


@bp.post("")
@operator_required("coupons.give")
@recently_confirmed
def start() -> ResponseReturnValue:
    """Take back. The first pages go at once, the timed job does the rest. Raises NotFound."""
    target, fields = _target(request.form), Fields(request.form)

    def work(db: Session) -> int:
        returns, why = fields.flag("returns_stock"), fields.text("reason")
        return coupon_voids.start(
            db, target, now(), by=operator_id(), reason=why, returns_stock=returns
        ).id

    try:
        void_id = transaction(work)
    except Invalid as refused:
        return _page(target, again(request.form, refused)), 422
    go_on(lambda db: coupon_voids.run_page(db, void_id, now()))
    return redirect(url_for(".show", void_id=void_id), 303)


@bp.get("/<row:void_id>")
@operator_required("coupons.read")
def show(void_id: int) -> ResponseReturnValue:
    """The report of a void. Raises NotFound."""
    after = asked_id("after") or 0
    return render_template(
        "console/coupons/void.html", report=read(lambda db: _report(db, void_id, after))
    )


def _target(values: Mapping[str, str]) -> Target:
    fields = Fields(values)
    scope = fields.text("scope")
    if scope not in SCOPES:
        raise NotFound
    try:
        return Target(scope, fields.row_id("id"))
    except Invalid:
        raise NotFound from None


def _page(target: Target, form: Shown) -> str:
    return render_template(
        "console/coupons/void-form.html", plan=read(lambda db: _plan(db, target)), form=form
    )


def _plan(session: Session, target: Target) -> Plan:
    preview = coupon_voids.preview(session, target, now())
    if target.scope == "batch":
        return Plan(target, coupons.get_batch(session, target.scope_id), preview)
    if target.scope == "grant":
        grant = session.get(CouponGrant, target.scope_id)
        if grant is None:
            raise NotFound
        return Plan(target, coupons.get_batch(session, grant.batch_id), preview)
    coupon = session.get(Coupon, target.scope_id)
    if coupon is None:
        raise NotFound
    batch = coupons.get_batch(session, coupon.batch_id)
    return Plan(target, batch, preview, coupon.member_id)


def _report(session: Session, void_id: int, after: int) -> Report:
    void = session.get(CouponVoid, void_id)
    if void is None:
        raise NotFound
    rows = coupon_voids.taken_back(session, void_id, after_id=after, limit=_ROWS + 1)
    operator = session.scalar(select(Operator.name).where(Operator.id == void.by_operator))
    count = session.scalar(select(func.count()).where(Coupon.void_id == void_id))
    return Report(
        void=void,
        batch=_batch_of(session, void),
        operator=operator or "",
        count=count or 0,
        rows=page_of(rows, _ROWS, lambda coupon: coupon.id),
    )


def _batch_of(session: Session, void: CouponVoid) -> CouponBatch:
    plan = {"batch": CouponBatch, "grant": CouponGrant, "coupon": Coupon}[void.scope]
    found = session.get(plan, void.scope_id)
    if isinstance(found, CouponBatch):
        return found
    assert isinstance(found, CouponGrant | Coupon)
    return coupons.get_batch(session, found.batch_id)
