"""Reply rules: the list in the order of asking, one of them, and the form that writes one."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from content import patterns, reply_forms, reply_items, reply_rules
from content.functions import FUNCTIONS
from content.reply_rules import STATES, ReplyRule
from kernel.refusals import Invalid, NotFound, Refused
from web.console import reply_fields, reply_lists
from web.console.chat_words import bubbles, chat_text
from web.console.fields import Shown, again
from web.console.guards import operator_id, operator_required
from web.console.reply_lists import TABS, Asked
from web.console.settling import require_unchanged, status_of, words_of
from web.wiring import now, read, transaction

bp = Blueprint("reply_rules", __name__, url_prefix="/replies")
bp.add_app_template_filter(chat_text, "chat_text")
bp.add_app_template_filter(bubbles, "bubbles")

_STILL_TYPED = ("invalid", "rule_code_taken", "rule_wrong_state")


@bp.get("")
@operator_required("content.read")
def show_list() -> ResponseReturnValue:
    """Rules of a tab, those that are asked first on top."""
    asked = _asked()
    rules = read(lambda db: reply_lists.page(db, asked, now()))
    return render_template(
        "console/replies/list.html",
        rules=rules,
        asked=asked,
        kinds=[kind for kind in reply_forms.KINDS if kind in TABS[asked.tab]],
        kind_names=reply_forms.KINDS,
        state_names=STATES,
    )


@bp.get("/new")
@operator_required("content.write")
def show_new() -> ResponseReturnValue:
    """An empty rule, for the tab one came from."""
    return _form(Shown(reply_fields.empty(request.args.get("tab", ""))))


@bp.post("")
@operator_required("content.write")
def create() -> ResponseReturnValue:
    """Write a new rule as a draft; what is refused comes back with everything that was typed."""
    values = reply_fields.typed(request.form)
    if "more" in request.form:
        return _form(_with_more(values))

    def work(db: Session) -> int:
        form, code = reply_fields.read(values), reply_fields.code_of(values)
        return reply_rules.draft(db, code, form, operator_id(), now()).id

    return _saved(work, values)


@bp.get("/<row:rule_id>")
@operator_required("content.read")
def show(rule_id: int) -> ResponseReturnValue:
    """One revision: what it answers to what, its review, and what can be done with it."""
    sheet = read(lambda db: reply_lists.sheet(db, rule_id, operator_id(), now()))
    return render_template(
        "console/replies/show.html",
        sheet=sheet,
        rule=sheet.line.rule,
        kind_names=reply_forms.KINDS,
        mode_names=reply_forms.MODES,
        state_names=STATES,
    )


@bp.get("/<row:rule_id>/edit")
@operator_required("content.write")
def show_form(rule_id: int) -> ResponseReturnValue:
    """The form of a revision; of one that stands it will be the next."""
    rule = read(lambda db: reply_rules.get(db, rule_id))
    return _form(Shown(reply_fields.filled(rule)), rule)


@bp.post("/<row:rule_id>")
@operator_required("content.write")
def change(rule_id: int) -> ResponseReturnValue:
    """Save a draft, or begin the next revision of what stands."""
    values = reply_fields.typed(request.form)
    rule = read(lambda db: reply_rules.get(db, rule_id))
    if "more" in request.form:
        return _form(_with_more(values), rule)

    def work(db: Session) -> int:
        held = db.get(ReplyRule, rule_id, with_for_update=True, populate_existing=True)
        if held is None:
            raise NotFound(rule=rule_id)
        require_unchanged(values["seen"], reply_fields.mark_of(held))
        form = reply_fields.read(values)
        return reply_rules.change(db, rule_id, form, operator_id(), now()).id

    return _saved(work, values, rule)


@bp.post("/preview")
@operator_required("content.read")
def preview() -> ResponseReturnValue:
    """How the form's replies will look, and what would be said if it were saved now."""
    values = reply_fields.typed(request.form)
    try:
        reply_forms.check(reply_fields.read(values))
        fault = ""
    except Invalid as refused:
        fault = words_of(refused)
    return render_template("console/replies/preview.html", replies=values["replies"],
                           mode=values["mode"], fault=fault)  # fmt: skip


def _saved(
    work: Any, values: Mapping[str, Any], rule: ReplyRule | None = None
) -> ResponseReturnValue:
    try:
        rule_id = transaction(work)
    except Refused as refused:
        if refused.code not in _STILL_TYPED:
            raise
        return _refused(refused, values, rule)
    flash("rule_saved", "success")
    return redirect(url_for(".show", rule_id=rule_id), 303)


def _refused(
    refused: Refused, values: Mapping[str, Any], rule: ReplyRule | None
) -> ResponseReturnValue:
    if isinstance(refused, Invalid):
        place = refused.facts.get("field")
        shown = again(values, refused)
        if place == "cool_down_seconds":
            shown = Shown(values, "cool_down", shown.reason)
        return _form(shown, rule), status_of(refused)
    field = "code" if refused.code == "rule_code_taken" else "seen"
    return _form(Shown(values, field, words_of(refused)), rule), 409


def _with_more(values: Mapping[str, Any]) -> Shown:
    """Another empty row, for browsers without scripts."""
    rows = {name: list(values[name]) for name in ("patterns", "replies")}
    wanted = request.form["more"]
    if wanted in rows:
        rows[wanted].append({"kind": "text" if wanted == "replies" else "contains"})
    return Shown({**values, **rows})


def _form(form: Shown, rule: ReplyRule | None = None) -> str:
    return render_template(
        "console/replies/form.html",
        form=form,
        rule=rule,
        choices=read(lambda db: reply_lists.choices(db, now())),
        kinds=list(reply_forms.KINDS.items()),
        modes=list(reply_forms.MODES.items()),
        pattern_kinds=patterns.KINDS,
        reply_kinds=reply_items.NAMES,
        functions=FUNCTIONS,
        weekdays=list(enumerate(reply_forms.WEEKDAYS, 1)),
        units=list(reply_fields.UNITS.items()),
        limit=reply_items.TEXT_BYTES,
        may_check=g.operator.may("content.read"),
    )


def _asked() -> Asked:
    given = request.args
    tab, state, kind = (given.get(name, "") for name in ("tab", "state", "kind"))
    tab = tab if tab in TABS else "words"
    return Asked(
        tab,
        state if state in STATES else "",
        kind if kind in TABS[tab] else "",
        given.get("q", "").replace("\x00", "").strip()[:60],
        _cursor(given.get("before", "")),
    )


def _cursor(text: str) -> tuple[int, int] | None:
    priority, _, rule_id = text.partition("-")
    digits = (priority + rule_id).isascii() and priority.isdigit() and rule_id.isdigit()
    return (int(priority), int(rule_id)) if digits and len(text) < 30 else None
