"""What the pages of the media library read."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from flask import url_for
from sqlalchemy import select
from sqlalchemy.orm import Session

from content import media, media_uses, media_wechat
from content.announcements import Announcement
from content.article_revisions import ArticleRevision
from content.articles import Article
from content.branding import Branding
from content.media import Media
from content.media_uses import KIND_NAMES
from content.media_wechat import WechatMedia
from content.reply_rules import ReplyRule
from web.console.paging import Page, page_of

SIZE = 24


@dataclass(frozen=True)
class Pictures:
    """A page of the library, with how often each is used and whether WeChat has it."""

    page: Page[Media]
    used: dict[int, int]
    wechat: dict[int, list[WechatMedia]]


@dataclass(frozen=True)
class Use:
    """Something that shows a picture: its kind in words, its name, its page."""

    kind: str
    title: str
    link: str


@dataclass(frozen=True)
class Sheet:
    """One picture with everything about it."""

    media: Media
    uses: list[Use]
    wechat: list[WechatMedia]


def page(session: Session, words: str, before: int | None, kind: str) -> Pictures:
    """What is of that kind, the newest first."""
    rows = media.search(session, words, before, SIZE + 1, kind)
    found = page_of(rows, SIZE, lambda row: row.id)
    ids = [row.id for row in found.rows]
    held: dict[int, list[WechatMedia]] = {}
    for row in session.scalars(select(WechatMedia).where(WechatMedia.media_id.in_(ids))):
        held.setdefault(row.media_id, []).append(row)
    return Pictures(found, media_uses.counts(session, ids), held)


def sheet(session: Session, media_id: int) -> Sheet:
    """One picture. Raises NotFound."""
    found = media.get(session, media_id)
    users = media_uses.of_media(session, media_id)
    return Sheet(found, _uses(session, users), media_wechat.of_media(session, media_id))


def _uses(session: Session, users: Sequence[tuple[str, int]]) -> list[Use]:
    uses = []
    for kind, model in _MODELS.items():
        ids = [number for one, number in users if one == kind]
        query = select(model).where(model.id.in_(ids))
        rows = session.scalars(query).all() if ids else []
        uses += [Use(KIND_NAMES[kind], *_PAGES[kind](row)) for row in rows]
    return uses


_MODELS: dict[str, Any] = {
    "article": Article,
    "article_revision": ArticleRevision,
    "branding": Branding,
    "reply_rule": ReplyRule,
    "announcement": Announcement,
}
_PAGES: dict[str, Callable[..., tuple[str, str]]] = {
    "article": lambda row: (row.title, url_for("console.articles.show", article_id=row.id)),
    "article_revision": lambda row: (
        row.title,
        url_for("console.article_history.show", revision_id=row.id),
    ),
    "branding": lambda row: (row.name, url_for("console.branding.show", code=row.code)),
    "reply_rule": lambda row: (row.name, url_for("console.reply_rules.show", rule_id=row.id)),
    "announcement": lambda row: (
        row.title,
        url_for("console.announcements.show", announcement_id=row.id),
    ),
}
