"""The run of the rule tags: who should have one gets it, who should not loses it, page by page."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, case, delete, exists, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from kernel import activity
from kernel.db import TryAgain
from kernel.refusals import NotFound
from loyalty import rules
from loyalty.members import Member
from loyalty.tags import MemberTag, Tag

PAGE = 1_000


@dataclass(frozen=True)
class Counts:
    """What a page, or a run, has done: members seen, tags put and taken."""

    seen: int = 0
    added: int = 0
    removed: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(
            self.seen + other.seen, self.added + other.added, self.removed + other.removed
        )


def due(session: Session) -> list[int]:
    """The numbers of the tags that a rule keeps."""
    query = select(Tag.id).where(Tag.kind == "rule", Tag.active.is_(True)).order_by(Tag.id)
    return list(session.scalars(query))


def run_page(
    session: Session,
    tag_id: int,
    after_id: int,
    at: datetime,
    limit: int = PAGE,
) -> tuple[int | None, Counts]:
    """Put and take one tag among the next `limit` members after `after_id`.

    Returns (the last id, what was done); the id is None when nobody is left. A second run changes
    nothing. Raises NotFound when the tag is none that a rule keeps.
    """
    tag = session.get(Tag, tag_id)
    if tag is None or tag.rule is None or not tag.active:
        raise NotFound
    rule = rules.parse(tag.rule)
    rows = session.execute(
        select(
            Member.id,
            case((rules.where(rule, at), 1), else_=0).label("should"),
            case((_has(tag_id), 1), else_=0).label("has"),
        )
        .where(Member.id > after_id, Member.state.in_(("active", "blocked")))
        .order_by(Member.id)
        .limit(limit)
    ).all()
    if not rows:
        return None, Counts()
    missing = [row.id for row in rows if row.should and not row.has]
    spare = [row.id for row in rows if row.has and not row.should]
    _add(session, tag_id, missing, at)
    _remove(session, tag_id, spare)
    return rows[-1].id, Counts(len(rows), len(missing), len(spare))


def _has(tag_id: int) -> ColumnElement[bool]:
    return exists().where(MemberTag.member_id == Member.id, MemberTag.tag_id == tag_id)


def _add(session: Session, tag_id: int, missing: list[int], at: datetime) -> None:
    if not missing:
        return
    rows = [
        {"member_id": one, "tag_id": tag_id, "source": "rule", "by_operator": None, "put_at": at}
        for one in missing
    ]
    try:
        session.execute(insert(MemberTag), rows)
    except IntegrityError as error:  # another run put one of them meanwhile
        raise TryAgain from error


def _remove(session: Session, tag_id: int, spare: list[int]) -> None:
    if spare:
        session.execute(
            delete(MemberTag)
            .where(MemberTag.tag_id == tag_id, MemberTag.member_id.in_(spare))
            .execution_options(synchronize_session=False)
        )


def note(session: Session, tag_id: int, done: Counts, at: datetime) -> None:
    """Write down what a whole run has done."""
    seen, added, removed = done.seen, done.added, done.removed
    activity.record(session, "tag.run", at, tag_id=tag_id, seen=seen, added=added, removed=removed)
