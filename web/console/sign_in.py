"""Signing in and out."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from kernel import audit, operators
from kernel.operators import Operator, SignInRefused
from web.console import sessions
from web.console.guards import actor, operator_required, safe_next
from web.guards import public
from web.wiring import now, read, transaction, wiring

bp = Blueprint("sign_in", __name__)

# Enough to recognise a colleague's slip; a password typed into the wrong box is not kept whole.
_KEPT_OF_LOGIN = 12


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
    """Sign in; an unknown name and a wrong password read and cost the same."""
    login = request.form.get("login", "").strip().replace("\x00", "")
    password = request.form.get("password", "")
    try:
        # The check is slow on purpose, so it must not hold SQLite's one write lock.
        operator = read(lambda db: operators.check_password(db, login, password))
    except SignInRefused as refused:
        return _refuse(login, refused)
    token = transaction(lambda db: _open(db, operator))
    sessions.begin(operator, token)
    return redirect(safe_next(request.args.get("next")), 303)


@bp.post("/sign-out")
@operator_required()
def sign_out() -> ResponseReturnValue:
    """Sign out; the session is dead on every host at once."""
    by = actor()
    token = sessions.end()

    def work(db: Session) -> None:
        if token is not None:
            operators.end_session(db, token, now())
        audit.write(db, "sign_out", f"operator:{by[0]}", now(), by=by)

    transaction(work)
    flash("signed_out", "success")
    return redirect(url_for("console.sign_in.show_form"), 303)


def _open(db: Session, operator: Operator) -> str:
    by = (operator.id, request.remote_addr)
    audit.write(db, "sign_in", f"operator:{operator.id}", now(), by=by)
    return operators.open_session(db, operator.id, now())


def _refuse(login: str, refused: SignInRefused) -> ResponseReturnValue:
    tried = f"login:{login[:_KEPT_OF_LOGIN]}"
    transaction(lambda db: audit.write(db, "sign_in.refused", tried, now(), by=actor()))
    text = wiring().texts.refuse(refused)
    return render_template("console/sign-in.html", login=login, refused=text), 401
