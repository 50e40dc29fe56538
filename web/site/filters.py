"""Jinja filters of the mini-site: dates as people here write them, and prose without raw HTML."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from flask import Flask
from markupsafe import Markup, escape

from kernel.clock import SHANGHAI, business_day
from loyalty.coupons import CouponBatch
from web.filters import grouped
from web.wiring import wiring

_WEEKDAYS = "一二三四五六日"


def register(app: Flask) -> None:
    """Make the filters known to the app's templates."""
    for found in _FILTERS:
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


def yuan(fen: int) -> str:
    """An amount in yuan without needless zeros: 12.5, 1,000."""
    return f"{fen // 100:,}" if fen % 100 == 0 else f"{fen / 100:,.2f}".rstrip("0")


def lifetime(batch: CouponBatch) -> str:
    """How long a coupon of the batch lives once it is had."""
    if batch.validity == "fixed" and batch.fixed_from and batch.fixed_until:
        return f"{day(batch.fixed_from)}至{last_day(batch.fixed_until)}可用"
    if batch.validity == "next_days":
        return f"领取次日起 {batch.valid_days} 天内有效"
    return (
        "领取当月有效" if batch.validity == "month_end" else f"领取后 {batch.valid_days} 天内有效"
    )


def off_days(unusable: Mapping[str, Any]) -> str:
    """The days on which a batch's coupons cannot be used: 周六、2027年2月5日至2027年2月11日."""
    parts = [f"周{_WEEKDAYS[number]}" for number in unusable.get("weekdays", ())]
    for first, last in unusable.get("dates", ()):
        begins, ends = date.fromisoformat(first), date.fromisoformat(last)
        parts.append(day(begins) if begins == ends else f"{day(begins)}至{day(ends)}")
    return "、".join(parts)


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
_FILTERS = (
    day, minute, last_day, weekday, prose, grouped, signed, family_name, yuan, lifetime, off_days,
)  # fmt: skip
