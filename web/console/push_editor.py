"""The editor of pushes: a draft as a marketer fills it in, with all that it means beside it."""

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from content.compliance import Work
from kernel.refusals import Invalid, NotFound
from pushes import audiences, drafts, life, preflight, push_works, pushes, samples
from pushes.channels import HINTS, NAMES
from pushes.deliveries import REASON_NAMES
from pushes.messages import MOST_VARIANTS, SLOTS, TEXT_BYTES
from pushes.pushes import Push
from pushes.samples import Crowd
from web.console import compliance, push_choices, push_forms, push_looks, reviews
from web.console.fields import Fields, Shown
from web.console.guards import operator_required
from web.console.push_choices import Choices
from web.console.push_forms import Desk
from web.console.push_looks import Frame
from web.console.settling import require_unchanged, status_of, words_of
from web.wiring import now, read, transaction, wiring

bp = Blueprint("push_editor", __name__, url_prefix="/pushes")


@bp.get("/new")
@operator_required("pushes.write")
def show_new() -> ResponseReturnValue:
    """An empty push."""
    return _form(push_forms.blank(wiring().push_rules.grace_minutes))


@bp.post("")
@operator_required("pushes.write")
def create() -> ResponseReturnValue:
    """Write a push down as a draft; what the rules refuse comes back with the form as it was."""

    def work(db: Session) -> int:
        form = push_forms.read(request.form, Desk(push_choices.articles(db)))
        return drafts.write(db, form, reviews.hand()).id

    try:
        push_id = transaction(work)
    except Invalid as refused:
        return _form(push_forms.typed(request.form, refused)), 422
    flash("push_drafted", "success")
    return redirect(url_for("console.pushes.show", push_id=push_id), 303)


@bp.get("/<row:push_id>/edit")
@operator_required("pushes.write")
def show_form(push_id: int) -> ResponseReturnValue:
    """A draft in the form. Raises NotFound, WrongState."""
    push = read(lambda db: _draft(db, push_id))
    return _form(push_forms.shown(push), push)


@bp.post("/<row:push_id>")
@operator_required("pushes.write")
def revise(push_id: int) -> ResponseReturnValue:
    """Change a draft. Raises NotFound, WrongState once it was submitted."""

    def work(db: Session) -> None:
        push = _draft(db, push_id)
        require_unchanged(request.form.get("seen", ""), push_forms.mark(push))
        form = push_forms.read(request.form, Desk(push_choices.articles(db), push))
        drafts.revise(db, push_id, form, reviews.hand())

    try:
        transaction(work)
    except Invalid as refused:
        push = read(lambda db: pushes.get(db, push_id))
        return _form(push_forms.typed(request.form, refused), push), status_of(refused)
    flash("push_saved", "success")
    return redirect(url_for("console.pushes.show", push_id=push_id), 303)


@bp.post("/<row:push_id>/copies")
@operator_required("pushes.write")
def copy(push_id: int) -> ResponseReturnValue:
    """A new draft that says the same to the same people. Raises NotFound, Invalid."""
    made = transaction(lambda db: drafts.copy(db, push_id, reviews.hand()).id)
    flash("push_copied", "success")
    return redirect(url_for(".show_form", push_id=made), 303)


@bp.post("/looks")
@operator_required("pushes.write")
def look() -> ResponseReturnValue:
    """What is being typed, as phones will show it; a fragment."""
    titles = read(push_choices.articles)
    fields = Fields(request.form)
    frame = Frame(wiring().push_rules, fields.flag("service"), fields.text("link"))
    versions = {
        letter.upper(): [
            push_looks.look(one, push_forms.content(request.form, letter, one, titles), frame)
            for one in push_forms.chosen(request.form)
        ]
        for letter in push_forms.letters(request.form)
    }
    return render_template("console/pushes/looks.html", versions=versions)


@bp.post("/findings")
@operator_required("pushes.write")
def weigh() -> ResponseReturnValue:
    """What stands against what is being typed, with all that is added when it is sent."""
    push = push_forms.unchecked(request.form, read(push_choices.articles))
    found = read(lambda db: life.findings(db, push, now()))
    works = push_works.works_of(push, now(), 0)
    whole = Work("push", tuple(one for work in works for one in work.passages))
    says_something = any(one.text.strip() for one in whole.passages)
    shown = compliance.around(found, whole) if says_something else None
    return render_template("console/compliance/findings.html", findings=shown)


@bp.post("/audiences")
@operator_required("pushes.write")
def count() -> ResponseReturnValue:
    """How many the chosen audience means, and five of them; a fragment."""

    def work(db: Session) -> Crowd:
        kept = push_forms.audience(request.form, _asked_push(db))
        return samples.crowd(db, kept, now())

    found, fault = None, ""
    try:
        found = read(work)
    except Invalid as refused:
        fault = words_of(refused)
    return render_template("console/pushes/crowd.html", crowd=found, fault=fault)


@bp.post("/preflights")
@operator_required("pushes.write")
def check() -> ResponseReturnValue:
    """The preflight of what is being typed; a fragment, nothing is written."""

    def work(db: Session) -> dict[str, Any]:
        form = push_forms.read(request.form, Desk(push_choices.articles(db), _asked_push(db)))
        push = drafts.sketch(db, form, reviews.hand())
        found = preflight.look(db, push, now(), wiring().push_rules)
        return {"flight": found, "push": push, "reason_names": REASON_NAMES}

    try:
        shown = read(work)
    except Invalid as refused:
        return render_template("console/pushes/preflight.html", fault=words_of(refused))
    return render_template("console/pushes/preflight.html", **shown, fault="")


def _asked_push(session: Session) -> Push | None:
    """The push that is being changed, as the form says."""
    number = request.form.get("push_id", "")
    is_id = number.isascii() and number.isdigit() and len(number) <= 18
    return session.get(Push, int(number)) if is_id else None


def _draft(session: Session, push_id: int) -> Push:
    push = pushes.get(session, push_id)
    pushes.require(push, "draft")
    return push


def _form(form: Shown, push: Push | None = None) -> str:
    def work(db: Session) -> tuple[Choices, str]:
        return push_choices.find(db), _trigger(db, push)

    choices, trigger = read(work)
    return render_template(
        "console/pushes/edit.html",
        form=form,
        push=push,
        choices=choices,
        trigger=trigger,
        seen=push_forms.mark(push) if push else "",
        channels=[*form["channels"], *(name for name in NAMES if name not in form["channels"])],
        names=NAMES,
        hints=HINTS,
        slots=SLOTS,
        letters=push_forms.LETTERS[:MOST_VARIANTS],
        limit=TEXT_BYTES,
        rules=wiring().push_rules,
    )


def _trigger(session: Session, push: Push | None) -> str:
    """The trigger of a push that a series made, in words; such an audience stays as it is."""
    if push is None or push.audience["kind"] != "trigger":
        return ""
    try:
        return audiences.name_of(session, push.audience)
    except NotFound:
        return ""
