"""Signing in and out: the password, then the code where there is a second factor."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from kernel import audit, operator_sessions, operators, second_factors, sign_in_locks
from kernel.operators import Operator, SignInRefused
from kernel.refusals import Refused
from kernel.second_factors import CodeRefused
from kernel.sign_in_locks import LoginLocked
from web.console import credentials, sessions
from web.console.guards import actor, operator_required, safe_next
from web.errors import STATUSES
from web.guards import public
from web.wiring import now, real_now, transaction, wiring

bp = Blueprint("sign_in", __name__)


@bp.get("/sign-in")
@public
def show_form() -> ResponseReturnValue:
    """The sign-in page."""
    if sessions.current() is not None:
        return redirect(url_for("console.home.show"))
    return render_template("console/sign-in.html", login="", refused=None)


@bp.post("/sign-in")
@public
def sign_in() -> ResponseReturnValue:
    """The first step; an unknown name and a wrong password read and cost the same."""
    login = request.form.get("login", "").strip().replace("\x00", "")
    try:
        operator = credentials.by_password(login, request.form.get("password", ""))
        token, awaits_code = transaction(lambda db: _open(db, operator))
    except (SignInRefused, LoginLocked) as refused:
        shown = {"login": login, "refused": wiring().texts.refuse(refused)}
        return render_template("console/sign-in.html", **shown), STATUSES[refused.code]
    sessions.begin(token)
    if awaits_code:
        return redirect(url_for(".show_code", next=request.args.get("next")), 303)
    return redirect(safe_next(request.args.get("next")), 303)


@bp.get("/sign-in/code")
@public
def show_code() -> ResponseReturnValue:
    """The second step: the code of the second factor."""
    if sessions.awaiting_code() is None:
        return redirect(url_for(".show_form", next=request.args.get("next")))
    return render_template("console/sign-in-code.html", refused=None)


@bp.post("/sign-in/code")
@public
def check_code() -> ResponseReturnValue:
    """Check the code; the session that goes on has another token than the one that waited."""
    waiting = sessions.awaiting_code()
    if waiting is None:
        flash("code_too_late", "warning")
        return redirect(url_for(".show_form", next=request.args.get("next")), 303)
    operator = waiting.operator
    try:
        credentials.by_code(operator, request.form.get("code", ""))
    except (CodeRefused, LoginLocked) as refused:
        return _code_refused(refused)
    token = transaction(lambda db: _go_on(db, operator, waiting.token))
    sessions.begin(token)
    return redirect(safe_next(request.args.get("next")), 303)


@bp.post("/sign-out")
@operator_required(enrolling=True)
def sign_out() -> ResponseReturnValue:
    """Sign out; the session is dead on every host at once."""
    by = actor()
    token = sessions.end()

    def work(db: Session) -> None:
        if token is not None:
            operator_sessions.end_session(db, token, real_now())
        audit.write(db, "sign_out", f"operator:{by[0]}", now(), by=by)

    transaction(work)
    flash("signed_out", "success")
    return redirect(url_for("console.sign_in.show_form"), 303)


def _open(db: Session, operator: Operator) -> tuple[str, bool]:
    """(the token, whether a code is awaited). Raises SignInRefused when he changed meanwhile."""
    fresh = operators.get(db, operator.id, lock=True)
    if not fresh.active or fresh.password_hash != operator.password_hash:
        raise SignInRefused
    if second_factors.is_enrolled(db, operator.id):
        waiting = operator_sessions.open_session(
            db, operator.id, real_now(), sessions.browser(), awaits_code=True
        )
        return waiting, True
    return _complete(db, operator), False


def _go_on(db: Session, operator: Operator, waiting_token: str) -> str:
    operator_sessions.end_session(db, waiting_token, real_now())
    return _complete(db, operator)


def _complete(db: Session, operator: Operator) -> str:
    sign_in_locks.clear(db, operator.login)
    by = (operator.id, request.remote_addr)
    audit.write(db, "sign_in", f"operator:{operator.id}", now(), by=by)
    return operator_sessions.open_session(db, operator.id, real_now(), sessions.browser())


def _code_refused(refused: Refused) -> ResponseReturnValue:
    text = wiring().texts.refuse(refused)
    return render_template("console/sign-in-code.html", refused=text), STATUSES[refused.code]
