"""One's own account: the name, the password, where one is signed in."""

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from content import branches
from kernel import audit, operator_sessions, operators, passwords, second_factors
from kernel.operators import Operator, PasswordWrong
from kernel.refusals import Invalid, Refused
from kernel.sign_in_locks import LoginLocked
from web.console import credentials, sessions
from web.console.deeds import carry_out, sentence
from web.console.fields import Fields, Shown, again
from web.console.guards import actor, operator_id, operator_required
from web.errors import STATUSES
from web.wiring import now, read, real_now, transaction, wiring

bp = Blueprint("account", __name__, url_prefix="/account")


@bp.get("")
@operator_required()
def show() -> ResponseReturnValue:
    """The account, and every browser in which one is signed in."""
    return _page(Shown({"name": g.operator.name}))


@bp.post("/name")
@operator_required()
def rename() -> ResponseReturnValue:
    """Another name for colleagues to read."""
    old, new = g.operator.name, Fields(request.form).text("name")

    def work(db: Session) -> None:
        operators.rename(db, operator_id(), new)
        if new != old:
            changes = {"姓名": [old, new]}
            subject = f"operator:{operator_id()}"
            audit.write(db, "operator.changed", subject, now(), by=actor(), changes=changes)

    try:
        transaction(work)
    except Invalid as refused:
        return _page(again(request.form, refused)), 422
    flash("account_saved", "success")
    return redirect(url_for(".show"), 303)


@bp.post("/password")
@operator_required()
def change_password() -> ResponseReturnValue:
    """Another password, for the old one; every other browser is signed out."""
    operator: Operator = g.operator
    new = request.form.get("password", "")
    try:
        if new != request.form.get("repeated", ""):
            raise Invalid(field="repeated", reason="两次输入的新密码不一致")
        hashed = passwords.hashed(new, operator.login, operator.name)
        credentials.again(operator, request.form.get("old", ""), "", enrolled=False)
    except (Invalid, PasswordWrong, LoginLocked) as refused:
        return _password_refused(refused)
    signed_in = sessions.current()
    token = signed_in.token if signed_in else ""

    def work(db: Session) -> None:
        operators.set_password(db, operator.id, hashed)
        operator_sessions.end_all(db, operator.id, real_now(), but_token=token)
        operator_sessions.confirm(db, token, real_now())
        subject = f"operator:{operator.id}"
        audit.write(db, "operator.password_changed", subject, now(), by=actor())

    return carry_out(work, "password_changed", url_for(".show"))


@bp.post("/sessions/<mark>/end")
@operator_required()
def end_session(mark: str) -> ResponseReturnValue:
    """Sign one of one's own browsers out. Raises NotFound, for somebody else's too."""

    def work(db: Session) -> None:
        operator_sessions.end_one(db, operator_id(), mark, real_now())
        subject = f"operator:{operator_id()}"
        audit.write(db, "operator.session_ended", subject, now(), by=actor())

    return carry_out(work, "session_ended", url_for(".show"))


@bp.post("/sessions/others/end")
@operator_required()
def end_other_sessions() -> ResponseReturnValue:
    """Sign every other browser out."""
    signed_in = sessions.current()
    token = signed_in.token if signed_in else ""

    def work(db: Session) -> bool:
        ended = operator_sessions.end_all(db, operator_id(), real_now(), but_token=token)
        if ended:
            subject = f"operator:{operator_id()}"
            audit.write(db, "operator.sessions_ended", subject, now(), by=actor(), lines=ended)
        return bool(ended)

    return carry_out(work, "sessions_ended", url_for(".show"), otherwise="no_other_sessions")


def _password_refused(refused: Refused) -> ResponseReturnValue:
    fault = refused
    if not isinstance(refused, Invalid):
        fault = Invalid(field="old", reason=sentence(refused))
    assert isinstance(fault, Invalid)
    # What was typed into password fields is not sent back.
    return _page(again({"name": g.operator.name}, fault)), STATUSES[refused.code]


def _page(form: Shown) -> str:
    signed_in = sessions.current()
    assert signed_in is not None, "operator_required let somebody in"
    operator = signed_in.operator

    def work(db: Session) -> dict[str, object]:
        return {
            "sessions": operator_sessions.of_operator(
                db, operator.id, real_now(), wiring().session_rules
            ),
            "branch": branches.name_of(db, operator.branch) if operator.branch else "",
            "recovery_codes": second_factors.count_recovery_codes(db, operator.id),
        }

    return render_template(
        "console/account/show.html",
        form=form,
        operator=operator,
        enrolled=signed_in.found.enrolled,
        mine=operator_sessions.hash_of(signed_in.token),
        **read(work),
    )
