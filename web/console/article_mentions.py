"""Which articles speak of a product or a branch: whoever changes it sees what changes with it."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from content import blocks, slots
from content.article_revisions import OPEN, ArticleRevision
from content.articles import Article

_SLOTS = {
    "product": frozenset({"price", "speed", "product"}),
    "branch": frozenset({"hours", "address", "tel", "branch"}),
}
_MOST = 500


@dataclass(frozen=True)
class Mention:
    """An article that shows it, live or in work."""

    article_id: int
    title: str
    is_live: bool


def of_code(session: Session, kind: str, code: str) -> list[Mention]:
    """The articles that show the product or branch with that code."""
    live = select(Article).where(Article.state == "published").order_by(Article.id.desc())
    written = select(ArticleRevision).where(ArticleRevision.open_for.is_not(None))
    written = written.where(ArticleRevision.state.in_(OPEN)).order_by(ArticleRevision.id.desc())
    found = [
        Mention(one.id, one.title, is_live=True)
        for one in session.scalars(live.limit(_MOST))
        if _tells(one, kind, code)
    ]
    return found + [
        Mention(one.article_id, one.title, is_live=False)
        for one in session.scalars(written.limit(_MOST))
        if _tells(one, kind, code)
    ]


def _tells(row: Article | ArticleRevision, kind: str, code: str) -> bool:
    if any(block["type"] == kind and block["code"] == code for block in row.blocks):
        return True
    said = [row.title, row.digest, row.chat]
    said += [text for block in row.blocks for _, text in blocks.texts_of(block)]
    return any(
        (slot in _SLOTS[kind] and of == code) for text in said for slot, of in slots.find(text)
    )
