"""Slots: `{{price:broadband-300m}}` in a text is filled from the data each time it is shown."""

import re
from collections.abc import Iterator

from content.facts import Facts

_SLOT = re.compile(r"\{\{\s*([a-z]{1,20}):([a-z0-9-]{1,40})\s*\}\}", re.ASCII)
# Braces that look meant but are no slot, such as {{价格}}.
_BROKEN = re.compile(r"\{\{[^{}]{0,60}\}\}")
KINDS = {
    "price": "产品价格",
    "speed": "产品速率",
    "product": "产品名称",
    "hours": "营业时间",
    "address": "营业厅地址",
    "tel": "营业厅电话",
    "branch": "营业厅名称",
    "phone": "公司电话",
    "fact": "公司资料",
}


def find(text: str) -> Iterator[tuple[str, str]]:
    """The slots of a text as (kind, code)."""
    for match in _SLOT.finditer(text):
        yield match[1], match[2]


def fill(text: str, facts: Facts) -> str:
    """The text with its slots filled; one that means nothing reads as —, never as braces."""
    filled = _SLOT.sub(lambda match: value(match[1], match[2], facts) or "—", text)
    return _BROKEN.sub("—", filled)


def unknown(text: str, facts: Facts) -> list[str]:
    """The slots that nothing stands behind, as they are written."""
    missing = [m[0] for m in _SLOT.finditer(text) if value(m[1], m[2], facts) is None]
    return missing + _BROKEN.findall(_SLOT.sub("", text))


def value(kind: str, code: str, facts: Facts) -> str | None:
    """What a slot says; None where nothing stands behind it."""
    if kind in {"price", "speed", "product"}:
        product = facts.products.get(code)
        if product is None:
            return None
        return {"price": product.price, "speed": product.speed}.get(kind, product.name)
    if kind in {"hours", "address", "tel", "branch"}:
        branch = facts.branches.get(code)
        said = branch and {
            "hours": branch.hours,
            "address": branch.address,
            "tel": branch.phone,
            "branch": branch.name,
        }
        return said[kind] if said else None
    return facts.house.get(code) if kind in {"phone", "fact"} else None
