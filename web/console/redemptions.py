"""Redemptions: what was taken at the counters, and undoing a mistake; a branch sees its own."""

from datetime import date, datetime, timedelta

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from content import branches
from kernel.refusals import Invalid
from loyalty import redemption_lists, redemption_undos
from loyalty.redemption_lists import Asked, Taken
from loyalty.redemption_undos import REASON_LENGTH, By, UndoTooLate
from loyalty.redemptions import Redemption
from web.console.deeds import sentence
from web.console.fields import Fields, Shown, again
from web.console.guards import operator_id, operator_required, scope
from web.console.paging import Page, asked_id, page_of
from web.wiring import now, read, transaction, wiring

bp = Blueprint("redemptions", __name__, url_prefix="/redemptions")

SIZE = 50


@bp.get("")
@operator_required("redemptions.read")
def show_list() -> ResponseReturnValue:
    """The newest first, narrowed by branch, day, clerk or batch."""
    asked = _asked()

    def work(db: Session) -> dict[str, object]:
        return {
            "page": _page(db, asked),
            "branch_names": {one.code: one.name for one in branches.every(db)},
            "clerks": redemption_lists.clerks(db, asked.scope),
        }

    return render_template(
        "console/redemptions/list.html", asked=asked, until=_undo_until, at=now(), **read(work)
    )


@bp.get("/<row:redemption_id>")
@operator_required("redemptions.read")
def show(redemption_id: int) -> ResponseReturnValue:
    """One redemption, and its undoing while there is time. Raises NotFound."""
    return _sheet(redemption_id, Shown({}))


@bp.post("/<row:redemption_id>/undo")
@operator_required("redemptions.undo")
def undo(redemption_id: int) -> ResponseReturnValue:
    """Take the redemption back; the member has the coupon again. Raises NotFound."""
    reason = Fields(request.form).text("reason")

    def work(db: Session) -> None:
        by = By(operator_id=operator_id(), scope=scope())
        redemption_undos.undo(
            db, redemption_id, now(), by=by, reason=reason, policy=wiring().policy
        )

    try:
        transaction(work)
    except Invalid as refused:
        return _sheet(redemption_id, again(request.form, refused)), 422
    except UndoTooLate as refused:
        flash(sentence(refused), "danger")
    else:
        flash("redemption_undone", "success")
    return redirect(url_for(".show", redemption_id=redemption_id), 303)


def _sheet(redemption_id: int, form: Shown) -> str:
    taken, name = read(lambda db: _one(db, redemption_id))
    until = _undo_until(taken.Redemption)
    may_undo = taken.RedemptionUndo is None and now() < until
    return render_template(
        "console/redemptions/show.html",
        form=form,
        taken=taken,
        branch_name=name,
        until=until,
        may_undo=may_undo and g.operator.may("redemptions.undo"),
        hours=wiring().policy.undo_hours,
        most=REASON_LENGTH,
    )


def _asked() -> Asked:
    fields = Fields(request.args)
    return Asked(
        scope=scope(),
        branch=fields.text("branch")[:40] or None,
        day=_day(fields),
        staff_id=asked_id("staff"),
        batch_id=asked_id("batch"),
    )


def _day(fields: Fields) -> date | None:
    try:
        return fields.day("day")
    except Invalid:
        return None  # what is no day narrows nothing


def _page(session: Session, asked: Asked) -> Page[Taken]:
    rows = redemption_lists.newest(session, asked, asked_id(), SIZE + 1)
    return page_of(rows, SIZE, lambda row: int(row.Redemption.id))


def _one(session: Session, redemption_id: int) -> tuple[Taken, str]:
    taken = redemption_lists.get(session, redemption_id, scope())
    code = taken.Redemption.branch
    return taken, branches.name_of(session, code) if code else ""


def _undo_until(redemption: Redemption) -> datetime:
    return redemption.redeemed_at + timedelta(hours=wiring().policy.undo_hours)
