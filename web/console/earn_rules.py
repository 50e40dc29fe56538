"""Earn rules: what brings points, and at most how many."""

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from kernel.refusals import Invalid
from loyalty import earn_rule_definitions, earn_rules
from loyalty.earn_rule_definitions import Draft
from loyalty.earn_rules import EarnRule
from web.console.fields import Fields, Shown, again
from web.console.guards import operator_id, operator_required
from web.wiring import now, read, transaction

bp = Blueprint("earn_rules", __name__, url_prefix="/earn-rules")


@bp.get("")
@operator_required("programme.read")
def show_list() -> ResponseReturnValue:
    """All rules, those in use first."""
    return render_template(
        "console/tiers/earn-rules.html", rules=read(earn_rule_definitions.every), at=now()
    )


@bp.get("/new")
@operator_required("programme.write")
def show_new() -> ResponseReturnValue:
    """An empty rule."""
    return _form(Shown({"per_units": 0, "multiplied": True, "active": True}))


@bp.get("/<code>")
@operator_required("programme.write")
def show(code: str) -> ResponseReturnValue:
    """A rule as a form filled in. Raises NotFound."""
    rule = read(lambda db: earn_rules.get(db, code.replace("\x00", "")))
    values = {name: getattr(rule, name) for name in Draft.__dataclass_fields__}
    return _form(Shown(values), rule)


@bp.post("")
@operator_required("programme.write")
def create() -> ResponseReturnValue:
    """Make a rule; what is refused comes back beside its field."""

    def work(db: Session) -> None:
        draft = _draft(Fields(request.form))
        if draft.code in {rule.code for rule in earn_rule_definitions.every(db)}:
            raise Invalid(field="code", reason="这个编码已被使用")
        earn_rule_definitions.define(db, draft, now(), by=operator_id())

    return _store(work, None)


@bp.post("/<code>")
@operator_required("programme.write")
def change(code: str) -> ResponseReturnValue:
    """Change a rule, for events from now on. Raises NotFound."""
    rule = read(lambda db: earn_rules.get(db, code.replace("\x00", "")))

    def work(db: Session) -> None:
        draft = _draft(Fields({**request.form, "code": rule.code}))
        earn_rule_definitions.define(db, draft, now(), by=operator_id())

    return _store(work, rule)


def _store(work: Any, rule: EarnRule | None) -> ResponseReturnValue:
    try:
        transaction(work)
    except Invalid as refused:
        return _form(again(request.form, refused), rule), 422
    flash("earn_rule_saved", "success")
    return redirect(url_for(".show_list"), 303)


def _draft(fields: Fields) -> Draft:
    caps = {name: fields.number(name, 0) for name in ("day_cap", "week_cap", "month_cap")}
    return Draft(
        code=fields.text("code"),
        title=fields.text("title"),
        points=fields.number("points"),
        starts_at=fields.moment("starts_at"),
        ends_at=fields.moment("ends_at"),
        per_units=fields.number("per_units", 0),
        multiplied=fields.flag("multiplied"),
        waits=fields.flag("waits"),
        active=fields.flag("active"),
        **caps,
    )


def _form(form: Shown, rule: EarnRule | None = None) -> str:
    return render_template("console/tiers/earn-rule.html", form=form, rule=rule)
