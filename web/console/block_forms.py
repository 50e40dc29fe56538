"""Blocks as a form types them: one row a block, in the order in which the page names them.

A row's fields are called `<key>.<name>`; the order is that of the repeated field `block`, so that
dragging rows about on the page is all that sorting needs. Rows left blank are not kept.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from werkzeug.datastructures import MultiDict

from content import blocks, inline
from content.blocks import Block
from kernel.refusals import Invalid
from web.console.fields import Fields

NAMES = ("text", "level", "ordered", "media", "caption", "code", "label", "link")
_KEY = re.compile(r"[a-z][0-9]{1,4}", re.ASCII)
_CELLS = re.compile(r"(?<!\\)[|｜]")


@dataclass(frozen=True)
class Row:
    """A block as it was typed; `fault` is what is wrong with it."""

    key: str
    kind: str
    values: Mapping[str, str]
    fault: str = ""

    def __getitem__(self, name: str) -> str:
        return self.values.get(name, "")

    @property
    def name(self) -> str:
        """What people call its kind."""
        return blocks.KIND_NAMES[self.kind]

    @property
    def is_blank(self) -> bool:
        """Whether nothing was put into it yet."""
        wanted = {"product": "code", "branch": "code", "coupon": "code", "image": "media"}
        if self.kind == "divider":
            return False
        if self.kind == "button":
            return not (self["label"] or self["link"])
        return not self[wanted.get(self.kind, "text")]


def read(form: MultiDict[str, str]) -> list[Row]:
    """The rows of a posted form. Raises Invalid for too many."""
    keys = [key for key in dict.fromkeys(form.getlist("block")) if _KEY.fullmatch(key)]
    if len(keys) > blocks.MOST_BLOCKS + 1:
        raise Invalid(field="blocks", reason=f"正文最多 {blocks.MOST_BLOCKS} 段")
    typed = Fields(form)
    found = []
    for key in keys:
        kind = typed.text(f"{key}.kind")
        if kind in blocks.KIND_NAMES:
            values = {name: typed.text(f"{key}.{name}") for name in NAMES}
            found.append(Row(key, kind, values))
    return found


def rows_of(body: Sequence[Block]) -> list[Row]:
    """The rows of blocks that are kept already."""
    return [
        Row(f"b{number}", block["type"], _typed(block)) for number, block in enumerate(body, 1)
    ]


def blocks_of(rows: Sequence[Row]) -> list[Block]:
    """The blocks of the rows, not checked; blank rows are left out."""
    return [_block(row) for row in rows if not row.is_blank]


def blamed(rows: Sequence[Row], refused: Invalid) -> list[Row]:
    """The rows, with the fault beside the one that it is about."""
    number = refused.facts.get("block")
    written = [row.key for row in rows if not row.is_blank]
    if not isinstance(number, int) or not 0 < number <= len(written):
        return list(rows)
    key, reason = written[number - 1], str(refused.facts.get("reason", ""))
    return [replace(row, fault=reason) if row.key == key else row for row in rows]


def moved(rows: Sequence[Row], act: str) -> tuple[list[Row], str]:
    """The rows after a button: `up:`, `down:`, `delete:`, `below:` with a key, or `add:` with a
    kind; and the key of the row to look at."""
    deed, _, key = act.partition(":")
    done = list(rows)
    if deed == "add" and key in blocks.KIND_NAMES:
        done.append(_blank(rows, key))
        return done, done[-1].key
    at = next((number for number, row in enumerate(done) if row.key == key), None)
    if at is None:
        return done, ""
    if deed == "delete":
        done.pop(at)
        return done, done[min(at, len(done) - 1)].key if done else ""
    if deed == "below":
        done.insert(at + 1, _blank(rows, "paragraph"))
        return done, done[at + 1].key
    to = {"up": at - 1, "down": at + 1}.get(deed, at)
    if 0 <= to < len(done):
        done[at], done[to] = done[to], done[at]
    return done, key


def anchor(rows: Sequence[Row], key: str) -> str | None:
    """Where the row will stand on the page once its blocks are kept; see `rows_of`."""
    kept = [row.key for row in rows if not row.is_blank]
    return f"row-b{kept.index(key) + 1}" if key in kept else None


def _blank(rows: Sequence[Row], kind: str) -> Row:
    taken = {row.key for row in rows}
    key = next(f"n{number}" for number in range(1, 9999) if f"n{number}" not in taken)
    return Row(key, kind, {})


def _block(row: Row) -> Block:
    lines = [line.strip() for line in row["text"].split("\n") if line.strip()]
    made: dict[str, dict[str, Any]] = {
        "heading": {"text": row["text"], "level": 3 if row["level"] == "3" else 2},
        "list": {"items": lines, "ordered": bool(row["ordered"])},
        "image": {"media": _number(row["media"]), "caption": row["caption"]},
        "divider": {},
        "table": _table(lines),
        "product": {"code": row["code"]},
        "branch": {"code": row["code"]},
        "coupon": {"code": row["code"], "label": row["label"]},
        "button": {"label": row["label"], "link": row["link"]},
    }
    return {"type": row.kind, **made.get(row.kind, {"spans": row["text"]})}


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else 0


def _table(lines: Sequence[str]) -> dict[str, Any]:
    rows = [[cell.replace("\\|", "|").strip() for cell in _CELLS.split(line)] for line in lines]
    return {"head": rows[0] if rows else [], "rows": rows[1:]}


def _typed(block: Block) -> dict[str, str]:
    typed = {name: str(block[name]) for name in NAMES if name in block and name != "ordered"}
    if "spans" in block:
        typed["text"] = inline.write(block["spans"])
    if "items" in block:
        typed["text"] = "\n".join(" ".join(inline.write(one).split()) for one in block["items"])
        typed["ordered"] = "yes" if block["ordered"] else ""
    if "rows" in block:
        typed["text"] = "\n".join(_line(row) for row in (block["head"], *block["rows"]))
    return typed


def _line(cells: Sequence[str]) -> str:
    line = " | ".join(cell.replace("|", "\\|") for cell in cells)
    # A line of empty cells alone is still a row of its table.
    return line if line.strip() else "|" * max(len(cells) - 1, 1)
