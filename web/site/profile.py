"""The profile: what the hall asks of its members, in fields of its own."""

from collections.abc import Mapping, Sequence

from flask import Blueprint, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from kernel.refusals import Invalid, Refused
from loyalty import members, profiles
from loyalty.profiles import ProfileField
from web.guards import member_required
from web.site.messages import tell, tell_refused
from web.wiring import now, read, transaction, wiring

bp = Blueprint("profile", __name__, url_prefix="/profile")


@bp.get("")
@member_required
def show_form() -> ResponseReturnValue:
    """The fields with the member's answers."""
    member_id = g.member_id

    def work(session: Session) -> tuple[Sequence[ProfileField], dict[str, str]]:
        answers = profiles.read(session, member_id)
        filled = {code: str(value) for code, value in answers.items() if value is not None}
        return profiles.fields(session), filled

    fields, filled = read(work)
    return _form(fields, filled, {})


@bp.post("")
@member_required
def save() -> ResponseReturnValue:
    """Save the answers, or show the form again with the error at its field."""
    member_id, at = g.member_id, now()
    fields = read(profiles.fields)
    filled = {field.code: request.form.get(field.code, "")[:200] for field in fields}

    def work(session: Session) -> list[str]:
        members.refuse_blocked(session, member_id)
        return profiles.save(session, member_id, filled, at)

    try:
        changed = transaction(work)
    except Invalid as invalid:
        errors = {str(invalid.facts["field"]): wiring().texts.refuse(invalid)}
        return _form(fields, filled, errors), 422
    except Refused as refused:
        tell_refused(refused)
    else:
        tell("site_profile_saved" if changed else "site_profile_same")
    return redirect(url_for("site.profile.show_form"))


def _form(
    fields: Sequence[ProfileField], filled: Mapping[str, str], errors: dict[str, str]
) -> str:
    return render_template(
        "site/profile/form.html", fields=fields, filled=filled, errors=errors, member=g.member
    )
