"""How often an article was read and shared, a row an article and day.

What can honestly be known: each opening of our page counts as a read, known robots left out; a
reader who opens it twice counts twice. A share is counted when the page's own share button or
WeChat's JS-SDK says so; WeChat tells nobody what was forwarded by its menu without the JS-SDK.
`shared_reads` are openings by a link that carries the mark of a share (`from=`), which WeChat's
own forwards add as well: readers that a share brought, whoever shared it.
"""

import re
from datetime import date, datetime

from sqlalchemy import Date, ForeignKey, Integer, func, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from kernel.clock import business_day
from kernel.db import Base, insert_once

_ROBOT = re.compile(r"bot|spider|crawl|curl|wget|python|headless|preview", re.IGNORECASE)
# WeChat's own marks of a forwarded link, and ours.
SHARE_MARKS = frozenset({"singlemessage", "groupmessage", "timeline", "share"})


class ArticleDay(Base):
    """One article's figures of one business day."""

    __tablename__ = "article_day"

    article_id: Mapped[int] = mapped_column(
        ForeignKey("article.id"), primary_key=True, autoincrement=False
    )
    day: Mapped[date] = mapped_column(Date, primary_key=True, index=True)
    reads: Mapped[int] = mapped_column(Integer, default=0)
    shares: Mapped[int] = mapped_column(Integer, default=0)
    shared_reads: Mapped[int] = mapped_column(Integer, default=0)


def is_robot(agent: str) -> bool:
    """Whether a browser says of itself that nobody sits before it."""
    return not agent or _ROBOT.search(agent) is not None


def read(session: Session, article_id: int, at: datetime, mark: str = "") -> None:
    """Count one opening of the page; `mark` is the link's `from`."""
    _count(session, article_id, at, (1, 0, int(mark in SHARE_MARKS)))


def share(session: Session, article_id: int, at: datetime) -> None:
    """Count one share that the page was told of."""
    _count(session, article_id, at, (0, 1, 0))


def totals(session: Session, article_ids: list[int]) -> dict[int, tuple[int, int, int]]:
    """(reads, shares, reads by shared links) of each article, of all its days."""
    sums = (func.sum(getattr(ArticleDay, name)) for name in _NAMES)
    query = select(ArticleDay.article_id, *sums).where(ArticleDay.article_id.in_(article_ids))
    rows = session.execute(query.group_by(ArticleDay.article_id))
    return {row[0]: (int(row[1]), int(row[2]), int(row[3])) for row in rows}


def by_day(session: Session, article_id: int, first: date, last: date) -> list[ArticleDay]:
    """The article's days of a span, both ends included."""
    query = select(ArticleDay).where(
        ArticleDay.article_id == article_id, ArticleDay.day >= first, ArticleDay.day <= last
    )
    return list(session.scalars(query.order_by(ArticleDay.day)))


_NAMES = ("reads", "shares", "shared_reads")


def _count(session: Session, article_id: int, at: datetime, more: tuple[int, int, int]) -> None:
    day = business_day(at)
    adding = {name: getattr(ArticleDay, name) + n for name, n in zip(_NAMES, more, strict=True)}
    row = {"article_id": article_id, "day": day, **dict(zip(_NAMES, more, strict=True))}
    updated = session.execute(
        update(ArticleDay)
        .where(ArticleDay.article_id == article_id, ArticleDay.day == day)
        .values(**adding)
        .execution_options(synchronize_session=False)
    )
    if updated.rowcount == 1:  # type: ignore[attr-defined]
        return
    if not insert_once(session, ArticleDay, row, "article_id,day"):
        _count(session, article_id, at, more)
