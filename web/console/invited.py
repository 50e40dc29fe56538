"""Following an invitation: whoever has the link sets his password, and then signs in with it."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from kernel import audit, operator_invitations, passwords
from kernel.operator_invitations import InvitationOver, LoginTaken, OperatorInvitation
from kernel.operators import check_name
from kernel.refusals import Invalid
from web.console.fields import Fields, Shown, again
from web.guards import public
from web.wiring import now, read, real_now, transaction, wiring

bp = Blueprint("invited", __name__, url_prefix="/invitations")


@bp.get("/<token>")
@public
def show(token: str) -> ResponseReturnValue:
    """The form; opening the link does not use it up, since chats open links by themselves."""
    try:
        found = read(lambda db: operator_invitations.find(db, token, real_now()))
    except InvitationOver as refused:
        return _over(refused)
    return _page(found, Shown({"name": found.name}))


@bp.post("/<token>")
@public
def accept(token: str) -> ResponseReturnValue:
    """Make the operator, or set his new password; the link is used up."""
    name = Fields(request.form).text("name")
    try:
        found = read(lambda db: operator_invitations.find(db, token, real_now()))
        if found.operator_id is not None:
            name = found.name
        try:
            hashed = _hashed(found, name)
        except Invalid as refused:
            return _page(found, again({"name": name}, refused)), 422
        transaction(lambda db: _accept(db, token, name, hashed))
    except (InvitationOver, LoginTaken) as refused:
        return _over(refused)
    flash("account_ready", "success")
    return redirect(url_for("console.sign_in.show_form"), 303)


def _hashed(found: OperatorInvitation, name: str) -> str:
    check_name(name)
    new = request.form.get("password", "")
    if new != request.form.get("repeated", ""):
        raise Invalid(field="repeated", reason="两次输入的密码不一致")
    return passwords.hashed(new, found.login, name)


def _accept(db: Session, token: str, name: str, hashed: str) -> None:
    is_new = operator_invitations.find(db, token, real_now()).operator_id is None
    operator_id = operator_invitations.accept(db, token, name, hashed, real_now())
    action = "operator.joined" if is_new else "operator.password_changed"
    by = (operator_id, request.remote_addr)
    audit.write(db, action, f"operator:{operator_id}", now(), by=by)


def _page(found: OperatorInvitation, form: Shown) -> str:
    return render_template(
        "console/operators/invited.html",
        invitation=found,
        form=form,
        least=passwords.MIN_LENGTH,
        most=passwords.MAX_LENGTH,
    )


def _over(refused: InvitationOver | LoginTaken) -> ResponseReturnValue:
    text = wiring().texts.refuse(refused)
    return render_template("console/operators/invitation-over.html", text=text), 404
