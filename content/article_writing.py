"""Writing an article: a topic is proposed, planned, written, and saved without losing anything."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from datetime import date

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from content import article_revisions, articles, blocks, branding, inline, media_uses
from content.article_revisions import (
    ArticleChanged,
    ArticleRevision,
    ArticleState,
    Content,
    content_of,
    values_of,
)
from content.articles import Article
from content.hall_files import CHAT_BYTES
from content.reviews import Hand
from kernel import audit
from kernel.db import insert_once
from kernel.operators import Operator
from kernel.refusals import Invalid, Refused

WRITABLE = ("topic", "writing")
# The chat ends with the way to the page.
_CHAT_BYTES = CHAT_BYTES - 300
_CODE = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*", re.ASCII)
_NAMES = {
    "title": "标题",
    "digest": "摘要",
    "chat": "聊天文字",
    "blocks": "正文",
    "cover_id": "封面",
    "byline": "作者",
    "head": "卷首",
    "tail": "卷尾",
}


class ArticleCodeTaken(Refused):
    """Another article has that code, which is the end of its address."""

    code = "article_code_taken"


@dataclass(frozen=True)
class Plan:
    """Who writes it until when, what about, and whether WeChat gets it too."""

    brief: str = ""
    due_on: date | None = None
    assignee_id: int | None = None
    to_wechat: bool = False


@dataclass(frozen=True)
class Topic:
    """A new article; `code` is the end of its address for ever, `kind` article or page."""

    code: str
    kind: str
    title: str
    plan: Plan = Plan()


def propose(session: Session, topic: Topic, hand: Hand) -> ArticleRevision:
    """Begin an article with its topic. Raises ArticleCodeTaken, Invalid."""
    if not _CODE.fullmatch(topic.code) or len(topic.code) > 40:
        raise Invalid(field="code", reason="地址只能用小写字母、数字和连字符，最多 40 个字符")
    if topic.kind not in articles.KIND_NAMES:
        raise Invalid(field="kind", reason="请选择类型")
    title = _line(topic.title, "title", articles.TITLE_LETTERS, 1)
    _check_plan(session, topic.plan)
    row = {
        "code": topic.code,
        "kind": topic.kind,
        "state": "draft",
        "title": title,
        "digest": "",
        "chat": "",
        "blocks": [],
        "byline": "",
        "head": "",
        "tail": "",
    }
    if not insert_once(session, Article, row, "code"):
        raise ArticleCodeTaken
    article = session.scalars(select(Article).where(Article.code == topic.code)).one()
    made = article_revisions.add(session, article, Content(title), "topic", hand.at)
    made.author_id, made.editors = hand.by, [hand.by]
    _set_plan(made, topic.plan)
    note(session, "article.proposed", made, hand, title=title)
    return made


def revise(session: Session, article_id: int, hand: Hand) -> ArticleRevision:
    """Begin a revision with what is live, which stays live. Raises ArticleBusy, NotFound."""
    article = articles.hold(session, article_id)
    made = article_revisions.add(session, article, content_of(article), "writing", hand.at)
    made.author_id, made.editors = hand.by, [hand.by]
    _note_media(session, made)
    note(session, "article.revised", made, hand)
    return made


def save(
    session: Session, revision_id: int, version: int, content: Content, hand: Hand
) -> ArticleRevision:
    """Put a content into a revision; `version` is the one that the editor was shown.

    What is being written may be unfinished. Raises ArticleChanged when somebody saved meanwhile,
    ArticleState unless it is being written, Invalid, NotFound.
    """
    revision = article_revisions.get(session, revision_id)
    checked, before = check(session, content), content_of(revision)
    media_uses.require(session, _media(checked))
    values = {
        **values_of(checked),
        "state": "writing",
        "editors": sorted({*revision.editors, hand.by}),
        "edited_at": hand.at,
        "version": version + 1,
    }
    saved = session.execute(
        update(ArticleRevision)
        .where(
            ArticleRevision.id == revision_id,
            ArticleRevision.version == version,
            ArticleRevision.state.in_(WRITABLE),
        )
        .values(**values)
        .execution_options(synchronize_session=False)
    )
    session.refresh(revision)
    if saved.rowcount != 1:  # type: ignore[attr-defined]
        if revision.state not in WRITABLE:
            state = article_revisions.STATE_NAMES[revision.state]
            raise ArticleState(id=revision_id, state=state)
        raise ArticleChanged(id=revision_id, version=revision.version)
    _note_media(session, revision)
    if made := changes(before, checked):
        note(session, "article.edited", revision, hand, changes=made)
    return revision


def plan(session: Session, revision_id: int, planned: Plan, hand: Hand) -> ArticleRevision:
    """Set brief, due date, assignee and WeChat of an open revision. Raises ArticleState, Invalid,
    NotFound."""
    _check_plan(session, planned)
    revision = article_revisions.hold(session, revision_id, *article_revisions.OPEN)
    before = (revision.brief, revision.due_on, revision.assignee_id, revision.to_wechat)
    _set_plan(revision, planned)
    after = (revision.brief, revision.due_on, revision.assignee_id, revision.to_wechat)
    names = ("选题说明", "截止日期", "负责人", "同步到微信")
    pairs = zip(names, before, after, strict=True)
    made = {name: [_shown(old), _shown(new)] for name, old, new in pairs if old != new}
    if made:
        note(session, "article.planned", revision, hand, changes=made)
    return revision


def drop(session: Session, revision_id: int, hand: Hand) -> ArticleRevision:
    """Give up a revision that is not in review. Raises ArticleState, NotFound."""
    revision = article_revisions.hold(session, revision_id, "topic", "writing", "approved")
    # No cover either: what nobody goes on with must not keep a picture in the library.
    revision.state, revision.open_for, revision.cover_id = "dropped", None, None
    media_uses.replace(session, ("article_revision", revision.id), set())
    note(session, "article.dropped", revision, hand)
    return revision


def check(session: Session, content: Content) -> Content:
    """The content with every field checked. Raises Invalid, which names the field."""
    chat = inline.clean(content.chat).strip()
    if len(chat.encode("utf-8", "ignore")) > _CHAT_BYTES:
        raise Invalid(field="chat", reason=f"聊天文字超过 {_CHAT_BYTES} 字节，请写短一些")
    checked = replace(
        content,
        title=_line(content.title, "title", articles.TITLE_LETTERS, 1),
        digest=_line(content.digest, "digest", articles.DIGEST_LETTERS),
        byline=_line(content.byline, "byline", articles.BYLINE_LETTERS),
        chat=chat,
        blocks=tuple(blocks.check(list(content.blocks))),
    )
    for place, code in (("head", checked.head), ("tail", checked.tail)):
        found = branding.find(session, code) if code else None
        if code and (found is None or found.place != place):
            raise Invalid(field=place, reason=f"没有这个{branding.PLACES[place]}")
    return checked


def changes(before: Content, after: Content) -> dict[str, list[str]]:
    """What differs, by the field's name, as pairs that people can read."""
    found: dict[str, list[str]] = {}
    for field in fields(Content):
        old, new = getattr(before, field.name), getattr(after, field.name)
        if old != new:
            found[_NAMES[field.name]] = [_shown(old), _shown(new)]
    return found


