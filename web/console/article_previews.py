"""How an article will look: as a page on the phone and as an article of WeChat, and its findings.

WeChat takes inline styles only, and the console's policy lets none through: each becomes a class
whose rule the style sheet here has.
"""

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from markupsafe import Markup
from sqlalchemy.orm import Session

from content import article_checks, page_html, slots, wechat_html
from content.article_revisions import Content
from content.blocks import Block
from content.compliance import Finding
from content.facts import BranchFact, CouponFact, Facts, MediaFact, ProductFact
from content.wechat_html import Account
from products import facts
from web.console.publishing import setting

_STYLE = re.compile(r' style="([^"]*)"')


@dataclass(frozen=True)
class Preview:
    """An article made ready to be looked at."""

    title: str
    digest: str
    byline: str
    cover: MediaFact | None
    phone: Markup
    wechat: Markup
    is_too_long: bool
    findings: list[Finding]


def preview(session: Session, content: Content, at: datetime) -> Preview:
    """What readers would see of a checked content, and what stands against it."""
    known = facts.of_content(session, content, at)
    body = article_checks.framed(session, content)
    sent = wechat(body, known)
    return Preview(
        slots.fill(content.title, known),
        slots.fill(content.digest, known),
        content.byline,
        known.media.get(content.cover_id) if content.cover_id is not None else None,
        page_html.render(body, known),
        classed(sent),
        wechat_html.too_long(sent),
        article_checks.inspect(session, content, known, setting()),
    )


def wechat(body: list[Block], known: Facts) -> Markup:
    """The body as it goes to WeChat, with our own addresses of its pictures."""
    pictures = {number: f"/site/media/{one.digest}" for number, one in known.media.items()}
    return wechat_html.render(body, known, Account("", pictures=pictures))


def classed(html: Markup) -> Markup:
    """The same with classes in place of styles. Typed text has no bare quotes, so none is met."""
    made = _STYLE.sub(lambda found: f' class="{_class(found[1])}"', html)
    return Markup(made)  # noqa: S704 - Markup it was, and only the styles are others


@cache
def style_sheet() -> str:
    """A rule for every style that a WeChat article of ours has."""
    media = {1: MediaFact(1, "0" * 64, 1, 1, "")}
    known = Facts(
        {"x": ProductFact("x", "x", "x", "x", "x")},
        {"x": BranchFact("x", "x", "x", "x", "x")},
        {"x": CouponFact("x", "x", "x", "/x")},
        {},
        media,
    )
    styles = dict.fromkeys(_STYLE.findall(wechat(_SAMPLES, known)))
    return "\n".join(f".wt-wechat .{_class(style)} {{ {style} }}" for style in styles)


def _class(style: str) -> str:
    return f"wx-{hashlib.sha256(style.encode()).hexdigest()[:10]}"


_SPANS = [{"text": "x"}]
_SAMPLES: list[Block] = [
    {"type": "heading", "level": 2, "text": "x"},
    {"type": "heading", "level": 3, "text": "x"},
    {"type": "paragraph", "spans": _SPANS},
    {"type": "quote", "spans": _SPANS},
    {"type": "list", "ordered": True, "items": [_SPANS]},
    {"type": "list", "ordered": False, "items": [_SPANS]},
    {"type": "image", "media": 1, "caption": "x"},
    {"type": "divider"},
    {"type": "table", "head": ["x"], "rows": [["x"]]},
    {"type": "product", "code": "x"},
    {"type": "branch", "code": "x"},
    {"type": "coupon", "code": "x", "label": "x"},
    {"type": "button", "label": "x", "link": "/site"},
]
