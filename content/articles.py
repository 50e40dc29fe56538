"""Articles: pieces of business information, told shortly in the chat and in full on a page.

A row is what customers see now; how it came about stands in `article_revisions`.
"""

from datetime import datetime

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, String, Text, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from content.blocks import Block
from kernel.activity import BigId
from kernel.db import Base
from kernel.refusals import NotFound

KIND_NAMES = {"article": "图文", "page": "业务页面"}
STATE_NAMES = {"draft": "未发布", "published": "已发布", "withdrawn": "已下线"}
TITLE_LETTERS, DIGEST_LETTERS, BYLINE_LETTERS, CHAT_LETTERS = 64, 120, 16, 600


class Article(Base):
    """`chat` is the answer in WeChat, `blocks` the page; the code stands for ever.

    `live_id` is the revision that everybody sees, `trial_id` the one that the trial tag sees.
    """

    __tablename__ = "article"
    __table_args__ = (Index("ix_article_state_published_at", "state", "published_at"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    code: Mapped[str] = mapped_column(String(40), unique=True)
    kind: Mapped[str] = mapped_column(String(10), default="page")
    state: Mapped[str] = mapped_column(String(12), default="draft")
    title: Mapped[str] = mapped_column(String(TITLE_LETTERS))
    digest: Mapped[str] = mapped_column(String(DIGEST_LETTERS), default="")
    chat: Mapped[str] = mapped_column(Text)
    blocks: Mapped[list[Block]] = mapped_column(JSON, default=list)
    cover_id: Mapped[int | None] = mapped_column(ForeignKey("media.id"), index=True)
    byline: Mapped[str] = mapped_column(String(BYLINE_LETTERS), default="")
    head: Mapped[str] = mapped_column(String(40), default="")
    tail: Mapped[str] = mapped_column(String(40), default="")
    live_id: Mapped[int | None] = mapped_column(BigInteger)
    trial_id: Mapped[int | None] = mapped_column(BigInteger)
    published_at: Mapped[datetime | None]


def get(session: Session, code: str) -> Article:
    """The published article with that code. Raises NotFound."""
    article = find(session, code)
    if article is None or article.state != "published":
        raise NotFound(article=code)
    return article


def find(session: Session, code: str) -> Article | None:
    """The article with that code in whatever state, if there is one."""
    return session.scalar(select(Article).where(Article.code == code))


def every(session: Session) -> list[Article]:
    """All published articles in the order of their making: for pickers."""
    query = select(Article).where(Article.state == "published").order_by(Article.id)
    return list(session.scalars(query))


def newest(session: Session, limit: int = 20) -> list[Article]:
    """The published articles (not the pages), the newest first."""
    query = select(Article).where(Article.state == "published", Article.kind == "article")
    return list(session.scalars(query.order_by(Article.published_at.desc()).limit(limit)))


def hold(session: Session, article_id: int) -> Article:
    """The article, locked until the end of the transaction. Raises NotFound."""
    found = session.scalar(
        select(Article)
        .where(Article.id == article_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if found is None:
        raise NotFound(article=article_id)
    return found
