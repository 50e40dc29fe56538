"""Segments: saved rules with a name, whose every version is kept, and the members they mean."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    ColumnElement,
    ForeignKey,
    Integer,
    String,
    and_,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from kernel import audit
from kernel.activity import BigId
from kernel.db import Base, TryAgain, insert_once
from kernel.refusals import Invalid, NotFound
from loyalty import rules
from loyalty.members import Member
from loyalty.rule_trees import Rule

NAME_LENGTH = 40
SAMPLE = 5
_CODE = re.compile(r"[a-z0-9][a-z0-9_.-]{0,39}")


class Segment(Base):
    """A rule with a name; `version` is the one in use."""

    __tablename__ = "segment"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    code: Mapped[str] = mapped_column(String(40), unique=True)
    name: Mapped[str] = mapped_column(String(NAME_LENGTH))
    version: Mapped[int] = mapped_column(Integer)
    active: Mapped[bool] = mapped_column(Boolean, default=True)
    created_by: Mapped[int | None] = mapped_column(ForeignKey("operator.id"))
    created_at: Mapped[datetime]


class SegmentVersion(Base):
    """What a segment meant from then on, and who said so; never changed."""

    __tablename__ = "segment_version"

    segment_id: Mapped[int] = mapped_column(
        ForeignKey("segment.id"), primary_key=True, autoincrement=False
    )
    version: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    rule: Mapped[dict[str, Any]] = mapped_column(JSON)
    saved_by: Mapped[int | None] = mapped_column(ForeignKey("operator.id"))
    saved_at: Mapped[datetime]


@dataclass(frozen=True)
class Draft:
    """A segment as an operator fills it in."""

    code: str
    name: str
    rule: dict[str, Any]


def save(
    session: Session,
    draft: Draft,
    at: datetime,
    *,
    by: int | None,
) -> Segment:
    """Add a segment, or a new version of the one with that code when the rule has changed.

    Raises Invalid with the field, RuleInvalid.
    """
    name = _check(draft)
    after = {"name": name, "active": True, "rule": draft.rule}
    row = {"code": draft.code, "version": 1, "created_by": by, "created_at": at}
    if insert_once(session, Segment, {**row, "name": name, "active": True}, "code"):
        segment = get(session, draft.code)
        _keep(session, segment, draft, at, by)
        _note(session, segment, None, after, (by, at))
        return segment
    segment = get(session, draft.code)
    before = {**audit.values(segment, ("name", "active")), "rule": rule_of(session, segment)}
    changed = before["rule"] != draft.rule
    saved = session.execute(
        update(Segment)
        .where(Segment.id == segment.id, Segment.version == segment.version)
        .values(name=name, active=True, version=segment.version + changed)
        .execution_options(synchronize_session=False)
    )
    if saved.rowcount != 1:  # type: ignore[attr-defined]
        raise TryAgain  # a colleague has just saved another version
    session.refresh(segment)
    if changed:
        _keep(session, segment, draft, at, by)
    _note(session, segment, before, after, (by, at))
    return segment


def _check(draft: Draft) -> str:
    if not _CODE.fullmatch(draft.code):
        raise Invalid(field="code", reason="代码须为小写字母、数字")
    name = draft.name.strip()
    if not 1 <= len(name) <= NAME_LENGTH or not name.isprintable():
        raise Invalid(field="name", reason=f"请填写名称（{NAME_LENGTH} 字以内）")
    rules.parse(draft.rule)
    return name


def _keep(session: Session, segment: Segment, draft: Draft, at: datetime, by: int | None) -> None:
    row = {"segment_id": segment.id, "version": segment.version, "rule": draft.rule}
    session.execute(insert(SegmentVersion), {**row, "saved_by": by, "saved_at": at})


def _note(
    session: Session,
    segment: Segment,
    before: dict[str, Any] | None,
    after: dict[str, Any],
    hand: tuple[int | None, datetime],
) -> None:
    by, at = hand
    if changes := audit.changes(before, after, after):
        subject = f"segment:{segment.code}"
        facts = {"version": segment.version, "changes": changes}
        audit.write(session, "segment.saved", subject, at, by=(by, None), **facts)


def retire(session: Session, code: str, at: datetime, *, by: int | None) -> None:
    """Take a segment out of the lists; what was sent or given by it keeps its versions.

    Raises NotFound.
    """
    get(session, code).active = False
    session.flush()
    audit.write(session, "segment.retired", f"segment:{code}", at, by=(by, None))


def get(session: Session, code: str) -> Segment:
    """The segment with that code. Raises NotFound."""
    found = session.scalar(select(Segment).where(Segment.code == code))
    if found is None:
        raise NotFound
    return found


def every(session: Session) -> list[Segment]:
    """The segments in use, by name."""
    query = select(Segment).where(Segment.active.is_(True)).order_by(Segment.name, Segment.id)
    return list(session.scalars(query))


def versions_of(session: Session, segment: Segment) -> list[SegmentVersion]:
    """What the segment has meant, newest first."""
    return list(
        session.scalars(
            select(SegmentVersion)
            .where(SegmentVersion.segment_id == segment.id)
            .order_by(SegmentVersion.version.desc())
        )
    )


def rule_of(session: Session, segment: Segment) -> dict[str, Any]:
    """The rule in use, as it was written."""
    return session.get_one(SegmentVersion, (segment.id, segment.version)).rule


def count(session: Session, rule: Rule, at: datetime) -> int:
    """How many active members the rule means at `at`."""
    found = session.scalar(select(func.count(Member.id)).where(_meant(rule, at)))
    return int(found or 0)


def sample(session: Session, rule: Rule, at: datetime, limit: int = SAMPLE) -> Sequence[Member]:
    """A few of those that the rule means, the newest members first."""
    return session.scalars(
        select(Member).where(_meant(rule, at)).order_by(Member.id.desc()).limit(limit)
    ).all()


def ids(
    session: Session, rule: Rule, at: datetime, after: int = 0, limit: int = 1_000
) -> list[int]:
    """A page of the numbers of those that the rule means, in order, above `after`."""
    return list(
        session.scalars(
            select(Member.id)
            .where(Member.id > after, _meant(rule, at))
            .order_by(Member.id)
            .limit(limit)
        )
    )


def _meant(rule: Rule, at: datetime) -> ColumnElement[bool]:
    # Nothing is ever given or sent to whom an operator blocked, or who is no longer there.
    return and_(Member.state == "active", rules.where(rule, at))
