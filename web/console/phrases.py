"""客服常用语: sentences that staff put into their answers with one click."""

from collections.abc import Callable

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from content import service_phrases
from content.conversation_messages import TEXT_BYTES
from content.reviews import Review
from content.service_phrases import ServicePhrase
from kernel.refusals import Invalid, NotFound, Refused
from web.console.fields import Fields, Shown, again
from web.console.guards import operator_required
from web.console.products import note_of, waiting
from web.console.reviews import hand
from web.console.settling import require_unchanged, settle, status_of, words_of
from web.wiring import read, transaction

bp = Blueprint("phrases", __name__, url_prefix="/phrases")


@bp.get("")
@operator_required("content.read")
def show_list() -> ResponseReturnValue:
    """The phrases in use, by group."""

    def work(db: Session) -> tuple[list[ServicePhrase], dict[str, int]]:
        return service_phrases.every(db), waiting(db, service_phrases.KIND.name)

    phrases, open_changes = read(work)
    return render_template("console/phrases/list.html", phrases=phrases, waiting=open_changes)


@bp.get("/new")
@operator_required("content.write")
def show_new() -> ResponseReturnValue:
    """An empty phrase."""
    return _form(Shown({}))


@bp.post("")
@operator_required("content.write")
def create() -> ResponseReturnValue:
    """Ask for a new phrase."""
    values = _typed()

    return _asked(lambda db: service_phrases.ask_new(db, _words(values), hand(), _note()), values)


@bp.get("/<row:phrase_id>")
@operator_required("content.write")
def show(phrase_id: int) -> ResponseReturnValue:
    """The form of a phrase."""
    phrase = read(lambda db: service_phrases.get(db, phrase_id))
    values = {name: getattr(phrase, name) for name in ("group_name", "title", "text")}
    return _form(Shown({**values, "seen": phrase.version}), phrase)


@bp.post("/<row:phrase_id>")
@operator_required("content.write")
def change(phrase_id: int) -> ResponseReturnValue:
    """Ask for other words."""
    values = _typed()

    def work(db: Session) -> Review:
        require_unchanged(values["seen"], str(service_phrases.get(db, phrase_id).version))
        return service_phrases.ask_change(db, phrase_id, _words(values), hand(), _note())

    return _asked(work, values, read(lambda db: service_phrases.get(db, phrase_id)))


@bp.post("/<row:phrase_id>/retire")
@operator_required("content.write")
def retire(phrase_id: int) -> ResponseReturnValue:
    """Ask for it to be offered no more."""
    return settle(
        lambda db: service_phrases.ask_retirement(db, phrase_id, hand()),
        "change_asked",
        url_for(".show_list"),
    )


def _typed() -> dict[str, str]:
    fields = Fields(request.form)
    typed = {name: fields.text(name) for name in ("group_name", "title", "text", "seen")}
    return {name: text.encode("utf-8", "ignore").decode() for name, text in typed.items()}


def _words(values: dict[str, str]) -> tuple[str, str, str]:
    return values["group_name"], values["title"], values["text"]


def _note() -> str:
    return note_of(Fields(request.form))


def _asked(
    work: Callable[[Session], Review], values: dict[str, str], phrase: ServicePhrase | None = None
) -> ResponseReturnValue:
    try:
        change_id = transaction(lambda db: work(db).subject_id)
    except NotFound:
        raise
    except Invalid as refused:
        return _form(again(values, refused), phrase), status_of(refused)
    except Refused as refused:
        return _form(Shown(values, "form", words_of(refused)), phrase), 409
    flash("change_asked", "success")
    return redirect(url_for("console.changes.show", change_id=change_id), 303)


def _form(form: Shown, phrase: ServicePhrase | None = None) -> str:
    groups = {one.group_name for one in read(service_phrases.every)}
    return render_template(
        "console/phrases/form.html", form=form, phrase=phrase, groups=sorted(groups),
        limit=TEXT_BYTES,
    )  # fmt: skip
