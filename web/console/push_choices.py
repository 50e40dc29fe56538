"""What the editor of pushes offers for choosing, so that nobody types codes from memory."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from content.article_sync import ArticleSync
from content.articles import Article
from loyalty import segments
from loyalty.tags import Tag
from pushes import lists
from pushes.credits import NoticeCredit
from pushes.pushes import Push
from web.console.menu_links import PAGES

_MOST = 100
_LOOKED_AT = 50
_ASKED_OF = 20

Options = list[tuple[str, str]]


@dataclass(frozen=True)
class Choices:
    """Pairs of a value and its words; `templates` are ids by channel that were used before."""

    tags: Options
    segments: Options
    lists: Options
    articles: dict[int, str]
    templates: dict[str, list[str]]
    pages: Options


def find(session: Session) -> Choices:
    """Everything there is to choose from now."""
    tags = select(Tag.code, Tag.name).where(Tag.active.is_(True)).order_by(Tag.name)
    return Choices(
        tags=[(row.code, row.name) for row in session.execute(tags)],
        segments=[(one.code, one.name) for one in segments.every(session)],
        lists=[(str(one.id), f"{one.name}（{one.size} 位）") for one in lists.every(session)],
        articles=articles(session),
        templates=_templates(session),
        pages=list(PAGES),
    )


def articles(session: Session) -> dict[int, str]:
    """The articles that lie in WeChat's drafts, the newest first."""
    query = (
        select(Article.id, Article.title)
        .join(ArticleSync, ArticleSync.article_id == Article.id)
        .where(ArticleSync.state == "drafted")
        .order_by(ArticleSync.id.desc())
        .limit(_MOST)
    )
    return {int(row.id): row.title for row in session.execute(query)}


def _templates(session: Session) -> dict[str, list[str]]:
    """Templates that the newest pushes used, and those for which somebody holds a credit."""
    found: dict[str, dict[str, None]] = {"notice": {}, "template": {}}
    query = select(Push.variants).order_by(Push.id.desc()).limit(_LOOKED_AT)
    for variants in session.scalars(query):
        for variant in variants:
            for channel, known in found.items():
                content = variant["contents"].get(channel)
                if content:
                    known[content["template_id"]] = None
    held = select(NoticeCredit.template_id).distinct().limit(_ASKED_OF)
    found["notice"] |= dict.fromkeys(session.scalars(held))
    return {channel: list(known) for channel, known in found.items()}
