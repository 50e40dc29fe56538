"""Batches of coupons: how they stand, what they brought, open, pause, close, clone, fill."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from kernel.clock import business_day
from kernel.refusals import Invalid, NotFound, Refused
from loyalty import coupon_batches, coupons, partner_codes
from loyalty.partner_codes import Verdict
from pushes import holidays_moves
from pushes.holidays_moves import Window
from web.console import batch_forms, coupon_lists
from web.console.deeds import carry_out, sentence
from web.console.fields import Fields
from web.console.guards import operator_id, operator_required
from web.console.paging import asked_id
from web.wiring import now, read, transaction

bp = Blueprint("coupons", __name__, url_prefix="/coupons")

_SHOWN_FAULTS = 50
_LONGEST_SHIFT = 3660


@bp.get("")
@operator_required("coupons.read")
def show_list() -> ResponseReturnValue:
    """Batches of a state, or all, the newest first."""
    state = request.args.get("state", "")
    page, counts = read(
        lambda db: (coupon_lists.page(db, state, asked_id()), coupon_lists.counts(db))
    )
    return render_template(
        "console/coupons/list.html", page=page, counts=counts, asked=state, at=now()
    )


@bp.get("/<row:batch_id>")
@operator_required("coupons.read")
def show(batch_id: int) -> ResponseReturnValue:
    """One batch: its terms, its stock, what it brought."""
    return _page(batch_id)


@bp.post("/<row:batch_id>/moves")
@operator_required("coupons.write")
def move(batch_id: int) -> ResponseReturnValue:
    """Open, pause or close a batch; what is not compliant is not opened. Raises NotFound."""
    wanted = request.form.get("to", "")

    def work(db: Session) -> bool:
        if wanted == "open":
            batch_forms.refuse_red(coupon_batches.form_of(coupons.get_batch(db, batch_id)))
        return coupon_batches.move(db, batch_id, wanted, now(), by=operator_id())

    return carry_out(
        work,
        f"batch_{wanted}",
        url_for(".show", batch_id=batch_id),
        otherwise="batch_unchanged",
    )


@bp.post("/<row:batch_id>/clones")
@operator_required("coupons.write")
def clone(batch_id: int) -> ResponseReturnValue:
    """A draft with the same terms under another code, all dates later. Raises NotFound."""
    fields = Fields(request.form)

    def work(db: Session) -> int:
        shift = fields.number("shift_days", 0)
        if not 0 <= shift <= _LONGEST_SHIFT:
            raise Invalid(field="shift_days", reason="推后的天数应在 0 到 3660 之间")
        code = fields.text("code")
        copy = coupon_batches.clone(db, batch_id, code, now(), by=operator_id(), shift_days=shift)
        return copy.id

    try:
        copy_id = transaction(work)
    except Invalid as refused:
        flash(sentence(refused), "danger")
        return redirect(url_for(".show", batch_id=batch_id), 303)
    flash("batch_cloned", "success")
    return redirect(url_for(".show", batch_id=copy_id), 303)


@bp.post("/<row:batch_id>/codes")
@operator_required("coupons.write")
def import_codes(batch_id: int) -> ResponseReturnValue:
    """Fill the pool of a partner's batch, from a file or from what was pasted.

    Answers with a page, since the verdicts are kept nowhere. Raises NotFound.
    """
    try:
        lines = _lines()
        verdicts = transaction(
            lambda db: partner_codes.import_codes(db, batch_id, lines, now(), by=operator_id())
        )
    except NotFound:
        raise
    except Refused as refused:
        return _page(batch_id, fault=sentence(refused)), 422
    return _page(batch_id, verdicts)


def _lines() -> list[str]:
    sent = request.files.get("file")
    if sent is not None and sent.filename:
        return partner_codes.lines_of(sent.read())
    lines = partner_codes.lines_of(Fields(request.form).text("codes").encode())
    if not lines:
        raise Invalid(field="codes", reason="请选择文件，或粘贴券码")
    return lines


def _page(batch_id: int, verdicts: list[Verdict] | None = None, fault: str = "") -> str:
    sheet = read(lambda db: coupon_lists.sheet(db, batch_id, now()))
    batch, today = sheet.batch, business_day(now())
    said: dict[str, int] = {}
    for verdict in verdicts or ():
        said[verdict.said] = said.get(verdict.said, 0) + 1
    return render_template(
        "console/coupons/show.html",
        sheet=sheet,
        batch=batch,
        moves=coupon_batches.MOVES[sheet.batch.state],
        said=said,
        faults=[one for one in verdicts or () if one.said != "added"][:_SHOWN_FAULTS],
        fault=fault,
        findings=batch_forms.findings(coupon_batches.form_of(sheet.batch)),
        next_time=holidays_moves.next_time(Window(batch.starts_at, batch.ends_at), today),
        at=now(),
    )
