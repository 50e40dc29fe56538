"""What the pages of articles read."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from content import (
    article_lists,
    article_reads,
    article_revisions,
    article_sync,
    article_workflow,
    blocks,
    branding,
)
from content.article_lists import Entry, Filter, Line
from content.article_reads import ArticleDay
from content.article_revisions import ArticleRevision, Content, content_of
from content.article_sync import ArticleSync
from content.articles import Article
from kernel.clock import business_day
from kernel.operators import Operator
from kernel.refusals import NotFound
from web.console import article_previews, review_lists
from web.console.article_previews import Preview
from web.console.paging import Page, page_of
from web.console.review_lists import Desk

SIZE = 30
_FIGURE_DAYS = 30
# Whose findings are of interest: what can still be changed or stopped.
_UNPUBLISHED = article_revisions.OPEN


@dataclass(frozen=True)
class Sheet:
    """An article, the revision that its page is about, and everything beside it."""

    article: Article
    revision: ArticleRevision | None
    preview: Preview
    desk: Desk
    history: list[ArticleRevision]
    syncs: list[ArticleSync]
    figures: tuple[int, int, int]
    days: list[ArticleDay]
    names: dict[int, str]


@dataclass(frozen=True)
class Lines:
    """A page of the list, with names and reads."""

    page: Page[Line]
    names: dict[int, str]
    reads: dict[int, tuple[int, int, int]]
    late: int


@dataclass(frozen=True)
class Compared:
    """One field of two revisions, as (sign, text) lines: `-` gone, `+` new, `` the same."""

    name: str
    lines: list[tuple[str, str]]


def find(session: Session, article_id: int) -> Article:
    """The article with that number. Raises NotFound."""
    found = session.get(Article, article_id)
    if found is None:
        raise NotFound(article=article_id)
    return found


def lines(session: Session, wanted: Filter, before: int | None, today: date) -> Lines:
    """A page of the list."""
    rows = article_lists.search(session, wanted, before, SIZE + 1)
    page = page_of(rows, SIZE, lambda line: line.article.id)
    people = {line.revision.assignee_id for line in page.rows if line.revision}
    live = [line.article.id for line in page.rows if line.article.published_at]
    return Lines(
        page,
        names_of(session, people),
        article_reads.totals(session, live) if live else {},
        len(article_lists.overdue(session, today)),
    )


def sheet(session: Session, article: Article, revision_id: int, me: int, at: datetime) -> Sheet:
    """The page of an article; of one revision, or with 0 of the one that matters now."""
    revision = _chosen(session, article, revision_id)
    content = content_of(revision or article)
    shown = article_previews.preview(session, content, at)
    subject = (article_workflow.KIND, revision.id if revision else 0)
    is_open = revision is not None and revision.state in _UNPUBLISHED
    authors = frozenset(revision.editors if revision else ())
    desk = review_lists.desk(session, subject, me, authors, shown.findings if is_open else ())
    history = article_revisions.of_article(session, article.id)
    people = {who for one in history for who in (one.author_id, one.assignee_id, *one.editors)}
    today = business_day(at)
    first = today - timedelta(days=_FIGURE_DAYS - 1)
    return Sheet(
        article,
        revision,
        shown,
        desk,
        history,
        article_sync.of_article(session, article.id, 5),
        article_reads.totals(session, [article.id]).get(article.id, (0, 0, 0)),
        article_reads.by_day(session, article.id, first, today),
        names_of(session, people),
    )


def _chosen(session: Session, article: Article, revision_id: int) -> ArticleRevision | None:
    if revision_id:
        revision = article_revisions.get(session, revision_id)
        if revision.article_id != article.id:
            raise NotFound(revision=revision_id)
        return revision
    standing = article_revisions.open_of(session, article.id)
    if standing is None and article.live_id:
        standing = session.get(ArticleRevision, article.live_id)
    if standing is None:
        standing = next(iter(article_revisions.of_article(session, article.id, 1)), None)
    return standing


def names_of(session: Session, people: Iterable[int | None]) -> dict[int, str]:
    """The names of operators by number."""
    wanted = {one for one in people if one}
    if not wanted:
        return {}
    rows = session.execute(select(Operator.id, Operator.name).where(Operator.id.in_(wanted)))
    return {row.id: row.name for row in rows}


def month(session: Session, first: date) -> list[list[tuple[date, list[Entry]]]]:
    """The weeks of a month, Monday first, with what is due, scheduled and published each day."""
    begins = first - timedelta(days=first.weekday())
    last = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    ends = last + timedelta(days=6 - last.weekday())
    by_day: dict[date, list[Entry]] = {}
    for entry in article_lists.calendar(session, begins, ends):
        by_day.setdefault(entry.day, []).append(entry)
    days = [begins + timedelta(days=n) for n in range((ends - begins).days + 1)]
    return [
        [(day, by_day.get(day, [])) for day in days[n : n + 7]] for n in range(0, len(days), 7)
    ]


def texts_of(session: Session, content: Content) -> dict[str, list[str]]:
    """A content as lines of text by field, for comparing two."""
    named = {one.code: one.name for one in branding.every(session)}
    return {
        "标题": [content.title],
        "摘要": [content.digest],
        "作者": [content.byline],
        "聊天文字": content.chat.split("\n"),
        "封面": [f"图片 {content.cover_id}" if content.cover_id else ""],
        "卷首": [named.get(content.head, content.head)],
        "卷尾": [named.get(content.tail, content.tail)],
        "正文": [_said(block) for block in content.blocks],
    }


def _said(block: blocks.Block) -> str:
    said = " / ".join(text for _, text in blocks.texts_of(block))
    codes = " ".join(str(block[name]) for name in ("media", "code") if name in block)
    leads = " ".join(blocks.links_of(block))
    return " ".join(
        one for one in (blocks.KIND_NAMES[block["type"]] + "：", codes, said, leads) if one
    )
