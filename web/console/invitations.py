"""Inviting operators: a one-time link, shown once, that the owner hands over himself."""

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from kernel import audit, operator_invitations, operators
from kernel.operator_invitations import AlreadyInvited, Invitation, LoginTaken
from kernel.refusals import Invalid
from web.console import operator_lists
from web.console.deeds import carry_out, sentence
from web.console.fields import Fields, Shown, again
from web.console.guards import actor, operator_id, operator_required, recently_confirmed
from web.console.operators import choices, place_from
from web.wiring import now, read, real_now, transaction, wiring

bp = Blueprint("invitations", __name__, url_prefix="/operators")


@bp.get("/new")
@operator_required("operators.manage")
@recently_confirmed
def show_form() -> ResponseReturnValue:
    """Whom to invite, as what."""
    return _form(Shown({}))


@bp.post("/invitations")
@operator_required("operators.manage")
@recently_confirmed
def invite() -> ResponseReturnValue:
    """Make the link. Answers with a page: in a redirect the link would have to be kept."""
    fields = Fields(request.form)

    def work(db: Session) -> str:
        new = Invitation(fields.text("login"), fields.text("name"), place_from(db, fields))
        token = operator_invitations.invite(db, new, real_now(), operator_id())
        facts = {"role": new.place.role, "branch": new.place.branch}
        _note(db, "operator.invited", f"login:{new.login}", **facts)
        return token

    try:
        token = transaction(work)
    except Invalid as refused:
        return _form(again(request.form, refused)), 422
    except (LoginTaken, AlreadyInvited) as refused:
        fault = Invalid(field="login", reason=sentence(refused))
        return _form(again(request.form, fault)), 409
    return _link(token, fields.text("name"))


@bp.post("/invitations/<row:invitation_id>/renewal")
@operator_required("operators.manage")
@recently_confirmed
def renew(invitation_id: int) -> ResponseReturnValue:
    """A new link; the old one works no more. Raises NotFound."""

    def work(db: Session) -> str:
        token = operator_invitations.renew(db, invitation_id, real_now(), operator_id())
        _note(db, "operator.invitation_renewed", f"invitation:{invitation_id}")
        return token

    return _link(transaction(work))


@bp.post("/invitations/<row:invitation_id>/revocation")
@operator_required("operators.manage")
@recently_confirmed
def revoke(invitation_id: int) -> ResponseReturnValue:
    """The link works no more. Raises NotFound."""

    def work(db: Session) -> None:
        found = operator_invitations.revoke(db, invitation_id, real_now())
        _note(db, "operator.invitation_revoked", f"login:{found.login}")

    return carry_out(work, "invitation_revoked", url_for("console.operators.show_list"))


@bp.post("/<row:person_id>/password-link")
@operator_required("operators.manage")
@recently_confirmed
def offer_new_password(person_id: int) -> ResponseReturnValue:
    """A link by which the operator sets a new password. Raises NotFound."""

    def work(db: Session) -> tuple[str, str]:
        token = operator_invitations.offer_new_password(db, person_id, real_now(), operator_id())
        _note(db, "operator.password_link", f"operator:{person_id}")
        return token, operators.get(db, person_id).name

    token, name = transaction(work)
    return _link(token, name, is_new=False)


def _form(form: Shown) -> str:
    names = read(operator_lists.branch_names)
    return render_template("console/operators/new.html", form=form, **choices(names))


def _link(token: str, name: str = "", *, is_new: bool = True) -> str:
    path = url_for("console.invited.show", token=token)
    return render_template(
        "console/operators/link.html",
        link=f"{wiring().hall.base_url}{path}",
        name=name,
        is_new=is_new,
        hours=int(operator_invitations.VALID_FOR.total_seconds()) // 3600,
    )


def _note(db: Session, action: str, subject: str, **details: object) -> None:
    audit.write(db, action, subject, now(), by=actor(), **details)
