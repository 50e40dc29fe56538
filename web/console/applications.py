"""Applications: see where they stand and move them on."""

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from kernel import audit
from kernel.refusals import Invalid
from products import applications
from products.applications import MOVES, STATE_NAMES, Actor
from web.console import application_lists
from web.console.guards import actor, operator_required, scope
from web.console.paging import asked_id
from web.wiring import now, read, transaction, wiring

bp = Blueprint("applications", __name__, url_prefix="/applications")

# What the customer reads on his timeline must say why.
_NEEDS_A_REASON = frozenset({"rejected", "cancelled"})
REVEAL_REASONS = ("上门联系", "核对地址", "客户来电", "投诉处理")
_NOTE_LENGTH = 200


@bp.get("")
@operator_required("applications.read")
def show_list() -> ResponseReturnValue:
    """Applications of a state, or by number, the newest first."""
    asked = application_lists.Asked(
        request.args.get("state", ""), request.args.get("q", "").strip(), scope()
    )
    page, counts = read(
        lambda db: (
            application_lists.page(db, asked, asked_id()),
            application_lists.count_by_state(db, asked.scope),
        )
    )
    return render_template(
        "console/applications/list.html",
        page=page,
        counts=counts,
        asked=asked,
        state_names=STATE_NAMES,
    )


@bp.get("/<number>")
@operator_required("applications.read")
def show(number: str) -> ResponseReturnValue:
    """One application with its timeline and the moves that are open to it."""
    return _page(number)


@bp.post("/<number>/moves")
@operator_required("applications.move")
def move(number: str) -> ResponseReturnValue:
    """Move an application on; the customer sees the move and the note."""
    wanted = request.form.get("to", "")
    note = request.form.get("note", "").replace("\x00", "").strip()[:_NOTE_LENGTH]
    if wanted in _NEEDS_A_REASON and not note:
        flash("reason_missing", "danger")
        return redirect(url_for(".show", number=number), 303)

    def work(db: Session) -> None:
        found = application_lists.get(db, number, scope())
        by = Actor(g.operator.name, g.operator.id, note or None, scope())
        applications.move(db, found.id, wanted, now(), by)
        subject = f"application:{number}"
        audit.write(db, "application.moved", subject, now(), by=actor(), to=wanted)

    transaction(work)
    flash("moved", "success")
    return redirect(url_for(".show", number=number), 303)


@bp.post("/<number>/reveals")
@operator_required("applications.read")
def reveal(number: str) -> ResponseReturnValue:
    """Show the address, once, to somebody who says what for.

    The only POST that answers with a page: an address in a redirect would have to be kept in the
    cookie or the address bar. Raises Invalid.
    """
    reason = request.form.get("reason", "")
    if reason not in REVEAL_REASONS:
        raise Invalid(field="reason", reason="请选择查看地址的原因")

    def work(db: Session) -> str:
        found = application_lists.get(db, number, scope())
        subject = f"application:{number}"
        audit.write(db, "application.revealed", subject, now(), by=actor(), reason=reason)
        return applications.address_of(wiring().vault, found)

    address = transaction(work)
    if request.headers.get("HX-Request"):
        return render_template("console/applications/address.html", address=address)
    return _page(number, address)


def _page(number: str, address: str | None = None) -> ResponseReturnValue:
    sheet = read(lambda db: application_lists.sheet(db, number, scope()))
    return render_template(
        "console/applications/show.html",
        sheet=sheet,
        moves=[state for state in STATE_NAMES if state in MOVES[sheet.application.state]],
        state_names=STATE_NAMES,
        reasons=REVEAL_REASONS,
        address=address,
    )
