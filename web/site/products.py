"""Products: the catalogue by family, one product, and the form to apply for it."""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Self

from flask import Blueprint, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict

from content import branches
from kernel import idempotency
from kernel.clock import business_day
from kernel.idempotency import KeyReused
from kernel.refusals import Invalid, Refused
from products import applications, catalogue
from products.applications import Form
from products.catalogue import Product
from web.errors import STATUSES
from web.guards import member_required, public
from web.site import request_keys
from web.site.messages import tell
from web.wiring import now, read, transaction, wiring

bp = Blueprint("products", __name__, url_prefix="/products")

_EMPTY = {
    "district": "site_district_missing",
    "address": "site_address_missing",
    "visit_on": "site_visit_on_missing",
    "visit_slot": "site_visit_slot_missing",
}


@dataclass(frozen=True)
class Filled:
    """The application form as it was filled in; `key` makes a double tap one application."""

    district: str = ""
    address: str = ""
    visit_on: str = ""
    visit_slot: str = ""
    key: str = ""

    @classmethod
    def read(cls, form: MultiDict[str, str]) -> Self:
        """The fields of a posted form; unknown ones are not looked at."""
        return cls(
            district=form.get("district", ""),
            address=form.get("address", "")[:200].strip(),
            visit_on=form.get("visit_on", "")[:20],
            visit_slot=form.get("visit_slot", ""),
            key=request_keys.read(form.get("key", "")),
        )


@bp.get("")
@public
def show_all() -> ResponseReturnValue:
    """The whole catalogue, by family; a family stands where the first of it does."""
    families: dict[str, list[Product]] = {}
    for one in read(catalogue.every):
        families.setdefault(one.family, []).append(one)
    return render_template("site/products/families.html", families=list(families.items()))


@bp.get("/<name>")
@public
def show(name: str) -> ResponseReturnValue:
    """A family, or one product: menus link to families by name."""
    family = read(lambda db: catalogue.every(db, name))
    if family:
        return render_template("site/products/families.html", families=[(name, family)])
    product = read(lambda db: catalogue.get(db, name))
    return render_template("site/products/product.html", product=product)


@bp.get("/<code>/apply")
@member_required
def show_form(code: str) -> ResponseReturnValue:
    """The empty application form."""
    product = read(lambda db: catalogue.get(db, code))
    return _form(product, Filled(key=request_keys.new()), {})


@bp.post("/<code>/applications")
@member_required
def apply(code: str) -> ResponseReturnValue:
    """File the application, or show the form again with the error at its field."""
    product = read(lambda db: catalogue.get(db, code))
    filled = Filled.read(request.form)
    if errors := _missing(filled):
        return _form(product, filled, errors), 422
    try:
        number = _submit(product, filled, g.member_id)
    except Refused as refused:
        return _refused(product, filled, refused)
    tell("site_applied")
    return redirect(url_for("site.applications.show", number=number))


def _missing(filled: Filled) -> dict[str, str]:
    # All that is empty at once; what is filled in wrongly is for the rules to say.
    say = wiring().texts.say
    return {field: say(phrase) for field, phrase in _EMPTY.items() if not getattr(filled, field)}


def _refused(product: Product, filled: Filled, refused: Refused) -> ResponseReturnValue:
    if isinstance(refused, KeyReused):
        # The key is spent: what is sent next is another application.
        filled = replace(filled, key=request_keys.new())
    field = str(refused.facts["field"]) if isinstance(refused, Invalid) else "form"
    errors = {field: wiring().texts.refuse(refused)}
    return _form(product, filled, errors), STATUSES.get(refused.code, 409)


def _submit(product: Product, filled: Filled, member_id: int) -> str:
    at, vault = now(), wiring().vault
    form = Form(
        product_id=product.id,
        product_name=product.name,
        # A district that no branch serves is as good as none.
        district=filled.district if filled.district in _districts() else "",
        address=filled.address,
        visit_on=_date(filled.visit_on),
        visit_slot=filled.visit_slot,
    )
    asked = [product.code, filled.district, filled.address, filled.visit_on, filled.visit_slot]
    name = (f"member:{member_id}:apply", filled.key)
    number: str = transaction(
        lambda db: idempotency.once(
            db, name, asked, at, lambda: applications.submit(db, vault, member_id, form, at).number
        )
    )
    return number


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        reason = wiring().texts.say("site_visit_on_missing")
        raise Invalid(field="visit_on", reason=reason) from None


def _districts() -> list[str]:
    return list(dict.fromkeys(branch.district for branch in read(branches.every)))


def _form(product: Product, filled: Filled, errors: dict[str, str]) -> str:
    today = business_day(now())
    return render_template(
        "site/products/apply.html",
        product=product,
        filled=filled,
        errors=errors,
        districts=_districts(),
        slots=applications.SLOTS,
        first_day=today + timedelta(days=1),
        last_day=today + timedelta(days=30),
    )
