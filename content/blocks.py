"""The body of an article as blocks: what each kind holds, and what is accepted of it.

`heading {level, text}` · `paragraph {spans}` · `quote {spans}` · `list {ordered, items: [spans]}`
· `image {media, caption}` · `divider` · `table {head, rows}` · `product {code}` · `branch {code}`
· `coupon {code, label}` · `button {label, link}`. Spans: `content.inline`.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from content import inline, links
from content.inline import Span
from kernel.refusals import Invalid

Block = dict[str, Any]
MOST_BLOCKS = 200
MOST_LETTERS = 20_000  # of the whole body, as WeChat counts (draft/add, field content)
_TEXT = 5_000
_LINE = 100
_CELL = 60
_ITEMS = 60
_ROWS, _COLUMNS = 40, 6
_CODE = re.compile(r"[a-z0-9-]{1,40}", re.ASCII)
KIND_NAMES = {
    "heading": "小标题",
    "paragraph": "段落",
    "quote": "引用",
    "list": "列表",
    "image": "图片",
    "divider": "分隔线",
    "table": "表格",
    "product": "产品卡片",
    "branch": "营业厅卡片",
    "coupon": "领券入口",
    "button": "按钮",
}


class _Wrong(ValueError):
    """What is wrong with a block, in words."""


def check(value: Any, field: str = "blocks") -> list[Block]:
    """The blocks with their known fields only. Raises Invalid, which names the block by number."""
    if not isinstance(value, list) or len(value) > MOST_BLOCKS:
        raise Invalid(field=field, reason=f"正文最多 {MOST_BLOCKS} 段")
    made = [_checked(block, number, field) for number, block in enumerate(value, 1)]
    if sum(len(text) for block in made for _, text in texts_of(block)) > MOST_LETTERS:
        raise Invalid(field=field, reason=f"正文最多 {MOST_LETTERS} 字，请分成几篇")
    return made


def _checked(value: Any, number: int, field: str) -> Block:
    kind = value.get("type") if isinstance(value, Mapping) else None
    if not isinstance(kind, str) or kind not in _READERS:
        raise Invalid(field=field, reason=f"第 {number} 段：类型不认识", block=number)
    try:
        return {"type": kind, **_READERS[kind](value)}
    except _Wrong as wrong:
        reason = f"第 {number} 段（{KIND_NAMES[kind]}）：{wrong}"
        raise Invalid(field=field, reason=reason, block=number) from None


def _text(value: Mapping[str, Any], name: str, title: str, most: int, least: int = 1) -> str:
    text = value.get(name) or ""
    if not isinstance(text, str):
        raise _Wrong(f"{title}不是文字")
    text = " ".join(inline.clean(text).split())
    if not least <= len(text) <= most:
        raise _Wrong(f"请填写{title}" if len(text) < least else f"{title}最多 {most} 字")
    return text


def _spans(value: Any, most: int = _TEXT) -> list[Span]:
    if isinstance(value, str):
        value = inline.read(value)
    if not isinstance(value, list) or len(value) > inline.MOST_SPANS:
        raise _Wrong("文字格式太多")
    spans = [_span(one) for one in value]
    spans = [one for one in spans if one["text"]]
    letters = len(inline.plain(spans))
    if not inline.plain(spans).strip():
        raise _Wrong("请填写文字")
    if letters > most:
        raise _Wrong(f"最多 {most} 字，现有 {letters} 字")
    for fault in inline.faults(spans):
        raise _Wrong(fault)
    return spans


def _span(value: Any) -> Span:
    if not isinstance(value, Mapping) or not isinstance(value.get("text"), str):
        raise _Wrong("文字格式不对")
    span: Span = {"text": inline.clean(value["text"])}
    if value.get("bold") is True:
        span["bold"] = True
    if value.get("link"):
        span["link"] = str(value["link"])
    return span


def _heading(value: Mapping[str, Any]) -> Block:
    level = 3 if value.get("level") == 3 else 2
    return {"level": level, "text": _text(value, "text", "小标题", _LINE)}


def _prose(value: Mapping[str, Any]) -> Block:
    return {"spans": _spans(value.get("spans"))}


def _list(value: Mapping[str, Any]) -> Block:
    items = value.get("items")
    if not isinstance(items, list) or not 1 <= len(items) <= _ITEMS:
        raise _Wrong(f"要有 1 至 {_ITEMS} 项")
    return {
        "ordered": value.get("ordered") is True,
        "items": [_spans(item, 500) for item in items],
    }


def _image(value: Mapping[str, Any]) -> Block:
    media = value.get("media")
    if isinstance(media, bool) or not isinstance(media, int) or not 0 < media < 2**53:
        raise _Wrong("请从素材库选择图片")
    return {"media": media, "caption": _text(value, "caption", "图片说明", _LINE, 0)}


def _table(value: Mapping[str, Any]) -> Block:
    head, rows = value.get("head"), value.get("rows")
    if not isinstance(head, list) or not 1 <= len(head) <= _COLUMNS:
        raise _Wrong(f"要有 1 至 {_COLUMNS} 列")
    if not isinstance(rows, list) or not 1 <= len(rows) <= _ROWS:
        raise _Wrong(f"要有 1 至 {_ROWS} 行")
    if any(not isinstance(row, list) or len(row) != len(head) for row in rows):
        raise _Wrong(f"每行要有 {len(head)} 格")
    return {"head": _cells(head), "rows": [_cells(row) for row in rows]}


def _cells(row: Sequence[Any]) -> list[str]:
    return [_text({"cell": cell}, "cell", "单元格", _CELL, 0) for cell in row]


def _named(value: Mapping[str, Any]) -> Block:
    code = value.get("code")
    if not isinstance(code, str) or not _CODE.fullmatch(code):
        raise _Wrong("请选择一项")
    return {"code": code}


def _coupon(value: Mapping[str, Any]) -> Block:
    return {**_named(value), "label": _text(value, "label", "按钮文字", 12, 0) or "去领券"}


def _button(value: Mapping[str, Any]) -> Block:
    link = value.get("link")
    if not isinstance(link, str) or not links.is_allowed(link):
        raise _Wrong("链接须以 https:// 开头，或是微站内的路径，如 /site/products")
    return {"label": _text(value, "label", "按钮文字", 12), "link": link}


_READERS: dict[str, Callable[[Mapping[str, Any]], Block]] = {
    "heading": _heading,
    "paragraph": _prose,
    "quote": _prose,
    "list": _list,
    "image": _image,
    "divider": lambda _value: {},
    "table": _table,
    "product": _named,
    "branch": _named,
    "coupon": _coupon,
    "button": _button,
}


def texts_of(block: Block) -> Iterator[tuple[str, str]]:
    """The texts of a block, each with the field it stands in."""
    for name in ("text", "caption", "label"):
        if block.get(name):
            yield name, block[name]
    if "spans" in block:
        yield "spans", inline.plain(block["spans"])
    for item in block.get("items", ()):
        yield "items", inline.plain(item)
    for row in (block.get("head", ()), *block.get("rows", ())):
        for cell in row:
            yield "cells", cell


def links_of(block: Block) -> Iterator[str]:
    """Where a block leads."""
    if block.get("link"):
        yield block["link"]
    for spans in (block.get("spans", ()), *block.get("items", ())):
        yield from (span["link"] for span in spans if span.get("link"))


def media_of(blocks: Sequence[Block]) -> set[int]:
    """The pictures that the blocks show."""
    return {block["media"] for block in blocks if block["type"] == "image"}


def place(number: int, block: Block) -> str:
    """Where a finding is: 正文第 3 段（表格）."""
    return f"正文第 {number} 段（{KIND_NAMES[block['type']]}）"
