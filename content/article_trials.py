"""Who sees what of an article: everybody the live revision, the trial tag the one on trial."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from content import articles
from content.article_revisions import ArticleRevision, Content, content_of
from kernel.refusals import NotFound
from loyalty import members
from loyalty.tags import MemberTag, Tag


@dataclass(frozen=True)
class Reader:
    """Who looks, if that is known; `trial_tag` is the code of the tag whose members see trials."""

    openid: str | None = None
    trial_tag: str = ""


@dataclass(frozen=True)
class Shown:
    """An article as one person sees it."""

    id: int
    code: str
    content: Content
    on_trial: bool


def is_tester(session: Session, reader: Reader) -> bool:
    """Whether the reader wears the trial tag."""
    member = members.find(session, reader.openid) if reader.openid else None
    if member is None:
        return False
    query = select(MemberTag.tag_id).join(Tag, Tag.id == MemberTag.tag_id)
    query = query.where(MemberTag.member_id == member.id, Tag.code == reader.trial_tag, Tag.active)
    return session.scalar(query.limit(1)) is not None


def shown(session: Session, code: str, reader: Reader) -> Shown:
    """The article with that code as this reader sees it. Raises NotFound."""
    article = articles.find(session, code)
    if article is None:
        raise NotFound(article=code)
    # Who reads is only looked up where it makes a difference.
    if article.trial_id is not None and is_tester(session, reader):
        revision = session.get(ArticleRevision, article.trial_id)
        if revision is not None and revision.state == "trial":
            return Shown(article.id, code, content_of(revision), on_trial=True)
    if article.state != "published":
        raise NotFound(article=code)
    return Shown(article.id, code, content_of(article), on_trial=False)
