"""Lists of articles for those who make them: by state, by assignee, and as a calendar."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from content import article_revisions
from content.article_revisions import ArticleRevision
from content.articles import Article
from kernel.clock import business_day, day_start


@dataclass(frozen=True)
class Line:
    """An article with the revision that is worked on (or the live one) for a list."""

    article: Article
    revision: ArticleRevision | None


@dataclass(frozen=True)
class Filter:
    """What a list shows; empty fields ask for everything."""

    words: str = ""
    kind: str = ""
    state: str = ""  # of an open revision, or of the article: published, withdrawn
    assignee_id: int | None = None


def search(
    session: Session, wanted: Filter, before_id: int | None = None, limit: int = 30
) -> list[Line]:
    """Articles with their open revisions, newest first, a page at a time."""
    query = (
        select(Article, ArticleRevision)
        .outerjoin(ArticleRevision, ArticleRevision.open_for == Article.id)
        .order_by(Article.id.desc())
        .limit(limit)
    )
    if before_id is not None:
        query = query.where(Article.id < before_id)
    if wanted.words:
        query = query.where(
            or_(
                Article.title.contains(wanted.words, autoescape=True),
                ArticleRevision.title.contains(wanted.words, autoescape=True),
                Article.code.contains(wanted.words, autoescape=True),
            )
        )
    if wanted.kind:
        query = query.where(Article.kind == wanted.kind)
    if wanted.state in article_revisions.OPEN:
        query = query.where(ArticleRevision.state == wanted.state)
    elif wanted.state:
        query = query.where(Article.state == wanted.state)
    if wanted.assignee_id is not None:
        query = query.where(ArticleRevision.assignee_id == wanted.assignee_id)
    return [Line(row[0], row[1]) for row in session.execute(query)]


@dataclass(frozen=True)
class Entry:
    """One thing of a day: `what` is due, scheduled or published."""

    day: date
    what: str
    revision: ArticleRevision


def calendar(session: Session, first: date, last: date) -> list[Entry]:
    """What is due, scheduled and published on the days from `first` to `last`, both included."""
    begins, ends = day_start(first), day_start(last + timedelta(days=1))
    due = session.scalars(
        select(ArticleRevision)
        .where(
            ArticleRevision.due_on >= first,
            ArticleRevision.due_on <= last,
            ArticleRevision.open_for.is_not(None),
        )
        .limit(500)
    )
    found = [Entry(one.due_on, "due", one) for one in due if one.due_on]
    found += [
        Entry(business_day(one.publish_at), "scheduled", one)
        for one in session.scalars(
            select(ArticleRevision)
            .where(
                ArticleRevision.state == "scheduled",
                ArticleRevision.publish_at >= begins,
                ArticleRevision.publish_at < ends,
            )
            .limit(500)
        )
        if one.publish_at
    ]
    found += [
        Entry(business_day(one.published_at), "published", one)
        for one in _published(session, begins, ends)
        if one.published_at
    ]
    return sorted(found, key=lambda entry: (entry.day, entry.what, entry.revision.id))


def overdue(session: Session, today: date, limit: int = 20) -> list[ArticleRevision]:
    """What should have been written by now, the longest overdue first."""
    query = select(ArticleRevision).where(
        ArticleRevision.due_on < today, ArticleRevision.state.in_(("topic", "writing"))
    )
    return list(session.scalars(query.order_by(ArticleRevision.due_on).limit(limit)))


def _published(session: Session, begins: datetime, ends: datetime) -> list[ArticleRevision]:
    query = select(ArticleRevision).where(
        ArticleRevision.published_at >= begins, ArticleRevision.published_at < ends
    )
    return list(session.scalars(query.limit(500)))
