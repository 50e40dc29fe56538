"""未答问题: what customers asked and nothing answered, most often first."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from content import faq_misses
from content.faq_misses import STATES, MissSettled
from web.console.guards import operator_id, operator_required
from web.wiring import now, read, transaction

bp = Blueprint("faq_misses", __name__, url_prefix="/faq/unanswered")

_AT_ONCE = 100


@bp.get("")
@operator_required("content.read")
def show_list() -> ResponseReturnValue:
    """The questions of a state, those asked most often first."""
    state = request.args.get("state", "")
    state = state if state in STATES else "open"
    before = _cursor(request.args.get("before", ""))
    rows = read(lambda db: faq_misses.page(db, state, before))
    last = rows[-1] if len(rows) == faq_misses.PAGE else None
    return render_template(
        "console/faq/misses.html",
        rows=rows,
        state_asked=state,
        before=before,
        further=f"{last.count}-{last.id}" if last else "",
        state_names=STATES,
    )


@bp.post("/dismissals")
@operator_required("content.write")
def dismiss() -> ResponseReturnValue:
    """Set the chosen ones aside; what a colleague dealt with meanwhile is left as it is."""
    # The button of one line sets that one aside, whatever is ticked elsewhere.
    wanted = request.form.getlist("only") or request.form.getlist("miss")
    chosen = {int(text) for text in wanted[:_AT_ONCE] if _is_id(text)}

    def work(db: Session) -> int:
        return sum(_dismiss(db, miss_id) for miss_id in sorted(chosen))

    done = transaction(work)
    flash(*(("misses_dismissed", "success") if done else ("no_misses_chosen", "warning")))
    return redirect(url_for(".show_list"), 303)


def _dismiss(session: Session, miss_id: int) -> bool:
    try:
        faq_misses.dismiss(session, miss_id, operator_id(), now())
    except MissSettled:
        return False
    return True


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 18


def _cursor(text: str) -> tuple[int, int] | None:
    count, _, miss_id = text.partition("-")
    fits = _is_id(count) and _is_id(miss_id)
    return (int(count), int(miss_id)) if fits else None
