"""Articles: pieces of business information, told shortly in the chat and in full on a page."""

from sqlalchemy import String, Text, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from kernel.activity import BigId
from kernel.db import Base
from kernel.refusals import NotFound


class Article(Base):
    """`chat` is the answer in WeChat; `body` is the page: paragraphs, `## ` heads, `- ` items."""

    __tablename__ = "article"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    code: Mapped[str] = mapped_column(String(40), unique=True)
    title: Mapped[str] = mapped_column(String(64))
    chat: Mapped[str] = mapped_column(Text)
    body: Mapped[str] = mapped_column(Text)


def get(session: Session, code: str) -> Article:
    """The article with that code. Raises NotFound."""
    article = session.scalar(select(Article).where(Article.code == code))
    if article is None:
        raise NotFound(article=code)
    return article


def every(session: Session) -> list[Article]:
    """All articles in their order of import."""
    return list(session.scalars(select(Article).order_by(Article.id)))
