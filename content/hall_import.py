"""A hall's articles, brandings and facts from its files: new ones added, its own ones updated.

What somebody has written in the console since is the truth: the files do not take it back.
"""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from content import article_revisions, articles, block_text
from content.article_revisions import ArticleRevision, Content, content_of
from content.articles import Article
from content.branding import Branding
from content.hall_files import ArticleEntry, HallFiles
from content.house_facts import HouseFact


def import_articles(session: Session, files: HallFiles, at: datetime) -> tuple[int, int]:
    """Write them into their tables, matched by code; how many were added and changed."""
    done = [_branding(session, files), _facts(session, files)]
    session.flush()
    done.append(_articles(session, files.articles, at))
    return sum(one[0] for one in done), sum(one[1] for one in done)


def _branding(session: Session, files: HallFiles) -> tuple[int, int]:
    standing = {row.code: row for row in session.scalars(select(Branding))}
    added = changed = 0
    for entry in files.branding:
        blocks, row = block_text.read(entry.body), standing.get(entry.code)
        if row is None:
            made = Branding(code=entry.code, place=entry.place, name=entry.name, blocks=blocks)
            session.add(made)
            added += 1
        elif row.edited_at is None and (row.name, row.blocks) != (entry.name, blocks):
            row.name, row.blocks = entry.name, blocks
            changed += 1
    return added, changed


def _facts(session: Session, files: HallFiles) -> tuple[int, int]:
    standing = {row.code: row for row in session.scalars(select(HouseFact))}
    added = changed = 0
    for entry in files.facts:
        row = standing.get(entry.code)
        if row is None:
            session.add(HouseFact(code=entry.code, name=entry.name, value=entry.value))
            added += 1
        elif row.edited_at is None and (row.name, row.value) != (entry.name, entry.value):
            row.name, row.value = entry.name, entry.value
            changed += 1
    return added, changed


def _articles(session: Session, entries: list[ArticleEntry], at: datetime) -> tuple[int, int]:
    written = set(
        session.scalars(
            select(ArticleRevision.article_id).where(ArticleRevision.author_id.is_not(None))
        )
    )
    added = changed = 0
    for entry in entries:
        content, standing = _content(entry), articles.find(session, entry.code)
        if standing is None:
            made = Article(code=entry.code, kind=entry.kind, title=entry.title, chat="", blocks=[])
            session.add(made)
            session.flush()
            article_revisions.show(session, made, content, at)
            added += 1
        elif standing.id not in written and content_of(standing) != content:
            standing.kind = entry.kind
            article_revisions.show(session, standing, content, at)
            changed += 1
    return added, changed


def _content(entry: ArticleEntry) -> Content:
    return Content(
        title=entry.title,
        digest=entry.digest,
        chat=entry.chat,
        blocks=tuple(block_text.read(entry.body)),
        head=entry.head,
        tail=entry.tail,
    )
