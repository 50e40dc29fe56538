"""Products are made, changed and retired by two people: one asks, another approves."""

import re
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from content import changes
from content.changes import Kind
from content.inline import clean
from content.reviews import Hand, Review
from kernel.refusals import Invalid, Refused
from products import catalogue
from products.catalogue import Product

_CODE = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*", re.ASCII)
_TITLES = {
    "family": "类别",
    "name": "名称",
    "speed": "速率",
    "price_fen": "价格",
    "period": "计价周期",
    "summary": "简介",
    "terms": "说明",
}
KIND = Kind("product", Product, "产品", _TITLES, retiring="停售")
_LENGTHS = {"family": 20, "name": 40, "speed": 20, "period": 4, "summary": 100, "terms": 20_000}
_MOST_FEN = 100_000_000


class ProductCodeTaken(Refused):
    """Another product, sold or not, or a family has that code."""

    code = "product_code_taken"


@dataclass(frozen=True)
class Form:
    """A product as it should be; `price_fen` is for a `period` such as 月."""

    family: str
    name: str
    speed: str
    price_fen: int
    period: str
    summary: str
    terms: str


def form_of(product: Product) -> Form:
    """The product as it is."""
    return Form(**product.values)


def ask_new(session: Session, code: str, form: Form, hand: Hand, note: str = "") -> Review:
    """Ask for a new product. Raises ProductCodeTaken, ChangeOpen, NotCompliant, Invalid."""
    if not _CODE.fullmatch(code) or len(code) > 40:
        raise Invalid(field="code", reason="编码只能用小写字母、数字和连字符，最多 40 个字符")
    # Families and products share one kind of address.
    taken = select(Product.id).where((Product.code == code) | (Product.family == code))
    if session.scalar(taken.limit(1)) is not None:
        raise ProductCodeTaken
    return changes.ask(session, KIND.new(code, _checked(form)), hand, note)


def ask_change(session: Session, code: str, form: Form, hand: Hand, note: str = "") -> Review:
    """Ask for a change. Raises NotFound, ChangeOpen, NotCompliant, Invalid."""
    draft = KIND.change(catalogue.get(session, code), _checked(form))
    return changes.ask(session, draft, hand, note)


def ask_retirement(session: Session, code: str, hand: Hand, note: str = "") -> Review:
    """Ask for a product to be sold no longer. Raises NotFound, ChangeOpen."""
    return changes.ask(session, KIND.retirement(catalogue.get(session, code)), hand, note)


def _checked(form: Form) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, most in _LENGTHS.items():
        text = clean(getattr(form, name)).strip()
        if name != "terms":
            text = " ".join(text.split())
        if not 1 <= len(text) <= most:
            reason = f"请填写{_TITLES[name]}" if not text else f"{_TITLES[name]}最多 {most} 字"
            raise Invalid(field=name, reason=reason)
        values[name] = text
    if not _CODE.fullmatch(values["family"]):
        raise Invalid(field="family", reason="类别只能用小写字母、数字和连字符")
    if isinstance(form.price_fen, bool) or not 0 <= form.price_fen <= _MOST_FEN:
        raise Invalid(field="price_fen", reason="价格要在 0 至 1,000,000 元之间")
    return {**values, "price_fen": form.price_fen}
