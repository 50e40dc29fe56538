"""The text form of a body, as a hall's files have it: paragraphs, `## ` heads, `- ` items.

Also `1. ` items, `> ` quotes and `---`; bold words and links as in `content.inline`.
"""

import re
from itertools import groupby

from content import inline
from content.blocks import Block, check

_ORDERED = re.compile(r"\d{1,2}\. ")


def read(text: str) -> list[Block]:
    """The blocks of a text. Raises Invalid as `blocks.check` does."""
    made: list[Block] = []
    for paragraph in inline.clean(text).split("\n\n"):
        lines = [line.strip() for line in paragraph.splitlines() if line.strip()]
        for kind, group in groupby(lines, _kind):
            made += _made(kind, list(group))
    return check(made)


def _kind(line: str) -> str:
    if line.startswith(("## ", "### ")):
        return "heading"
    if line.startswith("- "):
        return "list"
    if _ORDERED.match(line):
        return "ordered"
    if line.startswith("> "):
        return "quote"
    return "divider" if line == "---" else "paragraph"


def _made(kind: str, lines: list[str]) -> list[Block]:
    if kind == "heading":
        return [_heading(line) for line in lines]
    if kind == "divider":
        return [{"type": "divider"}]
    if kind in {"list", "ordered"}:
        items = [inline.read(line.split(" ", 1)[1]) for line in lines]
        return [{"type": "list", "ordered": kind == "ordered", "items": items}]
    if kind == "quote":
        lines = [line.removeprefix("> ") for line in lines]
    return [{"type": kind, "spans": inline.read("\n".join(lines))}]


def _heading(line: str) -> Block:
    marks, text = line.split(" ", 1)
    return {"type": "heading", "level": len(marks), "text": text}
