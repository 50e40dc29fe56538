"""The second pair of eyes: what an author wants to publish, somebody else must approve.

One review is open for a subject at a time. Its findings are those of the moment it was asked for:
red ones keep it from being asked for, amber ones need the approver's written reason.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, Text, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from content.compliance import Finding
from kernel.activity import BigId
from kernel.db import Base, insert_once
from kernel.refusals import Invalid, NotFound, Refused

REASON_LENGTH = 500
STATE_NAMES = {"open": "待审核", "approved": "已通过", "refused": "已退回", "withdrawn": "已撤回"}


class Review(Base):
    """Somebody asks for approval; `open_for` is unique while nobody has decided."""

    __tablename__ = "review"
    __table_args__ = (
        Index("ix_review_state_asked_at", "state", "asked_at"),
        Index("ix_review_kind_subject_id", "kind", "subject_id"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))
    subject_id: Mapped[int] = mapped_column(BigId)
    title: Mapped[str] = mapped_column(String(100))
    state: Mapped[str] = mapped_column(String(10), default="open")
    open_for: Mapped[str | None] = mapped_column(String(60), unique=True)
    author_id: Mapped[int] = mapped_column(ForeignKey("operator.id"))
    asked_at: Mapped[datetime]
    note: Mapped[str] = mapped_column(String(REASON_LENGTH), default="")
    findings: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    decided_by: Mapped[int | None] = mapped_column(ForeignKey("operator.id"))
    decided_at: Mapped[datetime | None]
    reason: Mapped[str] = mapped_column(String(REASON_LENGTH), default="")


class ReviewComment(Base):
    """A remark on a subject, by whoever works on it or looks at it."""

    __tablename__ = "review_comment"
    __table_args__ = (Index("ix_review_comment_kind_subject_id", "kind", "subject_id"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))
    subject_id: Mapped[int] = mapped_column(BigId)
    operator_id: Mapped[int] = mapped_column(ForeignKey("operator.id"))
    at: Mapped[datetime]
    body: Mapped[str] = mapped_column(Text)


class NotCompliant(Refused):
    """Red findings stand against it; fact: `findings`, as sentences."""

    code = "not_compliant"


class OwnWork(Refused):
    """Whoever wrote it, or asked for its approval, cannot approve it."""

    code = "own_work"


class ReviewClosed(Refused):
    """Decided or withdrawn already; fact: `state`, in words."""

    code = "review_closed"


class AlreadyInReview(Refused):
    """The subject waits for a decision already."""

    code = "already_in_review"


@dataclass(frozen=True)
class Hand:
    """Who does something to a review, by the number of the operator, and when."""

    by: int
    at: datetime


@dataclass(frozen=True)
class Subject:
    """What is reviewed: its kind, the number of its row, and what people call it."""

    kind: str
    id: int
    title: str

    @property
    def key(self) -> str:
        """Its name among all open reviews."""
        return f"{self.kind}:{self.id}"


def ask(
    session: Session,
    subject: Subject,
    findings: Sequence[Finding],
    hand: Hand,
    note: str = "",
) -> Review:
    """Ask for approval. Raises NotCompliant on red findings, AlreadyInReview."""
    red = [finding for finding in findings if finding.severity == "red"]
    if red:
        raise NotCompliant(findings="；".join(f"{one.place}：{one.why}" for one in red))
    row = {
        "kind": subject.kind,
        "subject_id": subject.id,
        "title": subject.title[:100],
        "state": "open",
        "open_for": subject.key,
        "author_id": hand.by,
        "asked_at": hand.at,
        "note": _written(note, "note"),
        "findings": [asdict(finding) for finding in findings],
        "reason": "",
    }
    if not insert_once(session, Review, row, "open_for"):
        raise AlreadyInReview
    return session.scalars(select(Review).where(Review.open_for == subject.key)).one()


def approve(
    session: Session, review_id: int, authors: set[int], hand: Hand, reason: str = ""
) -> Review:
    """Approve; `authors` wrote what is reviewed. Raises OwnWork, ReviewClosed, Invalid.

    A review with amber findings needs a written reason.
    """
    review = get(session, review_id)
    if hand.by in authors | {review.author_id}:
        raise OwnWork
    if review.findings and not reason.strip():
        raise Invalid(field="reason", reason="有黄色提示，请写明通过的理由")
    return _decide(session, review, "approved", hand, reason)


def refuse(session: Session, review_id: int, hand: Hand, reason: str) -> Review:
    """Send it back with a comment. Raises ReviewClosed, Invalid without a comment."""
    if not reason.strip():
        raise Invalid(field="reason", reason="请写明退回的原因")
    return _decide(session, get(session, review_id), "refused", hand, reason)


def withdraw(session: Session, review_id: int, hand: Hand) -> Review:
    """The author takes it back before anybody has decided. Raises ReviewClosed."""
    return _decide(session, get(session, review_id), "withdrawn", hand, "")


def get(session: Session, review_id: int) -> Review:
    """The review with that number. Raises NotFound."""
    review = session.get(Review, review_id)
    if review is None:
        raise NotFound(review=review_id)
    return review


def open_of(session: Session, kind: str, subject_id: int) -> Review | None:
    """The review that the subject waits for, if it does."""
    return session.scalar(select(Review).where(Review.open_for == f"{kind}:{subject_id}"))


def last_of(session: Session, kind: str, subject_id: int) -> Review | None:
    """The newest review of the subject, whatever its state."""
    return session.scalar(
        select(Review)
        .where(Review.kind == kind, Review.subject_id == subject_id)
        .order_by(Review.id.desc())
        .limit(1)
    )


def waiting(session: Session, kinds: Sequence[str], limit: int = 50) -> list[Review]:
    """The open reviews of these kinds, those that wait longest first."""
    query = select(Review).where(Review.state == "open", Review.kind.in_(kinds))
    return list(session.scalars(query.order_by(Review.asked_at, Review.id).limit(limit)))


def comment(session: Session, subject: Subject, hand: Hand, body: str) -> None:
    """Leave a remark on a subject. Raises Invalid for an empty one."""
    text = _written(body, "body")
    if not text:
        raise Invalid(field="body", reason="请填写内容")
    session.add(
        ReviewComment(
            kind=subject.kind,
            subject_id=subject.id,
            operator_id=hand.by,
            at=hand.at,
            body=text,
        )
    )


def comments(session: Session, kind: str, subject_id: int) -> list[ReviewComment]:
    """All remarks on a subject, the oldest first."""
    query = select(ReviewComment).where(
        ReviewComment.kind == kind, ReviewComment.subject_id == subject_id
    )
    return list(session.scalars(query.order_by(ReviewComment.id).limit(200)))


def _decide(session: Session, review: Review, state: str, hand: Hand, reason: str) -> Review:
    # Of two that decide at once, the row lets one through.
    decided = session.execute(
        update(Review)
        .where(Review.id == review.id, Review.state == "open")
        .values(
            state=state,
            open_for=None,
            decided_by=hand.by,
            decided_at=hand.at,
            reason=_written(reason, "reason"),
        )
    )
    session.refresh(review)
    if decided.rowcount != 1:  # type: ignore[attr-defined]
        raise ReviewClosed(state=STATE_NAMES[review.state])
    return review


def _written(text: str, field: str) -> str:
    text = text.strip()
    if len(text) > REASON_LENGTH:
        raise Invalid(field=field, reason=f"最多 {REASON_LENGTH} 字")
    return text
