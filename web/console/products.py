"""Products: their texts and prices, changed by two people, and where articles speak of them."""

from collections.abc import Callable

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from content import changes
from content.changes import ContentChange
from content.reviews import Review
from kernel.refusals import Invalid, NotFound, Refused
from products import catalogue, catalogue_changes
from products.catalogue import Product
from products.catalogue_changes import KIND, Form
from web.console import article_mentions
from web.console.fields import Fields, Shown, again
from web.console.guards import operator_id, operator_required
from web.console.reviews import hand
from web.console.settling import require_unchanged, settle, status_of, words_of
from web.wiring import now, read, transaction

bp = Blueprint("products", __name__, url_prefix="/products")

_TEXTS = ("family", "name", "speed", "period", "summary", "terms")


@bp.get("")
@operator_required("content.read")
def show_list() -> ResponseReturnValue:
    """What is sold, what was, and which changes wait."""

    def work(db: Session) -> tuple[list[Product], list[Product], dict[str, int]]:
        return catalogue.every(db), catalogue.retired(db), waiting(db, KIND.name)

    sold, retired, open_changes = read(work)
    return render_template(
        "console/products/list.html", sold=sold, retired=retired, waiting=open_changes
    )


@bp.get("/new")
@operator_required("content.write")
def show_new() -> ResponseReturnValue:
    """An empty product."""
    return _form(Shown({"period": "月"}))


@bp.post("")
@operator_required("content.write")
def create() -> ResponseReturnValue:
    """Ask for a new product; faults come back beside their fields."""
    fields = Fields(request.form)
    return _asked(
        lambda db: catalogue_changes.ask_new(
            db, fields.text("code"), _read(), hand(), note_of(fields)
        )
    )


@bp.post("/order")
@operator_required("content.write")
def place() -> ResponseReturnValue:
    """Put the products into the order of the form, after the move of its button, if any."""
    codes = [code.replace("\x00", "") for code in request.form.getlist("order")]
    way, _, code = request.form.get("act", "").partition(":")
    if way in {"up", "down"} and code in codes:
        here = codes.index(code)
        there = min(max(here + (1 if way == "down" else -1), 0), len(codes) - 1)
        codes.insert(there, codes.pop(here))
    return settle(
        lambda db: catalogue.place(db, codes, operator_id(), now()),
        "products_placed",
        url_for(".show_list"),
    )


@bp.get("/<code>")
@operator_required("content.read")
def show(code: str) -> ResponseReturnValue:
    """One product as it is, as a form for those who may change it. Raises NotFound."""
    one = read(lambda db: _get(db, code))
    values = {**one.values, "code": one.code, "price": f"{one.price_fen / 100:.2f}"}
    return _form(Shown({**values, "seen": one.version}), one)


@bp.post("/<code>")
@operator_required("content.write")
def change(code: str) -> ResponseReturnValue:
    """Ask for a change. Raises NotFound."""
    one = read(lambda db: _get(db, code))
    fields = Fields(request.form)

    def work(db: Session) -> Review:
        require_unchanged(fields.text("seen"), str(_get(db, code).version))
        return catalogue_changes.ask_change(db, code, _read(), hand(), note_of(fields))

    return _asked(work, one)


@bp.post("/<code>/retirements")
@operator_required("content.write")
def retire(code: str) -> ResponseReturnValue:
    """Ask for it to be sold no longer. Raises NotFound."""
    one = read(lambda db: _get(db, code))
    note = note_of(Fields(request.form))
    return _asked(lambda db: catalogue_changes.ask_retirement(db, code, hand(), note), one)


def note_of(fields: Fields) -> str:
    """What the approver is told. Raises Invalid when too long."""
    note = fields.text("note")
    if len(note) > 500:
        raise Invalid(field="note", reason="最多 500 字")
    return note


def waiting(session: Session, kind: str) -> dict[str, int]:
    """The open change of each subject of a kind."""
    query = select(ContentChange.code, ContentChange.id).where(
        ContentChange.kind == kind, ContentChange.open_for.is_not(None)
    )
    return {row.code: row.id for row in session.execute(query)}


def _get(session: Session, code: str) -> Product:
    found = catalogue.find(session, code)
    if found is None:
        raise NotFound(product=code)
    return found


def _read() -> Form:
    fields = Fields(request.form)
    if not fields.text("price"):
        raise Invalid(field="price", reason="请填写价格")
    texts = {name: fields.text(name) for name in _TEXTS}
    return Form(**texts, price_fen=fields.fen("price"))


def _asked(work: Callable[[Session], Review], one: Product | None = None) -> ResponseReturnValue:
    try:
        change_id = transaction(lambda db: work(db).subject_id)
    except NotFound:
        raise
    except Invalid as refused:
        shown = again(request.form, refused)
        if shown.field == "price_fen":
            shown = Shown(shown.values, "price", shown.reason)
        return _form(shown, one), status_of(refused)
    except Refused as refused:
        field = "code" if refused.code == "product_code_taken" else "form"
        return _form(Shown(dict(request.form), field, words_of(refused)), one), 409
    flash("change_asked", "success")
    return redirect(url_for("console.changes.show", change_id=change_id), 303)


def _form(form: Shown, one: Product | None = None) -> str:
    def work(db: Session) -> tuple[list[article_mentions.Mention], list[ContentChange], list[str]]:
        families = sorted({product.family for product in catalogue.every(db)})
        if one is None:
            return [], [], families
        told = article_mentions.of_code(db, KIND.name, one.code)
        return told, changes.history(db, KIND.name, one.code, 10), families

    mentions, history, families = read(work)
    return render_template(
        "console/products/form.html",
        form=form,
        one=one,
        mentions=mentions,
        history=history,
        families=families,
        states=changes.STATE_NAMES,
    )
