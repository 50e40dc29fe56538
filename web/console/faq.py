"""常见问题: the list in its order, one entry, the form that writes one, and trying the search."""

from collections.abc import Callable, Mapping
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from content import faq, faq_forms, faq_misses
from content.faq import STATES, FaqEntry, Form
from content.reviews import AlreadyInReview
from kernel.refusals import Invalid
from web.console import faq_lists
from web.console.fields import Fields, Shown, again
from web.console.guards import operator_id, operator_required
from web.console.paging import asked_id
from web.console.settling import require_unchanged, settle, status_of, words_of
from web.wiring import now, read, transaction

bp = Blueprint("faq", __name__, url_prefix="/faq")

_WORDS = 120
Work = Callable[[Session], int]


@bp.get("")
@operator_required("content.read")
def show_list() -> ResponseReturnValue:
    """Questions in their order; with words, what those would find."""
    words = request.args.get("q", "").replace("\x00", "").strip()[:_WORDS]
    state = request.args.get("state", "")
    state, after = state if state in STATES else "", _cursor(request.args.get("after", ""))
    tried = read(lambda db: faq_lists.tried(db, words)) if words else None
    entries = None if tried else read(lambda db: faq_lists.page(db, state, after))
    return render_template(
        "console/faq/list.html",
        tried=tried,
        entries=entries,
        state_asked=state,
        after=after,
        words=words,
        state_names=STATES,
    )


@bp.get("/new")
@operator_required("content.write")
def show_new() -> ResponseReturnValue:
    """An empty entry, or one begun from a question that nothing answered."""
    miss_id = asked_id("miss")
    if miss_id is None:
        return _form(Shown({}))

    def work(db: Session) -> tuple[str, faq_lists.Tried]:
        sample = faq_misses.get(db, miss_id).sample
        return sample, faq_lists.tried(db, sample)

    sample, near = read(work)
    return _form(Shown({"question": sample[:60], "miss": miss_id}), near=near)


@bp.post("")
@operator_required("content.write")
def create() -> ResponseReturnValue:
    """Write a new entry as a draft; what is refused comes back with what was typed."""
    values = _typed()

    def work(db: Session) -> int:
        entry = faq.draft(db, _read(values), operator_id(), now())
        _settle_miss(db, values, entry)
        return entry.id

    return _saved(work, values)


@bp.get("/<row:entry_id>")
@operator_required("content.read")
def show(entry_id: int) -> ResponseReturnValue:
    """One entry: what customers read, what is proposed, how it was received."""
    sheet = read(lambda db: faq_lists.sheet(db, entry_id, operator_id()))
    return render_template(
        "console/faq/show.html", sheet=sheet, entry=sheet.entry, state_names=STATES
    )


@bp.get("/<row:entry_id>/edit")
@operator_required("content.write")
def show_form(entry_id: int) -> ResponseReturnValue:
    """The form of an entry; a question that nothing answered may become one of its wordings."""
    miss_id = asked_id("miss")

    def work(db: Session) -> tuple[FaqEntry, str]:
        entry = faq.get(db, entry_id)
        return entry, faq_misses.get(db, miss_id).sample[:60] if miss_id is not None else ""

    entry, sample = read(work)
    form = faq.form_of(entry)
    phrasings = [*form.phrasings, sample] if sample else form.phrasings
    values = {**form.__dict__, "phrasings": "\n".join(phrasings), "seen": _mark(entry)}
    return _form(Shown({**values, "miss": miss_id or ""}), entry)


@bp.post("/<row:entry_id>")
@operator_required("content.write")
def change(entry_id: int) -> ResponseReturnValue:
    """Propose other words; customers read the old ones until they are approved."""
    values = _typed()

    def work(db: Session) -> int:
        held = faq.hold(db, entry_id)
        require_unchanged(values["seen"], _mark(held))
        entry = faq.change(db, entry_id, _read(values), operator_id(), now())
        _settle_miss(db, values, entry)
        return entry.id

    return _saved(work, values, read(lambda db: faq.get(db, entry_id)))


@bp.post("/<row:entry_id>/moves")
@operator_required("content.write")
def move(entry_id: int) -> ResponseReturnValue:
    """One place up or down."""
    way = "up" if request.form.get("way") == "up" else "down"

    def work(db: Session) -> None:
        entry = faq.get(db, entry_id)
        other = faq_lists.neighbour(db, entry, way)
        if other is not None:
            pair = [entry.id, other.id] if way == "up" else [other.id, entry.id]
            faq.place(db, pair, operator_id(), now())

    after = request.form.get("after", "")
    back = url_for(".show_list", after=after if _cursor(after) else None)
    return settle(work, "faq_moved", back)


def _typed() -> dict[str, Any]:
    fields = Fields(request.form)
    names = ("question", "phrasings", "answer", "link", "seen", "miss")
    typed = {name: fields.text(name) for name in names}
    # Half a surrogate pair can be neither stored nor sent.
    return {name: text.encode("utf-8", "ignore").decode() for name, text in typed.items()}


def _read(values: Mapping[str, Any]) -> Form:
    return Form(
        values["question"], values["answer"], values["phrasings"].split("\n"), values["link"]
    )


def _settle_miss(session: Session, values: Mapping[str, Any], entry: FaqEntry) -> None:
    if values["miss"]:
        miss_id = Fields(values).row_id("miss")
        if faq_misses.get(session, miss_id).state == "open":
            faq_misses.answer(session, miss_id, entry, operator_id(), now())


def _mark(entry: FaqEntry) -> str:
    return entry.changed_at.isoformat()


def _saved(
    work: Work, values: Mapping[str, Any], entry: FaqEntry | None = None
) -> ResponseReturnValue:
    try:
        entry_id = transaction(work)
    except Invalid as refused:
        return _form(again(values, refused), entry), status_of(refused)
    except AlreadyInReview as refused:
        return _form(Shown(values, "seen", words_of(refused)), entry), 409
    flash("faq_saved", "success")
    return redirect(url_for(".show", entry_id=entry_id), 303)


def _form(form: Shown, entry: FaqEntry | None = None, near: faq_lists.Tried | None = None) -> str:
    return render_template(
        "console/faq/form.html",
        form=form,
        entry=entry,
        near=near,
        limit=faq_forms.ANSWER_BYTES,
        most=faq_forms.PHRASINGS,
    )


def _cursor(text: str) -> tuple[int, int] | None:
    position, _, entry_id = text.partition("-")
    digits = (position + entry_id).isascii() and position.isdigit() and entry_id.isdigit()
    return (int(position), int(entry_id)) if digits and len(text) < 30 else None
