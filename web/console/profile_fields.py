"""Profile fields: what the hall wants to know of its members."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from kernel.refusals import Invalid, NotFound
from loyalty import profiles
from loyalty.profiles import KINDS, ProfileField, Question
from web.console.fields import Fields, Shown, again
from web.console.guards import operator_id, operator_required
from web.wiring import now, read, transaction

bp = Blueprint("profile_fields", __name__, url_prefix="/profile-fields")


@bp.get("")
@operator_required("programme.read")
def show_list() -> ResponseReturnValue:
    """All fields in their order, those out of use too."""
    found = read(lambda db: profiles.fields(db, with_inactive=True))
    return render_template("console/tags/profile-fields.html", fields=found, kinds=KINDS)


@bp.get("/new")
@operator_required("programme.write")
def show_new() -> ResponseReturnValue:
    """An empty field, after the others."""
    count = len(read(lambda db: profiles.fields(db, with_inactive=True)))
    return _form(Shown({"position": count, "active": True}))


@bp.get("/<code>")
@operator_required("programme.write")
def show(code: str) -> ResponseReturnValue:
    """A field as a form filled in. Raises NotFound."""
    field = read(lambda db: _get(db, code))
    values = {name: getattr(field, name) for name in Question.__dataclass_fields__}
    return _form(Shown(values | {"choices": "\n".join(field.choices)}), field)


@bp.post("")
@operator_required("programme.write")
def define() -> ResponseReturnValue:
    """Make a field or change the one with that code; faults come back beside their fields."""
    fields = Fields(request.form)

    def work(db: Session) -> None:
        profiles.define(db, _question(fields), now(), by=operator_id())

    try:
        transaction(work)
    except Invalid as refused:
        return _form(again(request.form, refused)), 422
    flash("profile_field_saved", "success")
    return redirect(url_for(".show_list"), 303)


def _question(fields: Fields) -> Question:
    position = fields.number("position", 0)
    if not 0 <= position <= 1000:
        raise Invalid(field="position", reason="顺序须为 0 至 1000")
    choices = [line.strip() for line in fields.text("choices").split("\n") if line.strip()]
    return Question(
        code=fields.text("code"),
        title=fields.text("title"),
        kind=fields.text("kind"),
        choices=tuple(choices),
        required=fields.flag("required"),
        position=position,
        active=fields.flag("active"),
    )


def _get(session: Session, code: str) -> ProfileField:
    found = session.get(ProfileField, code.replace("\x00", ""))
    if found is None:
        raise NotFound
    return found


def _form(form: Shown, field: ProfileField | None = None) -> str:
    return render_template("console/tags/profile-field.html", form=form, field=field, kinds=KINDS)
