"""Changes of business information that a second person approves: products, branches.

A change holds the values before and after as people can read them (`kernel.audit` keeps them
too); who applies it is passed in by the subject's own module. One change of a subject is open.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, Integer, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from content import reviews
from content.compliance import Passage, Work, inspect
from content.reviews import Hand, Review, Subject
from kernel import audit
from kernel.activity import BigId
from kernel.db import Base, insert_once
from kernel.refusals import Invalid, NotFound, Refused

KIND_NAMES = {"product": "产品", "branch": "营业厅"}
STATE_NAMES = {"open": "审核中", "applied": "已生效", "refused": "已退回", "withdrawn": "已撤回"}


class ContentChange(Base):
    """One wanted change; `version` is that of the subject when it was written, 0 for a new one.

    `after` of None retires the subject.
    """

    __tablename__ = "content_change"
    __table_args__ = (Index("ix_content_change_kind_code_id", "kind", "code", "id"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))
    code: Mapped[str] = mapped_column(String(40))
    title: Mapped[str] = mapped_column(String(100))
    before: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    after: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    version: Mapped[int] = mapped_column(Integer)
    state: Mapped[str] = mapped_column(String(10))
    open_for: Mapped[str | None] = mapped_column(String(70), unique=True)
    author_id: Mapped[int] = mapped_column(ForeignKey("operator.id"))
    created_at: Mapped[datetime]


class ChangeOpen(Refused):
    """Another change of it waits for approval."""

    code = "change_open"


class SubjectChanged(Refused):
    """It was changed since this change was written: look at it and write it anew."""

    code = "subject_changed"


@dataclass(frozen=True)
class Draft:
    """A wanted change; see `ContentChange`."""

    kind: str
    code: str
    title: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    version: int


Apply = Callable[[Session, ContentChange, Hand], None]


def ask(session: Session, draft: Draft, hand: Hand, note: str = "") -> Review:
    """Ask for the change. Raises ChangeOpen, NotCompliant, Invalid when nothing changes."""
    if draft.before == draft.after:
        raise Invalid(field="form", reason="没有改动")
    row = {
        "kind": draft.kind,
        "code": draft.code,
        "title": draft.title[:100],
        "before": draft.before,
        "after": draft.after,
        "version": draft.version,
        "state": "open",
        "open_for": f"{draft.kind}:{draft.code}",
        "author_id": hand.by,
        "created_at": hand.at,
    }
    if not insert_once(session, ContentChange, row, "open_for"):
        raise ChangeOpen
    change = session.scalars(
        select(ContentChange).where(ContentChange.open_for == row["open_for"])
    ).one()
    subject = Subject(draft.kind, change.id, draft.title)
    review = reviews.ask(session, subject, inspect(_work(draft)), hand, note)
    _audit(session, "asked", change, hand)
    return review


def approve(
    session: Session, review_id: int, apply: Apply, hand: Hand, reason: str = ""
) -> ContentChange:
    """Approve the change and make it so. Raises OwnWork, ReviewClosed, SubjectChanged, Invalid."""
    change = _reviewed(session, review_id)
    reviews.approve(session, review_id, {change.author_id}, hand, reason)
    apply(session, change, hand)
    change.state, change.open_for = "applied", None
    _audit(session, "applied", change, hand)
    return change


def refuse(session: Session, review_id: int, hand: Hand, reason: str) -> ContentChange:
    """Send it back. Raises ReviewClosed, Invalid without a reason."""
    change = _reviewed(session, review_id)
    reviews.refuse(session, review_id, hand, reason)
    change.state, change.open_for = "refused", None
    return change


def withdraw(session: Session, review_id: int, hand: Hand) -> ContentChange:
    """Its author takes it back. Raises ReviewClosed."""
    change = _reviewed(session, review_id)
    reviews.withdraw(session, review_id, hand)
    change.state, change.open_for = "withdrawn", None
    return change


def get(session: Session, change_id: int) -> ContentChange:
    """The change with that number. Raises NotFound."""
    found = session.get(ContentChange, change_id)
    if found is None:
        raise NotFound(change=change_id)
    return found


def open_of(session: Session, kind: str, code: str) -> ContentChange | None:
    """The change of a subject that waits."""
    return session.scalar(select(ContentChange).where(ContentChange.open_for == f"{kind}:{code}"))


def history(session: Session, kind: str, code: str, limit: int = 30) -> list[ContentChange]:
    """What was asked for a subject, newest first."""
    query = select(ContentChange).where(ContentChange.kind == kind, ContentChange.code == code)
    return list(session.scalars(query.order_by(ContentChange.id.desc()).limit(limit)))


def differences(change: ContentChange) -> dict[str, list[str]]:
    """What it changes, by field, as pairs that people can read."""
    before, after = change.before or {}, change.after or {}
    names = [*before, *(name for name in after if name not in before)]
    return {
        name: [str(before.get(name, "")), str(after.get(name, ""))]
        for name in names
        if before.get(name) != after.get(name)
    }


def _reviewed(session: Session, review_id: int) -> ContentChange:
    review = reviews.get(session, review_id)
    if review.kind not in KIND_NAMES:
        raise NotFound(review=review_id)
    found = session.scalar(
        select(ContentChange).where(ContentChange.id == review.subject_id).with_for_update()
    )
    if found is None:
        raise NotFound(change=review.subject_id)
    return found


def _work(draft: Draft) -> Work:
    after = draft.after or {}
    passages = (Passage(name, text) for name, text in after.items() if isinstance(text, str))
    return Work("article", tuple(passages))


def _audit(session: Session, deed: str, change: ContentChange, hand: Hand) -> None:
    audit.write(
        session,
        f"{change.kind}.change_{deed}",
        f"{change.kind}:{change.code}",
        hand.at,
        by=(hand.by, None),
        changes=differences(change),
    )
