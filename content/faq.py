"""常见问题: questions with their other wordings and one answer, told in the chat.

What is new or changed is `proposed` until somebody else has approved it; customers see the rest of
the row. Order: `position`, then number.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, Integer, String, Text, func, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from content import faq_forms, faq_index
from kernel import audit
from kernel.activity import BigId
from kernel.db import Base
from kernel.refusals import NotFound, Refused

STATES = {"draft": "草稿", "live": "使用中", "hidden": "已下架"}
PAGE = 50


class FaqEntry(Base):
    """One question; `views` counts answers given, `useful` and `useless` are votes."""

    __tablename__ = "faq_entry"
    __table_args__ = (Index("ix_faq_entry_state_position", "state", "position", "id"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    code: Mapped[str | None] = mapped_column(String(40), unique=True)
    state: Mapped[str] = mapped_column(String(10))
    position: Mapped[int] = mapped_column(Integer)
    question: Mapped[str] = mapped_column(String(60))
    phrasings: Mapped[list[str]] = mapped_column(JSON)
    answer: Mapped[str] = mapped_column(Text)
    link: Mapped[str] = mapped_column(String(200))
    proposed: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    author_id: Mapped[int | None] = mapped_column(ForeignKey("operator.id"))
    views: Mapped[int] = mapped_column(Integer, default=0)
    useful: Mapped[int] = mapped_column(Integer, default=0)
    useless: Mapped[int] = mapped_column(Integer, default=0)
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]


class FaqWrongState(Refused):
    """The entry cannot do that now; fact: `state`, in words."""

    code = "faq_wrong_state"


@dataclass(frozen=True)
class Form:
    """What an operator fills in; see `content.faq_forms.check` for what is allowed."""

    question: str
    answer: str
    phrasings: list[str] = field(default_factory=list)
    link: str = ""


def draft(session: Session, form: Form, by: int, at: datetime) -> FaqEntry:
    """A new entry, nobody's answer yet. Raises Invalid."""
    values = faq_forms.check(form)
    last = session.scalar(select(func.max(FaqEntry.position))) or 0
    entry = FaqEntry(
        state="draft",
        position=last + 10,
        proposed=values,
        author_id=by,
        created_at=at,
        changed_at=at,
        **values,
    )
    session.add(entry)
    session.flush()  # the number, for whoever goes on
    note(session, "faq.drafted", entry, (by, at), changes=changes_of({}, values))
    return entry


def change(session: Session, entry_id: int, form: Form, by: int, at: datetime) -> FaqEntry:
    """Propose other words; customers read the old ones until they are approved. Raises Invalid,
    NotFound, AlreadyInReview.
    """
    entry = hold(session, entry_id)
    faq_forms.refuse_in_review(session, entry.id)
    values = faq_forms.check(form)
    before = entry.proposed or values_of(entry)
    entry.proposed, entry.author_id, entry.changed_at = values, by, at
    if entry.state == "draft":
        _write(entry, values)
    note(session, "faq.changed", entry, (by, at), changes=changes_of(before, values))
    return entry


def apply(session: Session, entry: FaqEntry, at: datetime) -> None:
    """Let customers read what is proposed, from now on."""
    if entry.proposed is not None:
        _write(entry, entry.proposed)
    entry.proposed, entry.state, entry.changed_at = None, "live", at
    session.flush()  # the index is written from what the row holds
    faq_index.write(session, {entry.id: [entry.question, *entry.phrasings]})


def hide(session: Session, entry_id: int, by: int, at: datetime) -> FaqEntry:
    """Take a live entry away from customers. Raises FaqWrongState."""
    entry = hold(session, entry_id)
    if entry.state != "live":
        raise FaqWrongState(state=STATES[entry.state])
    entry.state, entry.changed_at = "hidden", at
    faq_index.drop(session, entry.id)
    note(session, "faq.hidden", entry, (by, at), changes={"状态": ["使用中", "已下架"]})
    return entry


def show(session: Session, entry_id: int, by: int, at: datetime) -> FaqEntry:
    """Bring a hidden entry back as it was approved. Raises FaqWrongState."""
    entry = hold(session, entry_id)
    if entry.state != "hidden":
        raise FaqWrongState(state=STATES[entry.state])
    entry.state, entry.changed_at = "live", at
    faq_index.write(session, {entry.id: [entry.question, *entry.phrasings]})
    note(session, "faq.shown", entry, (by, at), changes={"状态": ["已下架", "使用中"]})
    return entry


