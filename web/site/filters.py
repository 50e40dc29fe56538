"""Jinja filters of the mini-site: dates as people here write them, and prose without raw HTML."""

from datetime import date, datetime, timedelta

from flask import Flask
from markupsafe import Markup, escape

from kernel.clock import SHANGHAI, business_day
from web.filters import grouped
from web.wiring import wiring

_WEEKDAYS = "一二三四五六日"


def register(app: Flask) -> None:
    """Make the filters known to the app's templates."""
    for found in (day, minute, last_day, weekday, prose, grouped, signed, family_name):
        app.add_template_filter(found)


def day(value: date | datetime) -> str:
    """2026年11月22日, in Shanghai."""
    on = business_day(value) if isinstance(value, datetime) else value
    return f"{on.year}年{on.month}月{on.day}日"


def minute(value: datetime) -> str:
    """2026年11月22日 08:05, in Shanghai."""
    return f"{day(value)} {value.astimezone(SHANGHAI):%H:%M}"


def last_day(end: datetime) -> str:
    """The last day of a window that ends, half-open, at `end`."""
    return day(end - timedelta(microseconds=1))


def weekday(value: date) -> str:
    """周日."""
    return f"周{_WEEKDAYS[value.weekday()]}"


def signed(value: int) -> str:
    """+5 or -5."""
    return f"{value:+,}"


def family_name(family: str) -> str:
    """How the hall calls a family of products."""
    return wiring().texts.phrases.get(f"family_{family}", family)


def prose(text: str) -> Markup:
    """An article's body as HTML: `## ` heads, `- ` items, paragraphs; everything else escaped."""
    blocks: list[Markup] = []
    for block in text.split("\n\n"):
        blocks.extend(_block([line.strip() for line in block.splitlines() if line.strip()]))
    return Markup("\n").join(blocks)


def _block(lines: list[str]) -> list[Markup]:
    made: list[Markup] = []
    while lines:
        mark = _mark(lines[0])
        end = next((n for n, line in enumerate(lines) if _mark(line) != mark), len(lines))
        made.append(_WRITERS[mark](lines[:end]))
        lines = lines[end:]
    return made


def _mark(line: str) -> str:
    return next((mark for mark in ("## ", "- ") if line.startswith(mark)), "")


def _heads(lines: list[str]) -> Markup:
    return Markup("").join(Markup("<h2>{}</h2>").format(line[3:]) for line in lines)


def _items(lines: list[str]) -> Markup:
    items = Markup("").join(Markup("<li>{}</li>").format(line[2:]) for line in lines)
    return Markup("<ul>{}</ul>").format(items)


def _paragraph(lines: list[str]) -> Markup:
    return Markup("<p>{}</p>").format(Markup("<br>").join(escape(line) for line in lines))


_WRITERS = {"## ": _heads, "- ": _items, "": _paragraph}
