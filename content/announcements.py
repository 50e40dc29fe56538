"""Announcements: short news for a while, in the chat, on the mini-site, or both.

States: `draft` → `review` → `approved` → `withdrawn`. An approved one shows within its window.
"""

from dataclasses import dataclass, fields
from datetime import datetime

from sqlalchemy import JSON, Boolean, ForeignKey, Index, Integer, String, Text, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from content import links, reviews
from content.compliance import DEFAULT, Finding, Passage, Setting, Work, inspect
from content.inline import clean
from content.reviews import Hand, Review, Subject
from kernel import audit
from kernel.activity import BigId
from kernel.db import Base
from kernel.refusals import Invalid, NotFound, Refused

KIND = "announcement"
STATE_NAMES = {"draft": "草稿", "review": "审核中", "approved": "已通过", "withdrawn": "已撤下"}
_TITLE, _TEXT = 40, 500
_NAMES = {
    "title": "标题",
    "text": "内容",
    "starts_at": "开始",
    "ends_at": "结束",
    "link": "链接",
    "pinned": "置顶",
    "in_chat": "聊天里显示",
    "on_site": "微站上显示",
}


@dataclass(frozen=True)
class Form:
    """An announcement as it should be; the window is half-open."""

    title: str
    text: str
    starts_at: datetime
    ends_at: datetime
    link: str = ""
    pinned: bool = False
    in_chat: bool = True
    on_site: bool = True


