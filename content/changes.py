"""Changes of business information that a second person approves: products, branches, phrases.

A change holds the values before and after as people can read them (`kernel.audit` keeps them
too). What changes this way is a `Kind`: its rows have a code, a version and values, and what was
approved is written into them here, whatever they are. One change of a row is open at a time.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, Integer, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from content import compliance, reviews
from content.compliance import Passage, Work, inspect
from content.reviews import Hand, Review, Subject
from kernel import audit
from kernel.activity import BigId
from kernel.db import Base, insert_once
from kernel.refusals import Invalid, NotFound, Refused

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


Values = Mapping[str, Any]


def _texts(values: Values, titles: Mapping[str, str]) -> Iterable[Passage]:
    said = ((title, values.get(name)) for name, title in titles.items())
    return (Passage(title, text) for title, text in said if isinstance(text, str))


def _nothing(_session: Session, _row: Any) -> None:
    """Most kinds need nothing else when a change of theirs was made so."""


@dataclass(frozen=True)
class Kind:
    """Something that two people change.

    `table` has the columns `code`, `version`, `edited_at`, those of its `values`, and `active`
    where it can be retired. `titles` are the values that people see, by column; `said` finds in
    values what customers will read, `channel` is where they do; `settled` follows a change.
    """

    name: str
    table: Any
    noun: str
    titles: Mapping[str, str]
    retiring: str = ""
    called: str = "name"
    channel: compliance.Kind = "article"
    said: Callable[[Values, Mapping[str, str]], Iterable[Passage]] = _texts
    settled: Callable[[Session, Any], None] = _nothing

    def new(self, code: str, values: Values) -> "Draft":
        """A row that is not there yet."""
        title = f"新{self.noun}：{values[self.called]}"
        return Draft(self, code, title, None, dict(values), 0)

    def change(self, row: Any, values: Values) -> "Draft":
        """Other values for a row."""
        title = f"改{self.noun}：{getattr(row, self.called)}"
        return Draft(self, row.code, title, row.values, dict(values), row.version)

    def retirement(self, row: Any) -> "Draft":
        """A row that is to be used no longer."""
        title = f"{self.retiring}：{getattr(row, self.called)}"
        return Draft(self, row.code, title, row.values, None, row.version)


@dataclass(frozen=True)
class Draft:
    """A wanted change; see `ContentChange`."""

    kind: Kind
    code: str
    title: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    version: int


def ask(session: Session, draft: Draft, hand: Hand, note: str = "") -> Review:
    """Ask for the change. Raises ChangeOpen, NotCompliant, Invalid when nothing changes."""
    if draft.before == draft.after:
        raise Invalid(field="form", reason="没有改动")
    row = {
        "kind": draft.kind.name,
        "code": draft.code,
        "title": draft.title[:100],
        "before": draft.before,
        "after": draft.after,
        "version": draft.version,
        "state": "open",
        "open_for": f"{draft.kind.name}:{draft.code}",
        "author_id": hand.by,
        "created_at": hand.at,
    }
    if not insert_once(session, ContentChange, row, "open_for"):
        raise ChangeOpen
    change = session.scalars(
        select(ContentChange).where(ContentChange.open_for == row["open_for"])
    ).one()
    subject = Subject(draft.kind.name, change.id, draft.title)
    review = reviews.ask(session, subject, inspect(_work(draft)), hand, note)
    _audit(session, "asked", change, hand)
    return review


def approve(
    session: Session, review_id: int, kind: Kind, hand: Hand, reason: str = ""
) -> ContentChange:
    """Approve the change and make it so. Raises OwnWork, ReviewClosed, SubjectChanged, Invalid."""
    change = _reviewed(session, review_id)
    if change.kind != kind.name:
        raise NotFound(change=change.id)
    reviews.approve(session, review_id, {change.author_id}, hand, reason)
    _apply(session, kind, change, hand)
    _close(session, change, "applied", hand)
    return change


def _apply(session: Session, kind: Kind, change: ContentChange, hand: Hand) -> None:
    table = kind.table
    row = session.scalar(select(table).where(table.code == change.code).with_for_update())
    if (row.version if row else 0) != change.version:
        raise SubjectChanged
    if row is None:
        row = table(code=change.code, version=1, **(change.after or {}))
        session.add(row)
    else:
        row.version += 1
        for name, value in (change.after or {"active": False}).items():
            setattr(row, name, value)
    row.edited_at = hand.at
    session.flush()
    kind.settled(session, row)


def refuse(session: Session, review_id: int, hand: Hand, reason: str) -> ContentChange:
    """Send it back. Raises ReviewClosed, Invalid without a reason."""
    change = _reviewed(session, review_id)
    reviews.refuse(session, review_id, hand, reason)
    _close(session, change, "refused", hand)
    return change


def withdraw(session: Session, review_id: int, hand: Hand) -> ContentChange:
    """Its author takes it back. Raises ReviewClosed."""
    change = _reviewed(session, review_id)
    reviews.withdraw(session, review_id, hand)
    _close(session, change, "withdrawn", hand)
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
    found = session.scalar(
        select(ContentChange)
        .where(ContentChange.id == review.subject_id, ContentChange.kind == review.kind)
        .with_for_update()
    )
    if found is None:
        raise NotFound(review=review_id)
    return found


def _close(session: Session, change: ContentChange, state: str, hand: Hand) -> None:
    change.state, change.open_for = state, None
    _audit(session, state, change, hand)


def _work(draft: Draft) -> Work:
    return Work(draft.kind.channel, tuple(draft.kind.said(draft.after or {}, draft.kind.titles)))


def _audit(session: Session, deed: str, change: ContentChange, hand: Hand) -> None:
    audit.write(
        session,
        f"{change.kind}.change_{deed}",
        f"{change.kind}:{change.code}",
        hand.at,
        by=(hand.by, None),
        changes=differences(change),
    )