def place(session: Session, entry_ids: list[int], by: int, at: datetime) -> None:
    """Put these entries into this order among themselves, in the places they hold together."""
    held = session.execute(
        select(FaqEntry.id, FaqEntry.position)
        .where(FaqEntry.id.in_(entry_ids))
        .order_by(FaqEntry.position, FaqEntry.id)
    ).all()
    if len(held) != len(set(entry_ids)):
        raise NotFound
    places = sorted({row.position for row in held})
    places += [places[-1] + step for step in range(1, len(held) - len(places) + 1)]
    for entry_id, position in zip(entry_ids, places, strict=True):
        session.execute(update(FaqEntry).where(FaqEntry.id == entry_id).values(position=position))
    audit.write(session, "faq.placed", "faq", at, by=(by, None), order=entry_ids)


def get(session: Session, entry_id: int) -> FaqEntry:
    """The entry with that number. Raises NotFound."""
    entry = session.get(FaqEntry, entry_id)
    if entry is None:
        raise NotFound(entry=entry_id)
    return entry


def hold(session: Session, entry_id: int) -> FaqEntry:
    """The same, locked until the transaction ends."""
    query = select(FaqEntry).where(FaqEntry.id == entry_id).with_for_update()
    entry = session.scalar(query.execution_options(populate_existing=True))
    if entry is None:
        raise NotFound(entry=entry_id)
    return entry


def page(
    session: Session, state: str | None = None, after: tuple[int, int] | None = None
) -> list[FaqEntry]:
    """Entries in their order; `after` = (position, id) of the last one of the page before."""
    query = select(FaqEntry)
    if state:
        query = query.where(FaqEntry.state == state)
    if after is not None:
        position, last_id = after
        query = query.where(
            (FaqEntry.position > position)
            | ((FaqEntry.position == position) & (FaqEntry.id > last_id))
        )
    return list(session.scalars(query.order_by(FaqEntry.position, FaqEntry.id).limit(PAGE)))


def live(session: Session, entry_ids: list[int]) -> dict[int, FaqEntry]:
    """Those of the entries that customers may read, by number."""
    query = select(FaqEntry).where(FaqEntry.id.in_(entry_ids), FaqEntry.state == "live")
    return {entry.id: entry for entry in session.scalars(query)}


def count_view(session: Session, entry_id: int) -> None:
    """One more answer was given."""
    session.execute(
        update(FaqEntry).where(FaqEntry.id == entry_id).values(views=FaqEntry.views + 1)
    )


def import_live(session: Session, forms: Mapping[str, Form], at: datetime) -> int:
    """Entries of a hall's files by code, live at once; those that stand are the console's.

    Returns how many were new. Raises Invalid.
    """
    standing = set(session.scalars(select(FaqEntry.code).where(FaqEntry.code.in_(forms))))
    fresh = [
        FaqEntry(
            code=code,
            state="live",
            position=number * 10,
            created_at=at,
            changed_at=at,
            **faq_forms.check(form),
        )
        for number, (code, form) in enumerate(forms.items(), 1)
        if code not in standing
    ]
    session.add_all(fresh)
    session.flush()  # their numbers, for the index
    faq_index.write(session, {one.id: [one.question, *one.phrasings] for one in fresh})
    return len(fresh)


def form_of(entry: FaqEntry) -> Form:
    """The form as it was last written, approved or not."""
    return Form(**(entry.proposed or values_of(entry)))


def values_of(entry: FaqEntry) -> dict[str, Any]:
    """What customers read of it."""
    return {name: getattr(entry, name) for name in Form.__dataclass_fields__}


def _write(entry: FaqEntry, values: dict[str, Any]) -> None:
    for name, value in values.items():
        setattr(entry, name, value)


def note(
    session: Session, action: str, entry: FaqEntry, hand: tuple[int, datetime], **details: Any
) -> None:
    """Write to the audit log what somebody did to an entry."""
    by, at = hand
    audit.write(session, action, f"faq:{entry.id}", at, by=(by, None), **details)


def changes_of(before: dict[str, Any], after: dict[str, Any]) -> dict[str, list[Any]]:
    """The fields that differ, by their names for people."""
    return {
        faq_forms.FIELDS[name]: [before.get(name), value]
        for name, value in after.items()
        if before.get(name) != value
    }
