"""One's own WeChat: bound with a code, so that pushes can be stopped from the phone."""

from flask import Blueprint, render_template, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from pushes import duty
from web.console.deeds import carry_out
from web.console.guards import operator_id, operator_required
from web.console.reviews import hand
from web.wiring import now, read, transaction, wiring

bp = Blueprint("duty", __name__, url_prefix="/account/duty")


@bp.get("")
@operator_required("pushes.stop")
def show() -> ResponseReturnValue:
    """Whether one's WeChat is known, and what can be typed there."""
    return _page("")


@bp.post("/code")
@operator_required("pushes.stop")
def make_code() -> ResponseReturnValue:
    """Show a code. Answers with a page: in a redirect the code would have to be kept."""

    def work(db: Session) -> str:
        return duty.new_code(db, wiring().vault.digest, operator_id(), now())

    return _page(transaction(work))


@bp.post("/unbinding")
@operator_required("pushes.stop")
def unbind() -> ResponseReturnValue:
    """Nobody acts from that WeChat any more."""
    return carry_out(
        lambda db: duty.unbind(db, operator_id(), hand()),
        "duty_unbound",
        url_for(".show"),
        otherwise="duty_not_bound",
    )


def _page(code: str) -> str:
    found = read(lambda db: duty.of_operator(db, operator_id()))
    return render_template(
        "console/account/duty.html",
        bound=found if found is not None and found.openid else None,
        code=code,
        minutes=int(duty.VALID_FOR.total_seconds()) // 60,
    )
