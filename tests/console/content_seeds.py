"""Rows of content for the tests of the console: an article on its way, a picture, and so on."""

import io
from datetime import timedelta
from typing import Any

from PIL import Image
from sqlalchemy import select
from sqlalchemy.orm import Session

from content import (
    announcements,
    article_revisions,
    article_sync,
    article_writing,
    articles,
    media,
    media_images,
    media_uses,
)
from content.article_revisions import Content
from content.article_writing import Plan, Topic
from content.branding import Branding
from content.house_facts import HouseFact
from content.media import Label
from content.media_images import Picture
from content.reviews import Hand
from kernel.operators import Operator
from products import catalogue_changes
from products.catalogue_changes import Form
from tests.console.house import NOON

CODE = "company"  # of the branding and of the fact


def hand_of(session: Session, login: str) -> Hand:
    number = session.scalars(select(Operator.id).where(Operator.login == login)).one()
    return Hand(number, NOON)


def drawn(colour: int = 0, kind: str = "PNG") -> bytes:
    """A small picture as a file."""
    out = io.BytesIO()
    Image.new("RGB", (40, 30), (colour, 90, 120)).save(out, kind)
    return out.getvalue()


def picture(colour: int = 0) -> Picture:
    return media_images.prepare(drawn(colour), "a.png")


def add_media(session: Session, colour: int = 0, name: str = "海报.png") -> int:
    return media.add(session, picture(colour), Label(name), hand_of(session, "marketer")).id


def add_topic(session: Session, code: str = "spring", author: str = "marketer") -> tuple[int, int]:
    """An article that nobody wrote yet; its number and its revision's."""
    hand = hand_of(session, author)
    plan = Plan("春节怎么服务", (NOON - timedelta(days=2)).date(), hand.by)
    made = article_writing.propose(session, Topic(code, "article", "春节服务安排", plan), hand)
    return made.article_id, made.id


def add_written(session: Session, code: str = "spring", **content: Any) -> tuple[int, int]:
    """The same with a text."""
    article_id, revision_id = add_topic(session, code)
    given: dict[str, Any] = {
        "title": "春节服务安排",
        "chat": "春节期间照常受理报修。",
        "blocks": ({"type": "paragraph", "spans": "照常**受理**报修。"},),
        **content,
    }
    hand = hand_of(session, "marketer")
    article_writing.save(session, revision_id, 1, Content(**given), hand)
    return article_id, revision_id


def add_live(session: Session, code: str = "live") -> int:
    """A published article, as the hall's own files bring it."""
    article = articles.Article(code=code, kind="page", title="资费说明", chat="资费", blocks=[])
    session.add(article)
    session.flush()
    body = ({"type": "paragraph", "spans": [{"text": "第一版"}]},)
    content = Content("资费说明", chat="资费", blocks=body)
    article_revisions.show(session, article, content, NOON - timedelta(days=3))
    session.flush()
    return article.id


def add_branding(session: Session) -> None:
    body = [{"type": "paragraph", "spans": [{"text": "铁通服务"}]}]
    session.add(Branding(code=CODE, place="tail", name="通用卷尾", blocks=body))
    session.add(HouseFact(code=CODE, name="服务热线", value="10050"))
    session.flush()


def add_announcement(session: Session, title: str = "线路检修") -> int:
    form = announcements.Form(title, "今晚检修", NOON, NOON + timedelta(days=2))
    return announcements.draft(session, form, hand_of(session, "marketer")).id


def add_change(session: Session, code: str = "b900") -> int:
    form = Form("broadband", "900M 宽带", "900M", 12_900, "月", "千兆以下的好选择", "合约 12 个月")
    return catalogue_changes.ask_new(session, code, form, hand_of(session, "marketer")).subject_id


def furnish(session: Session) -> dict[str, str]:
    """One of each thing; what to put into paths."""
    media_id = add_media(session)
    article_id, revision_id = add_written(session, cover_id=media_id)
    live = articles.Article(code="old", kind="page", title="旧页", chat="", blocks=[])
    session.add(live)
    session.flush()
    revision = article_revisions.show(session, live, Content("旧页", chat="旧"), NOON)
    session.flush()
    media_uses.replace(session, ("article", live.id), {media_id})
    add_branding(session)
    return {
        "media_id": str(media_id),
        "article_id": str(article_id),
        "revision_id": str(revision_id),
        "sync_id": str(article_sync.ask(session, revision, hand_of(session, "owner")).id),
        "announcement_id": str(add_announcement(session)),
        "change_id": str(add_change(session)),
    }


def add_more(session: Session, number: int) -> None:
    """One more of each thing, so that lists grow."""
    media_id = add_media(session, number, f"图 {number}.png")
    add_written(session, f"article-{number}", cover_id=media_id)
    add_announcement(session, f"公告 {number}")
    add_live(session, f"live-{number}")
