"""客服常用语: sentences that staff put into their answers with one click."""

from collections.abc import Callable

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from content import service_phrases
from content.conversation_messages import TEXT_BYTES
from content.service_phrases import ServicePhrase
from kernel.refusals import Invalid, NotFound
from web.console.fields import Fields, Shown, again
from web.console.guards import operator_id, operator_required
from web.console.settling import require_unchanged, settle, status_of
from web.wiring import now, read, transaction

bp = Blueprint("phrases", __name__, url_prefix="/phrases")


@bp.get("")
@operator_required("content.read")
def show_list() -> ResponseReturnValue:
    """The phrases in use, by group."""
    phrases = read(service_phrases.every)
    return render_template("console/phrases/list.html", phrases=phrases)


@bp.get("/new")
@operator_required("content.write")
def show_new() -> ResponseReturnValue:
    """An empty phrase."""
    return _form(Shown({}))


@bp.post("")
@operator_required("content.write")
def create() -> ResponseReturnValue:
    """A new phrase."""
    values = _typed()

    def work(db: Session) -> object:
        return service_phrases.add(db, *_words(values), (operator_id(), now()))

    return _saved(work, values)


@bp.get("/<row:phrase_id>")
@operator_required("content.write")
def show(phrase_id: int) -> ResponseReturnValue:
    """The form of a phrase."""
    phrase = read(lambda db: service_phrases.get(db, phrase_id))
    values = {name: getattr(phrase, name) for name in ("group_name", "title", "text")}
    return _form(Shown({**values, "seen": phrase.changed_at.isoformat()}), phrase)


@bp.post("/<row:phrase_id>")
@operator_required("content.write")
def change(phrase_id: int) -> ResponseReturnValue:
    """Other words."""
    values = _typed()

    def work(db: Session) -> object:
        held = db.get(ServicePhrase, phrase_id, with_for_update=True, populate_existing=True)
        if held is None:
            raise NotFound(phrase=phrase_id)
        require_unchanged(values["seen"], held.changed_at.isoformat())
        return service_phrases.change(db, phrase_id, _words(values), operator_id(), now())

    return _saved(work, values, read(lambda db: service_phrases.get(db, phrase_id)))


@bp.post("/<row:phrase_id>/retire")
@operator_required("content.write")
def retire(phrase_id: int) -> ResponseReturnValue:
    """Offer it no more."""
    return settle(
        lambda db: service_phrases.retire(db, phrase_id, operator_id(), now()),
        "phrase_retired",
        url_for(".show_list"),
    )


def _typed() -> dict[str, str]:
    fields = Fields(request.form)
    typed = {name: fields.text(name) for name in ("group_name", "title", "text", "seen")}
    return {name: text.encode("utf-8", "ignore").decode() for name, text in typed.items()}


def _words(values: dict[str, str]) -> tuple[str, str, str]:
    return values["group_name"], values["title"], values["text"]


def _saved(
    work: Callable[[Session], object], values: dict[str, str], phrase: ServicePhrase | None = None
) -> ResponseReturnValue:
    try:
        transaction(work)
    except Invalid as refused:
        return _form(again(values, refused), phrase), status_of(refused)
    flash("phrase_saved", "success")
    return redirect(url_for(".show_list"), 303)


def _form(form: Shown, phrase: ServicePhrase | None = None) -> str:
    groups = {one.group_name for one in read(service_phrases.every)}
    return render_template(
        "console/phrases/form.html", form=form, phrase=phrase, groups=sorted(groups),
        limit=TEXT_BYTES,
    )  # fmt: skip
