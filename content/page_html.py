"""Blocks as HTML of the mini-site: classes only, since its policy lets no inline style through."""

from collections.abc import Callable, Mapping, Sequence

from markupsafe import Markup, escape

from content import links, slots
from content.blocks import Block
from content.facts import Facts
from content.inline import Span


def render(blocks: Sequence[Block], facts: Facts) -> Markup:
    """The body as HTML; whatever people typed is escaped, and slots are filled."""
    return Markup("\n").join(_WRITERS[block["type"]](block, facts) for block in blocks)


def _words(text: str, facts: Facts) -> Markup:
    return Markup("<br>").join(escape(line) for line in slots.fill(text, facts).split("\n"))


def _spans(spans: Sequence[Span], facts: Facts) -> Markup:
    return Markup("").join(_span(span, facts) for span in spans)


def _span(span: Span, facts: Facts) -> Markup:
    words = _words(span["text"], facts)
    if span.get("bold"):
        words = Markup("<strong>{}</strong>").format(words)
    link = span.get("link")
    if link and links.is_allowed(link):
        return Markup('<a href="{}"{}>{}</a>').format(link, _leaving(link), words)
    return words


def _leaving(link: str) -> Markup:
    return Markup("") if links.is_own(link) else Markup(' rel="noopener noreferrer"')


def _heading(block: Block, facts: Facts) -> Markup:
    tag = Markup("<h3>{}</h3>") if block["level"] == 3 else Markup("<h2>{}</h2>")
    return tag.format(_words(block["text"], facts))


def _paragraph(block: Block, facts: Facts) -> Markup:
    return Markup("<p>{}</p>").format(_spans(block["spans"], facts))


def _quote(block: Block, facts: Facts) -> Markup:
    return Markup("<blockquote><p>{}</p></blockquote>").format(_spans(block["spans"], facts))


def _list(block: Block, facts: Facts) -> Markup:
    items = Markup("").join(
        Markup("<li>{}</li>").format(_spans(item, facts)) for item in block["items"]
    )
    return (Markup("<ol>{}</ol>") if block["ordered"] else Markup("<ul>{}</ul>")).format(items)


def _image(block: Block, facts: Facts) -> Markup:
    media = facts.media.get(block["media"])
    if media is None:
        return Markup("")
    caption = _words(block["caption"], facts)
    return Markup(
        '<figure class="figure"><img src="/site/media/{}" width="{}" height="{}" alt="{}"'
        ' loading="lazy">{}</figure>'
    ).format(
        media.digest,
        media.width,
        media.height,
        media.alt or block["caption"],
        Markup("<figcaption>{}</figcaption>").format(caption) if caption else "",
    )


def _divider(_block: Block, _facts: Facts) -> Markup:
    return Markup('<hr class="divider">')


def _table(block: Block, facts: Facts) -> Markup:
    head = Markup("").join(
        Markup('<th scope="col">{}</th>').format(_words(cell, facts)) for cell in block["head"]
    )
    rows = Markup("").join(
        Markup("<tr>{}</tr>").format(
            Markup("").join(Markup("<td>{}</td>").format(_words(cell, facts)) for cell in row)
        )
        for row in block["rows"]
    )
    return Markup(
        '<div class="sheet" tabindex="0"><table><thead><tr>{}</tr></thead><tbody>{}</tbody>'
        "</table></div>"
    ).format(head, rows)


def _product(block: Block, facts: Facts) -> Markup:
    product = facts.products.get(block["code"])
    if product is None:
        return Markup("")
    return Markup(
        '<a class="inset" href="/site/products/{}"><span class="inset__main"><b>{}</b>'
        '<span class="inset__note">{}</span></span><span class="inset__worth">{}</span></a>'
    ).format(product.code, product.name, product.summary, product.price)


def _branch(block: Block, facts: Facts) -> Markup:
    branch = facts.branches.get(block["code"])
    if branch is None:
        return Markup("")
    return Markup(
        '<a class="inset" href="/site/branches/{}"><span class="inset__main"><b>{}</b>'
        '<span class="inset__note">{}</span><span class="inset__note">{} · {}</span></span></a>'
    ).format(branch.code, branch.name, branch.address, branch.hours, branch.phone)


def _coupon(block: Block, facts: Facts) -> Markup:
    batch = facts.coupons.get(block["code"])
    if batch is None:
        return Markup("")
    return Markup(
        '<a class="inset inset_coupon" href="{}"><span class="inset__main"><b>{}</b>'
        '<span class="inset__note">{}</span></span><span class="inset__worth">{}</span></a>'
    ).format(batch.link, batch.title, block["label"], batch.worth)


def _button(block: Block, facts: Facts) -> Markup:
    if not links.is_allowed(block["link"]):
        return Markup("")
    return Markup(
        '<p class="actions"><a class="weui-btn weui-btn_primary" href="{}"{}>{}</a></p>'
    ).format(block["link"], _leaving(block["link"]), _words(block["label"], facts))


_WRITERS: Mapping[str, Callable[[Block, Facts], Markup]] = {
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
