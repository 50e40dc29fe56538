"""Revisions of articles: what is being written, and what was published when.

States: `topic` → `writing` → `review` → `approved` → (`trial`) → `scheduled` → `published` →
`superseded` | `withdrawn`; `dropped` for what nobody goes on with. An article has one open
revision at most; while it is open, the published one stays live.
"""

from dataclasses import dataclass, fields
from datetime import date, datetime

from sqlalchemy import (
    JSON,
    Boolean,
    Date,
    ForeignKey,
    Index,
    Integer,
    String,
    Text,
    select,
    update,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from content.articles import (
    BYLINE_LETTERS,
    DIGEST_LETTERS,
    TITLE_LETTERS,
    Article,
)
from content.blocks import Block
from kernel.activity import BigId
from kernel.db import Base
from kernel.refusals import NotFound, Refused

BRIEF_LETTERS = 500
STATE_NAMES = {
    "topic": "选题",
    "writing": "写作中",
    "review": "审核中",
    "approved": "待发布",
    "trial": "试用中",
    "scheduled": "定时发布",
    "published": "已发布",
    "superseded": "已被替换",
    "withdrawn": "已下线",
    "dropped": "已放弃",
}
OPEN = ("topic", "writing", "review", "approved", "trial", "scheduled")


@dataclass(frozen=True)
class Content:
    """Everything that a reader sees of an article; `head` and `tail` name brandings or are ""."""

    title: str
    digest: str = ""
    chat: str = ""
    blocks: tuple[Block, ...] = ()
    cover_id: int | None = None
    byline: str = ""
    head: str = ""
    tail: str = ""


class ArticleRevision(Base):
    """One revision; `version` grows with each saving, `open_for` is unique while it is open.

    `brief` is what the topic is about, `problem` why a publication at a time did not come about.
    `to_wechat` asks for the WeChat article when it is published.
    """

    __tablename__ = "article_revision"
    __table_args__ = (
        Index("ix_article_revision_article_id_id", "article_id", "id"),
        Index("ix_article_revision_state_publish_at", "state", "publish_at"),
        Index("ix_article_revision_due_on", "due_on"),
        Index("ix_article_revision_published_at", "published_at"),
        Index("ix_article_revision_assignee_id_state", "assignee_id", "state"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    article_id: Mapped[int] = mapped_column(ForeignKey("article.id"))
    open_for: Mapped[int | None] = mapped_column(BigId, unique=True)
    state: Mapped[str] = mapped_column(String(12))
    version: Mapped[int] = mapped_column(Integer, default=1)
    title: Mapped[str] = mapped_column(String(TITLE_LETTERS))
    digest: Mapped[str] = mapped_column(String(DIGEST_LETTERS), default="")
    chat: Mapped[str] = mapped_column(Text, default="")
    blocks: Mapped[list[Block]] = mapped_column(JSON, default=list)
    cover_id: Mapped[int | None] = mapped_column(ForeignKey("media.id"))
    byline: Mapped[str] = mapped_column(String(BYLINE_LETTERS), default="")
    head: Mapped[str] = mapped_column(String(40), default="")
    tail: Mapped[str] = mapped_column(String(40), default="")
    brief: Mapped[str] = mapped_column(String(BRIEF_LETTERS), default="")
    problem: Mapped[str] = mapped_column(String(200), default="")
    due_on: Mapped[date | None] = mapped_column(Date)
    assignee_id: Mapped[int | None] = mapped_column(ForeignKey("operator.id"))
    author_id: Mapped[int | None] = mapped_column(ForeignKey("operator.id"))
    editors: Mapped[list[int]] = mapped_column(JSON, default=list)
    to_wechat: Mapped[bool] = mapped_column(Boolean, default=False)
    created_at: Mapped[datetime]
    edited_at: Mapped[datetime]
    publish_at: Mapped[datetime | None]
    published_at: Mapped[datetime | None]


class ArticleState(Refused):
    """The revision is not in a state that allows this; facts: `id`, `state` in words."""

    code = "article_state"


class ArticleChanged(Refused):
    """Somebody else saved it meanwhile; facts: `id`, `version`, the one in force."""

    code = "article_changed"


class ArticleBusy(Refused):
    """Another revision of the article is open; facts: `id`, `state` in words."""

    code = "article_busy"


def content_of(row: Article | ArticleRevision) -> Content:
    """What a reader would see of it."""
    values = {field.name: getattr(row, field.name) for field in fields(Content)}
    return Content(**{**values, "blocks": tuple(row.blocks)})


def values_of(content: Content) -> dict[str, object]:
    """The columns of a content."""
    values = {field.name: getattr(content, field.name) for field in fields(Content)}
    return {**values, "blocks": list(content.blocks)}


def get(session: Session, revision_id: int) -> ArticleRevision:
    """The revision with that number. Raises NotFound."""
    found = session.get(ArticleRevision, revision_id)
    if found is None:
        raise NotFound(revision=revision_id)
    return found


def hold(session: Session, revision_id: int, *states: str) -> ArticleRevision:
    """The same, locked and as it is now. Raises NotFound, ArticleState unless in such a state.

    The article is locked first, so that everybody takes both locks in one order.
    """
    article_id = get(session, revision_id).article_id
    session.execute(select(Article.id).where(Article.id == article_id).with_for_update())
    found = session.scalars(
        select(ArticleRevision)
        .where(ArticleRevision.id == revision_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()
    if states and found.state not in states:
        raise ArticleState(id=found.id, state=STATE_NAMES[found.state])
    return found


def open_of(session: Session, article_id: int) -> ArticleRevision | None:
    """The revision that somebody works on, if there is one."""
    return session.scalar(select(ArticleRevision).where(ArticleRevision.open_for == article_id))


def of_article(
    session: Session, article_id: int, limit: int = 50, before_id: int | None = None
) -> list[ArticleRevision]:
    """The revisions of an article, newest first."""
    query = select(ArticleRevision).where(ArticleRevision.article_id == article_id)
    if before_id is not None:
        query = query.where(ArticleRevision.id < before_id)
    return list(session.scalars(query.order_by(ArticleRevision.id.desc()).limit(limit)))


def add(
    session: Session, article: Article, content: Content, state: str, at: datetime
) -> ArticleRevision:
    """A revision of the article. Raises ArticleBusy when an open one stands in its way."""
    standing = open_of(session, article.id) if state in OPEN else None
    if standing is not None:
        raise ArticleBusy(id=standing.id, state=STATE_NAMES[standing.state])
    made = ArticleRevision(
        article_id=article.id,
        open_for=article.id if state in OPEN else None,
        state=state,
        editors=[],
        created_at=at,
        edited_at=at,
        published_at=at if state == "published" else None,
        **values_of(content),
    )
    session.add(made)
    session.flush()
    return made


def show(session: Session, article: Article, content: Content, at: datetime) -> ArticleRevision:
    """Make a content live that the house itself brings, with the revision that tells of it."""
    supersede(session, article)
    revision = add(session, article, content, "published", at)
    for name, value in values_of(content).items():
        setattr(article, name, value)
    article.state, article.live_id, article.published_at = "published", revision.id, at
    return revision


def supersede(session: Session, article: Article, state: str = "superseded") -> None:
    """What was live no longer is."""
    session.execute(
        update(ArticleRevision)
        .where(ArticleRevision.article_id == article.id, ArticleRevision.state == "published")
        .values(state=state)
    )