class Announcement(Base):
    """One announcement; `version` grows with each saving, `editors` wrote it."""

    __tablename__ = "announcement"
    __table_args__ = (Index("ix_announcement_state_ends_at", "state", "ends_at"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    state: Mapped[str] = mapped_column(String(10))
    version: Mapped[int] = mapped_column(Integer, default=1)
    title: Mapped[str] = mapped_column(String(_TITLE))
    text: Mapped[str] = mapped_column(Text)
    link: Mapped[str] = mapped_column(String(500))
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    pinned: Mapped[bool] = mapped_column(Boolean)
    in_chat: Mapped[bool] = mapped_column(Boolean)
    on_site: Mapped[bool] = mapped_column(Boolean)
    author_id: Mapped[int] = mapped_column(ForeignKey("operator.id"))
    editors: Mapped[list[int]] = mapped_column(JSON)
    edited_at: Mapped[datetime]


class AnnouncementState(Refused):
    """It is not in a state that allows this; fact: `state` in words."""

    code = "announcement_state"


class AnnouncementChanged(Refused):
    """Somebody else saved it meanwhile; fact: `version`, the one in force."""

    code = "announcement_changed"


def draft(session: Session, form: Form, hand: Hand) -> Announcement:
    """Begin one. Raises Invalid."""
    made = Announcement(
        state="draft",
        version=1,
        author_id=hand.by,
        editors=[hand.by],
        edited_at=hand.at,
        **_checked(form),
    )
    session.add(made)
    session.flush()
    _audit(session, "drafted", made, hand, title=made.title)
    return made


def save(
    session: Session, announcement_id: int, version: int, form: Form, hand: Hand
) -> Announcement:
    """Change a draft, or one that was approved, which then needs a new approval.

    Raises AnnouncementChanged, AnnouncementState while in review, Invalid, NotFound.
    """
    values = _checked(form)
    held = _hold(session, announcement_id, "draft", "approved", "withdrawn")
    if held.version != version:
        raise AnnouncementChanged(version=held.version)
    changed = {
        _NAMES[name]: [str(getattr(held, name)), str(value)]
        for name, value in values.items()
        if getattr(held, name) != value
    }
    for name, value in values.items():
        setattr(held, name, value)
    held.state, held.version, held.edited_at = "draft", version + 1, hand.at
    held.editors = sorted({*held.editors, hand.by})
    _audit(session, "edited", held, hand, changes=changed)
    return held


def findings(form: Form | Announcement, setting: Setting = DEFAULT) -> list[Finding]:
    """What the compliance rules say of it."""
    said = (Passage("标题", form.title), Passage("内容", form.text))
    lead = (Passage("链接", form.link),) if form.link else ()
    return inspect(Work("article", said, lead), setting)


def submit(session: Session, announcement_id: int, hand: Hand, note: str = "") -> Review:
    """Ask for approval. Raises NotCompliant, AnnouncementState, NotFound."""
    held = _hold(session, announcement_id, "draft")
    review = reviews.ask(session, _subject(held), findings(held), hand, note)
    held.state = "review"
    _audit(session, "submitted", held, hand)
    return review


def approve(session: Session, review_id: int, hand: Hand, reason: str = "") -> Announcement:
    """Approve: it shows within its window. Raises OwnWork, ReviewClosed, Invalid."""
    held = _reviewed(session, review_id)
    reviews.approve(session, review_id, set(held.editors), hand, reason)
    held.state = "approved"
    _audit(session, "approved", held, hand, reason=reason)
    return held


def refuse(session: Session, review_id: int, hand: Hand, reason: str) -> Announcement:
    """Send it back. Raises ReviewClosed, Invalid without a reason."""
    held = _reviewed(session, review_id)
    reviews.refuse(session, review_id, hand, reason)
    held.state = "draft"
    _audit(session, "refused", held, hand, reason=reason)
    return held


def withdraw(session: Session, announcement_id: int, hand: Hand) -> Announcement:
    """Take it down, or back from review, at once. Raises AnnouncementState, NotFound."""
    held = _hold(session, announcement_id, "approved", "review")
    review = reviews.open_of(session, KIND, held.id)
    if review is not None:
        reviews.withdraw(session, review.id, hand)
    held.state = "draft" if held.state == "review" else "withdrawn"
    _audit(session, "withdrawn", held, hand)
    return held


def live(session: Session, at: datetime, place: str) -> list[Announcement]:
    """What shows now in `chat` or on the `site`: pinned first, then the newest."""
    shows = Announcement.in_chat if place == "chat" else Announcement.on_site
    query = select(Announcement).where(
        Announcement.state == "approved",
        Announcement.ends_at > at,
        Announcement.starts_at <= at,
        shows.is_(True),
    )
    order = (Announcement.pinned.desc(), Announcement.starts_at.desc(), Announcement.id.desc())
    return list(session.scalars(query.order_by(*order).limit(10)))


def every(session: Session, before_id: int | None = None, limit: int = 30) -> list[Announcement]:
    """All of them, newest first, a page at a time."""
    query = select(Announcement).order_by(Announcement.id.desc()).limit(limit)
    if before_id is not None:
        query = query.where(Announcement.id < before_id)
    return list(session.scalars(query))


def get(session: Session, announcement_id: int) -> Announcement:
    """The announcement with that number. Raises NotFound."""
    found = session.get(Announcement, announcement_id)
    if found is None:
        raise NotFound(announcement=announcement_id)
    return found


def _hold(session: Session, announcement_id: int, *states: str) -> Announcement:
    found = session.scalar(
        select(Announcement)
        .where(Announcement.id == announcement_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if found is None:
        raise NotFound(announcement=announcement_id)
    if states and found.state not in states:
        raise AnnouncementState(state=STATE_NAMES[found.state])
    return found


def _reviewed(session: Session, review_id: int) -> Announcement:
    review = reviews.get(session, review_id)
    if review.kind != KIND:
        raise NotFound(review=review_id)
    return _hold(session, review.subject_id)


def _subject(row: Announcement) -> Subject:
    return Subject(KIND, row.id, row.title)


def _checked(form: Form) -> dict[str, object]:
    title = " ".join(clean(form.title).split())
    text, link = clean(form.text).strip(), form.link.strip()
    if not 1 <= len(title) <= _TITLE:
        raise Invalid(field="title", reason=f"标题要有 1 至 {_TITLE} 个字")
    if not 1 <= len(text) <= _TEXT:
        raise Invalid(field="text", reason=f"内容要有 1 至 {_TEXT} 个字")
    if link and not links.is_allowed(link):
        raise Invalid(field="link", reason="链接须以 https:// 开头，或是微站内的路径")
    if form.starts_at >= form.ends_at:
        raise Invalid(field="ends_at", reason="结束须晚于开始")
    if not (form.in_chat or form.on_site):
        raise Invalid(field="in_chat", reason="请至少选择一处显示")
    values = {field.name: getattr(form, field.name) for field in fields(Form)}
    return {**values, "title": title, "text": text, "link": link}


def _audit(session: Session, deed: str, row: Announcement, hand: Hand, **details: object) -> None:
    subject, by = f"announcement:{row.id}", (hand.by, None)
    audit.write(session, f"announcement.{deed}", subject, hand.at, by=by, **details)
