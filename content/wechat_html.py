"""Blocks as the HTML of a WeChat draft: inline styles, no classes, scripts or foreign pictures.

draft/add (developers.weixin.qq.com/doc/subscription/api/draftbox/draftmanage/api_draft_add):
`content` is HTML of less than 20,000 letters and 1 MB; scripts are stripped, and pictures that
did not come from media/uploadimg are dropped. Links: only accounts with WeChat Pay may use `<a>`
in it (same page, field `content`), so links stay words unless the account says it may.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from markupsafe import Markup, escape

from content import links, slots
from content.blocks import Block
from content.facts import Facts
from content.inline import Span

MOST_LETTERS = 20_000
MOST_BYTES = 1_000_000
_GREEN = "#05824a"
_P = "margin:0 0 16px;font-size:16px;line-height:1.75;color:#1c1c1e;"
_BOX = "margin:0 0 16px;padding:12px 16px;border:1px solid #e8e8ea;border-radius:8px;"
_CELL = "padding:8px;border:1px solid #e8e8ea;font-size:14px;line-height:1.5;text-align:left;"
_NOTE = "margin:4px 0 0;font-size:14px;line-height:1.5;color:#6b6f76;"


@dataclass(frozen=True)
class Account:
    """What the account may: `takes_links` with WeChat Pay; own paths begin with `base_url`.

    `pictures` are the addresses that media/uploadimg gave, by the picture's number.
    """

    base_url: str
    takes_links: bool = False
    pictures: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True)
class _Desk:
    facts: Facts
    account: Account

    def words(self, text: str) -> Markup:
        filled = slots.fill(text, self.facts)
        return Markup("<br>").join(escape(line) for line in filled.split("\n"))

    def link(self, link: str, words: Markup) -> Markup:
        address = f"{self.account.base_url}{link}" if links.is_own(link) else link
        # A hall without https (the demo's) has no addresses that anybody could open from there.
        if not (self.account.takes_links and links.is_allowed(link)):
            return words
        if not address.startswith("https://"):
            return words
        return Markup('<a href="{}" style="color:{};">{}</a>').format(address, _GREEN, words)

    def spans(self, spans: Sequence[Span]) -> Markup:
        return Markup("").join(self._span(span) for span in spans)

    def _span(self, span: Span) -> Markup:
        words = self.words(span["text"])
        if span.get("bold"):
            words = Markup("<strong>{}</strong>").format(words)
        return self.link(span["link"], words) if span.get("link") else words


def render(blocks: Sequence[Block], facts: Facts, account: Account) -> Markup:
    """The content of a draft; whatever people typed is escaped, and slots are filled."""
    desk = _Desk(facts, account)
    body = Markup("").join(_WRITERS[block["type"]](block, desk) for block in blocks)
    return Markup("<section>{}</section>").format(body)


def too_long(html: str) -> bool:
    """Whether WeChat would refuse it for its length (45002)."""
    return len(html) >= MOST_LETTERS or len(html.encode()) >= MOST_BYTES


def _styled(tag: str, style: str, inner: Markup | str) -> Markup:
    return Markup('<{0} style="{1}">{2}</{0}>').format(tag, style, inner)


def _heading(block: Block, desk: _Desk) -> Markup:
    size = "17px" if block["level"] == 3 else "19px"
    style = f"margin:24px 0 12px;font-size:{size};line-height:1.5;font-weight:bold;color:#1c1c1e;"
    return _styled("h3" if block["level"] == 3 else "h2", style, desk.words(block["text"]))


def _paragraph(block: Block, desk: _Desk) -> Markup:
    return _styled("p", _P, desk.spans(block["spans"]))


def _quote(block: Block, desk: _Desk) -> Markup:
    style = "margin:0 0 16px;padding:8px 16px;border-left:3px solid #07a35a;color:#46494f;"
    return _styled("blockquote", style, desk.spans(block["spans"]))


def _list(block: Block, desk: _Desk) -> Markup:
    line = "margin:0 0 6px;font-size:16px;line-height:1.75;color:#1c1c1e;"
    items = Markup("").join(_styled("li", line, desk.spans(item)) for item in block["items"])
    shape = "decimal" if block["ordered"] else "disc"
    style = f"margin:0 0 16px;padding-left:24px;list-style-type:{shape};"
    return _styled("ol" if block["ordered"] else "ul", style, items)


def _image(block: Block, desk: _Desk) -> Markup:
    address = desk.account.pictures.get(block["media"])
    if address is None:
        return Markup("")
    media = desk.facts.media.get(block["media"])
    picture = Markup('<img src="{}" alt="{}" style="max-width:100%;">').format(
        address, (media.alt if media else "") or block["caption"]
    )
    if block["caption"]:
        picture += _styled("p", _NOTE, desk.words(block["caption"]))
    return _styled("section", "margin:0 0 16px;text-align:center;", picture)


def _divider(_block: Block, _desk: _Desk) -> Markup:
    return Markup('<hr style="margin:24px 0;border:0;border-top:1px solid #e8e8ea;">')


def _table(block: Block, desk: _Desk) -> Markup:
    head = Markup("").join(
        _styled("th", _CELL + "background:#f2f3f5;", desk.words(cell)) for cell in block["head"]
    )
    rows = Markup("").join(
        Markup("<tr>{}</tr>").format(
            Markup("").join(_styled("td", _CELL, desk.words(cell)) for cell in row)
        )
        for row in block["rows"]
    )
    inner = Markup("<tbody><tr>{}</tr>{}</tbody>").format(head, rows)
    return _styled("table", "width:100%;margin:0 0 16px;border-collapse:collapse;", inner)


def _card(title: Markup, notes: Sequence[str], worth: str = "") -> Markup:
    inner = _styled("p", "margin:0;font-size:16px;line-height:1.5;font-weight:bold;", title)
    if worth:
        inner += _styled("p", f"margin:4px 0 0;font-size:18px;color:{_GREEN};", worth)
    inner += Markup("").join(_styled("p", _NOTE, note) for note in notes if note)
    return _styled("section", _BOX, inner)


def _product(block: Block, desk: _Desk) -> Markup:
    found = desk.facts.products.get(block["code"])
    if found is None:
        return Markup("")
    title = desk.link(f"/site/products/{found.code}", escape(found.name))
    return _card(title, [found.summary], found.price)


def _branch(block: Block, desk: _Desk) -> Markup:
    found = desk.facts.branches.get(block["code"])
    if found is None:
        return Markup("")
    title = desk.link(f"/site/branches/{found.code}", escape(found.name))
    return _card(title, [found.address, found.hours, found.phone])


def _coupon(block: Block, desk: _Desk) -> Markup:
    found = desk.facts.coupons.get(block["code"])
    if found is None:
        return Markup("")
    title = desk.link(found.link, escape(found.title))
    return _card(title, [block["label"]], found.worth)


def _button(block: Block, desk: _Desk) -> Markup:
    words = desk.link(block["link"], desk.words(block["label"]))
    return _styled("p", f"{_P}text-align:center;font-weight:bold;color:{_GREEN};", words)


_WRITERS: Mapping[str, Callable[[Block, _Desk], Markup]] = {
    "heading": _heading,
    "paragraph": _paragraph,
    "quote": _quote,
    "list": _list,
    "image": _image,
    "divider": _divider,
    "table": _table,
    "product": _product,
    "branch": _branch,
    "coupon": _coupon,
    "button": _button,
}
