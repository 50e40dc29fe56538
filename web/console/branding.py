"""Brandings above and below articles, and the facts of the house that texts refer to."""

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup
from sqlalchemy.orm import Session

from content import blocks, branding, house_facts, page_html
from content.branding import Branding, BrandingChanged
from content.facts import Wanted
from kernel.refusals import Invalid, Refused
from products import facts
from web.console import article_choices, block_forms
from web.console.block_forms import Row
from web.console.fields import Fields, Shown
from web.console.guards import operator_required
from web.console.products import waiting
from web.console.reviews import hand
from web.console.settling import settle, words_of
from web.wiring import now, read, transaction

bp = Blueprint("branding", __name__, url_prefix="/branding")


@bp.get("")
@operator_required("content.read")
def show_list() -> ResponseReturnValue:
    """Heads, tails, and what is said of the company everywhere."""

    def work(db: Session) -> dict[str, Any]:
        return {
            "drawn": [(one, _drawn(db, one.blocks)) for one in branding.every(db)],
            "facts": house_facts.every(db),
            "waiting": waiting(db, "branding"),
            "facts_waiting": waiting(db, "fact"),
        }

    return render_template("console/branding/list.html", **read(work), places=branding.PLACES)


@bp.get("/<code>")
@operator_required("content.read")
def show(code: str) -> ResponseReturnValue:
    """One snippet as a form. Raises NotFound."""
    one = read(lambda db: branding.get(db, code))
    return _page(one, Shown({"name": one.name}), block_forms.rows_of(one.blocks))


@bp.post("/<code>")
@operator_required("content.write")
def save(code: str) -> ResponseReturnValue:
    """Do the act of the button; saving asks a second person for the change. Raises NotFound."""
    one = read(lambda db: branding.get(db, code))
    fields, act = Fields(request.form), request.form.get("act", "save")[:40]
    form = Shown({"name": fields.text("name")})
    try:
        rows, focus = block_forms.moved(block_forms.read(request.form), act)
        version = fields.number("version")
    except Invalid as refused:
        flash(words_of(refused), "danger")
        return redirect(url_for(".show", code=code), 303)
    if act != "save":  # sorted and added on the page; kept by the button that says so
        return _page(one, form, rows, version=version, focus=focus)
    content = (form["name"], block_forms.blocks_of(rows))
    try:
        change_id = transaction(
            lambda db: branding.ask_change(db, code, version, content, hand()).subject_id
        )
    except Invalid as refused:
        place, reason = str(refused.facts.get("field", "")), words_of(refused)
        rows = block_forms.blamed(rows, refused)
        return _page(one, Shown(form.values, place, reason), rows, version=version), 422
    except BrandingChanged as refused:
        newer = int(str(refused.facts["version"]))
        return _page(one, form, rows, version=newer, stale=True), 409
    except Refused as refused:
        return _page(
            one, Shown(form.values, "form", words_of(refused)), rows, version=version
        ), 409
    flash("change_asked", "success")
    return redirect(url_for("console.changes.show", change_id=change_id), 303)


@bp.post("/facts/<code>")
@operator_required("content.write")
def change_fact(code: str) -> ResponseReturnValue:
    """Ask for another value of a fact of the house. Raises NotFound."""
    fields = Fields(request.form)

    def work(db: Session) -> None:
        version, value = fields.number("version"), fields.text("value")
        house_facts.ask_change(db, code, version, value, hand())

    return settle(work, "change_asked", url_for(".show_list"))


def _drawn(session: Session, body: list[blocks.Block]) -> Markup:
    return page_html.render(body, facts.gather(session, Wanted.of(body), now()))


def _page(one: Branding, form: Shown, rows: list[Row], **more: object) -> str:
    used = {int(row["media"]) for row in rows if row["media"].isascii() and row["media"].isdigit()}
    return render_template(
        "console/branding/form.html",
        one=one,
        form=form,
        rows=rows,
        choices=read(lambda db: article_choices.choices(db, used, now())),
        kinds=blocks.KIND_NAMES,
        places=branding.PLACES,
        **{"version": one.version, "stale": False, "focus": "", **more},
    )
