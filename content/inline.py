"""Text with bold words and links: spans in the database, typed as `**bold**` and `[text](link)`.

A span is `{"text"}` with `"bold": true` or `"link": "…"` where they apply. A backslash before
`*`, `[` or itself takes the mark's meaning away.
"""

import re
from collections.abc import Iterator
from typing import Any

from content import links

Span = dict[str, Any]
MOST_SPANS = 200
_MARK = re.compile(
    r"\\(?P<plain>[\\*\[])"
    r"|\*\*(?P<bold>(?:\\[\\*\[]|[^\\*])+)\*\*"
    r"|\[(?P<text>(?:\\[\\*\[\]]|[^\\\[\]])+)\]\((?P<link>[^\s()]{1,500})\)"
)
_ESCAPED = re.compile(r"\\([\\*\[\]])")
# What cannot be shown, or would turn the text around: control marks and overrides of direction.
_UNSEEN = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)


def read(text: str) -> list[Span]:
    """The spans of a text as it is typed; what is not a whole mark stays as it stands."""
    return _joined(_read(clean(text)))


def _read(text: str) -> Iterator[Span]:
    at = 0
    for match in _MARK.finditer(text):
        yield {"text": text[at : match.start()]}
        at = match.end()
        if match["plain"]:
            yield {"text": match["plain"]}
        elif match["bold"]:
            yield {"text": _ESCAPED.sub(r"\1", match["bold"]), "bold": True}
        else:
            yield {"text": _ESCAPED.sub(r"\1", match["text"]), "link": match["link"]}
    yield {"text": text[at:]}


def _joined(spans: Iterator[Span]) -> list[Span]:
    made: list[Span] = []
    for span in spans:
        if not span["text"]:
            continue
        if made and _marks(made[-1]) == _marks(span) == (False, ""):
            made[-1] = {"text": made[-1]["text"] + span["text"]}
        else:
            made.append(span)
    return made


def _marks(span: Span) -> tuple[bool, str]:
    return bool(span.get("bold")), str(span.get("link") or "")


def write(spans: list[Span]) -> str:
    """The same as it is typed: `read(write(spans))` are the spans again."""
    return "".join(_written(span) for span in spans)


def _written(span: Span) -> str:
    text = str(span["text"])
    if span.get("link"):
        label = re.sub(r"([\\*\[\]])", r"\\\1", text)
        return f"[{label}]({span['link']})"
    text = re.sub(r"([\\*\[])", r"\\\1", text)
    return f"**{text}**" if span.get("bold") else text


def plain(spans: list[Span]) -> str:
    """What people read of them."""
    return "".join(str(span["text"]) for span in spans)


def clean(text: str) -> str:
    """The text without what nobody can see."""
    return _UNSEEN.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def faults(spans: list[Span]) -> list[str]:
    """What is wrong with the links of spans, as sentences."""
    found = []
    for span in spans:
        link = span.get("link")
        if link is not None and not links.is_allowed(link):
            found.append(f"链接“{str(link)[:60]}”须以 https:// 开头，或是微站内的路径")
    return found
