"""What stands against publishing an article: the compliance rules, and references to nothing."""

from collections.abc import Iterator

from sqlalchemy import select
from sqlalchemy.orm import Session

from content import blocks, branding, compliance, slots
from content.article_revisions import Content
from content.articles import Article
from content.blocks import Block
from content.compliance import Finding, Passage, Setting, Work
from content.facts import Facts, Wanted

_PREFIX = "/site/articles/"
_LISTS = {
    "product": ("products", "产品"),
    "branch": ("branches", "营业厅"),
    "coupon": ("coupons", "优惠券"),
}


def wanted(session: Session, content: Content) -> Wanted:
    """Which facts the content needs to be shown or checked, head and tail included."""
    body = framed(session, content)
    media = [content.cover_id] if content.cover_id is not None else []
    return Wanted.of(body, [content.title, content.digest, content.chat], media)


def framed(session: Session, content: Content) -> list[Block]:
    """The blocks of a content between its head and tail, as they are shown."""
    return branding.framed(session, content.head, list(content.blocks), content.tail)


def inspect(
    session: Session, content: Content, facts: Facts, setting: Setting = compliance.DEFAULT
) -> list[Finding]:
    """Everything that stands against publishing the content, the red first."""
    body = framed(session, content)
    found = [*_missing(content), *_references(content, body, facts), *_dead_links(session, body)]
    found += compliance.inspect(work_of(content, body, facts), setting)
    return sorted(found, key=lambda finding: finding.severity != "red")


def work_of(content: Content, body: list[Block], facts: Facts) -> Work:
    """The content as the compliance rules read it: as people will, with its slots filled."""
    said = [("标题", content.title), ("摘要", content.digest), ("聊天文字", content.chat)]
    passages = [Passage(place, slots.fill(text, facts)) for place, text in said if text]
    linked: list[Passage] = []
    for number, block in enumerate(body, 1):
        place = blocks.place(number, block)
        text = "\n".join(slots.fill(text, facts) for _, text in blocks.texts_of(block))
        if text:
            passages.append(Passage(place, text))
        linked += [Passage(place, link) for link in blocks.links_of(block)]
    return Work("article", tuple(passages), tuple(linked))


def _missing(content: Content) -> Iterator[Finding]:
    if not content.blocks:
        yield _finding("article-empty", "正文", "", "还没有正文", "写好正文再提交")
    if not content.chat:
        why = "聊天里点菜单时没有可以回复的文字"
        yield _finding("article-no-chat", "聊天文字", "", why, "填写聊天文字")


def _references(content: Content, body: list[Block], facts: Facts) -> Iterator[Finding]:
    said = [("标题", content.title), ("摘要", content.digest), ("聊天文字", content.chat)]
    for number, block in enumerate(body, 1):
        place = blocks.place(number, block)
        said += [(place, text) for _, text in blocks.texts_of(block)]
        if block["type"] in _LISTS:
            name, title = _LISTS[block["type"]]
            if block["code"] not in getattr(facts, name):
                yield _gone(place, block["code"], f"没有在用的{title}“{block['code']}”")
        if block["type"] == "image" and block["media"] not in facts.media:
            yield _gone(place, str(block["media"]), "图片已不在素材库里")
    for place, text in said:
        for slot in slots.unknown(text, facts):
            yield _gone(place, slot, f"{slot} 没有对应的资料")
    if content.cover_id is not None and content.cover_id not in facts.media:
        yield _gone("封面", "", "封面已不在素材库里")


def _dead_links(session: Session, body: list[Block]) -> Iterator[Finding]:
    leads = [
        (blocks.place(number, block), link.split("?")[0].split("#")[0])
        for number, block in enumerate(body, 1)
        for link in blocks.links_of(block)
        if link.startswith(_PREFIX)
    ]
    if not leads:
        return
    codes = {link.removeprefix(_PREFIX) for _, link in leads}
    query = select(Article.code).where(Article.code.in_(codes), Article.state == "published")
    standing = set(session.scalars(query))
    for place, link in leads:
        if link.removeprefix(_PREFIX) not in standing:
            yield _gone(place, link, f"文章 {link} 还没有发布")


def _gone(place: str, quote: str, why: str) -> Finding:
    return _finding("unknown-reference", place, quote, why, "改用现有的资料，或先把资料补上")


def _finding(rule: str, place: str, quote: str, why: str, fix: str) -> Finding:
    return Finding(rule, "red", place, quote, why, fix, "统一口径")