def note(
    session: Session, action: str, revision: ArticleRevision, hand: Hand, **details: object
) -> None:
    """Write a deed on a revision into the audit log."""
    subject = f"article:{revision.article_id}"
    by = (hand.by, None)
    audit.write(session, action, subject, hand.at, by=by, revision=revision.id, **details)


def _note_media(session: Session, revision: ArticleRevision) -> None:
    media_uses.replace(session, ("article_revision", revision.id), _media(content_of(revision)))


def _media(content: Content) -> set[int]:
    covers = {content.cover_id} if content.cover_id is not None else set()
    return blocks.media_of(content.blocks) | covers


def _line(text: str, field: str, most: int, least: int = 0) -> str:
    text = " ".join(inline.clean(text).split())
    if not least <= len(text) <= most:
        reason = (
            f"请填写{_NAMES[field]}" if len(text) < least else f"{_NAMES[field]}最多 {most} 字"
        )
        raise Invalid(field=field, reason=reason)
    return text


def _check_plan(session: Session, planned: Plan) -> None:
    if len(planned.brief) > article_revisions.BRIEF_LETTERS:
        raise Invalid(field="brief", reason=f"最多 {article_revisions.BRIEF_LETTERS} 字")
    if planned.assignee_id is not None:
        found = session.get(Operator, planned.assignee_id)
        if found is None or not found.active:
            raise Invalid(field="assignee_id", reason="请选择负责人")


def _set_plan(revision: ArticleRevision, planned: Plan) -> None:
    revision.brief = inline.clean(planned.brief).strip()
    revision.due_on, revision.assignee_id = planned.due_on, planned.assignee_id
    revision.to_wechat = planned.to_wechat


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, Sequence) and not isinstance(value, str):
        said = (text for block in value for _, text in blocks.texts_of(block))
        return " / ".join(said)[:1000]
    return "" if value is None else str(value)[:500]
