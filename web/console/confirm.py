"""The password once more before a grave act, and from there back to its page."""

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from kernel import operator_sessions
from kernel.operators import PasswordWrong
from kernel.second_factors import CodeRefused
from kernel.sign_in_locks import LoginLocked
from web.console import credentials, sessions
from web.console.deeds import sentence
from web.console.guards import operator_required, safe_next
from web.errors import STATUSES
from web.wiring import real_now, transaction

bp = Blueprint("confirm", __name__, url_prefix="/confirm")


@bp.get("")
@operator_required(enrolling=True)
def show() -> ResponseReturnValue:
    """Ask for the password, and for a code where there is a second factor."""
    return _page()


@bp.post("")
@operator_required(enrolling=True)
def confirm() -> ResponseReturnValue:
    """Open grave acts for some minutes, in this browser only."""
    signed_in = sessions.current()
    assert signed_in is not None, "operator_required let somebody in"
    password, code = request.form.get("password", ""), request.form.get("code", "")
    try:
        credentials.again(signed_in.operator, password, code, signed_in.found.enrolled)
    except (PasswordWrong, CodeRefused, LoginLocked) as refused:
        return _page(sentence(refused)), STATUSES[refused.code]
    transaction(lambda db: operator_sessions.confirm(db, signed_in.token, real_now()))
    return redirect(safe_next(request.args.get("next")), 303)


def _page(refused: str = "") -> str:
    signed_in = sessions.current()
    assert signed_in is not None, "operator_required let somebody in"
    back = safe_next(request.args.get("next"))
    return render_template(
        "console/account/confirm.html",
        refused=refused,
        enrolled=signed_in.found.enrolled,
        action=url_for(".confirm", next=back),
        minutes=operator_sessions.CONFIRMED_FOR.seconds // 60,
    )
