"""Grants: a batch's coupons given to many members at once, seen before and after."""

import re
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from kernel.operators import Operator
from kernel.refusals import Invalid, NotFound
from loyalty import coupon_grants, coupons, segments
from loyalty.coupon_grants import Audience, CouponGrant, CouponGrantRow, Preview
from loyalty.coupons import CouponBatch
from web.console.deeds import go_on
from web.console.fields import Fields, Shown, again
from web.console.guards import operator_id, operator_required
from web.console.paging import Page, asked_id, page_of
from web.console.rule_desk import explain
from web.wiring import now, read, transaction

bp = Blueprint("grants", __name__, url_prefix="/coupons")

_NUMBER = re.compile(r"\d{1,18}", re.ASCII)
_BETWEEN = re.compile(r"[\s,，;；、]+")
_ROWS = 50


@dataclass(frozen=True)
class Report:
    """A grant, its batch, who did it, and what became of its members."""

    grant: CouponGrant
    batch: CouponBatch
    operator: str
    rule: str
    counts: dict[str, int]
    rows: Page[CouponGrantRow]


@bp.get("/<row:batch_id>/grants/new")
@operator_required("coupons.give")
def show_new(batch_id: int) -> ResponseReturnValue:
    """Whom to give the batch's coupons. Raises NotFound."""
    return _page(batch_id, Shown({}))


@bp.post("/<row:batch_id>/grants/previews")
@operator_required("coupons.give")
def preview(batch_id: int) -> ResponseReturnValue:
    """What the grant would do; nothing is given yet. Raises NotFound."""
    try:
        found = read(
            lambda db: coupon_grants.preview(db, batch_id, _audience(db, _fields()), now())
        )
    except Invalid as refused:
        return _page(batch_id, again(request.form, refused)), 422
    return _page(batch_id, Shown(request.form), found)


@bp.post("/<row:batch_id>/grants")
@operator_required("coupons.give")
def start(batch_id: int) -> ResponseReturnValue:
    """Give. The first pages go out at once, the timed job does the rest. Raises NotFound."""

    def work(db: Session) -> int:
        audience, title = _audience(db, _fields()), _fields().text("title")
        by = operator_id()
        return coupon_grants.start(db, batch_id, audience, now(), by=by, title=title).id

    try:
        grant_id = transaction(work)
    except Invalid as refused:
        return _page(batch_id, again(request.form, refused)), 422
    go_on(lambda db: coupon_grants.run_page(db, grant_id, now()))
    return redirect(url_for(".show", grant_id=grant_id), 303)


@bp.get("/grants/<row:grant_id>")
@operator_required("coupons.read")
def show(grant_id: int) -> ResponseReturnValue:
    """The report of a grant. Raises NotFound."""
    after = asked_id("after") or 0
    return render_template(
        "console/coupons/grant.html", report=read(lambda db: _report(db, grant_id, after))
    )


def _fields() -> Fields:
    return Fields(request.form)


def _audience(session: Session, fields: Fields) -> Audience:
    if fields.text("whom") == "segment":
        return Audience(rule=_rule(session, fields.text("segment")))
    words = [word for word in _BETWEEN.split(fields.text("members")) if word]
    odd = next((word for word in words if not _NUMBER.fullmatch(word)), None)
    if odd is not None:
        raise Invalid(field="members", reason=f"“{odd[:20]}”不是会员号")
    return Audience(member_ids=tuple(int(word) for word in words))


def _rule(session: Session, code: str) -> dict[str, Any]:
    if not code:
        raise Invalid(field="segment", reason="请选择人群")
    return segments.rule_of(session, segments.get(session, code))


def _page(batch_id: int, form: Shown, found: Preview | None = None) -> str:
    batch, known = read(lambda db: (coupons.get_batch(db, batch_id), segments.every(db)))
    return render_template(
        "console/coupons/grant-form.html", batch=batch, segments=known, form=form, preview=found
    )


def _report(session: Session, grant_id: int, after: int) -> Report:
    grant = session.get(CouponGrant, grant_id)
    if grant is None:
        raise NotFound
    rows = coupon_grants.rows_of(session, grant_id, after_id=after, limit=_ROWS + 1)
    operator = session.scalar(select(Operator.name).where(Operator.id == grant.by_operator))
    return Report(
        grant=grant,
        batch=coupons.get_batch(session, grant.batch_id),
        operator=operator or "",
        rule=explain(session, grant.rule),
        counts=coupon_grants.report(session, grant_id),
        rows=page_of(rows, _ROWS, lambda row: row.member_id),
    )
