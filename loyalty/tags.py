"""Tags: words put on members, by hand or by a rule."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    ForeignKey,
    Index,
    String,
    delete,
    func,
    select,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from kernel import activity, audit
from kernel.activity import BigId
from kernel.db import Base, insert_once
from kernel.refusals import NotFound, Refused


class Tag(Base):
    """A word for members. `kind` is hand or rule; a rule tag has a rule, kept by `tag_runs`."""

    __tablename__ = "tag"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    code: Mapped[str] = mapped_column(String(40), unique=True)
    name: Mapped[str] = mapped_column(String(20))
    kind: Mapped[str] = mapped_column(String(10))
    rule: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    active: Mapped[bool] = mapped_column(Boolean, default=True)
    created_at: Mapped[datetime]


class MemberTag(Base):
    """One member's tag: where it came from, which operator put it, when."""

    __tablename__ = "member_tag"
    __table_args__ = (Index("ix_member_tag_tag_id_member_id", "tag_id", "member_id"),)

    member_id: Mapped[int] = mapped_column(
        ForeignKey("member.id"), primary_key=True, autoincrement=False
    )
    tag_id: Mapped[int] = mapped_column(
        ForeignKey("tag.id"), primary_key=True, autoincrement=False
    )
    source: Mapped[str] = mapped_column(String(20))
    by_operator: Mapped[int | None] = mapped_column(BigInteger)
    put_at: Mapped[datetime]


class TagKeptByRule(Refused):
    """Nobody puts or takes by hand what a rule decides; fact: `name`."""

    code = "tag_kept_by_rule"


def put(  # noqa: PLR0913 - two are by keyword
    session: Session,
    member_id: int,
    tag_code: str,
    at: datetime,
    *,
    source: str = "hand",
    by: int | None = None,
) -> bool:
    """Put the tag on the member; False when it is there already.

    Raises NotFound for a tag that is unknown or retired, TagKeptByRule.
    """
    tag_id = _get_by_hand(session, tag_code)
    row = {
        "member_id": member_id,
        "tag_id": tag_id,
        "source": source,
        "by_operator": by,
        "put_at": at,
    }
    if not insert_once(session, MemberTag, row, "member_id,tag_id"):
        return False
    _note(session, "tag.put", (member_id, tag_id), at, by)
    return True


def take(
    session: Session, member_id: int, tag_code: str, at: datetime, *, by: int | None = None
) -> bool:
    """Take the tag from the member; False when it is not there. Raises NotFound, TagKeptByRule."""
    tag_id = _get_by_hand(session, tag_code)
    taken = session.execute(
        delete(MemberTag)
        .where(MemberTag.member_id == member_id, MemberTag.tag_id == tag_id)
        .execution_options(synchronize_session=False)
    )
    if taken.rowcount != 1:  # type: ignore[attr-defined]
        return False
    _note(session, "tag.taken", (member_id, tag_id), at, by)
    return True


def _get_by_hand(session: Session, tag_code: str) -> int:
    found = session.scalar(select(Tag).where(Tag.code == tag_code, Tag.active.is_(True)))
    if found is None:
        raise NotFound
    if found.kind == "rule":
        raise TagKeptByRule(name=found.name)
    return found.id


def _note(
    session: Session, kind: str, which: tuple[int, int], at: datetime, by: int | None
) -> None:
    member_id, tag_id = which
    activity.record(session, kind, at, who=(None, member_id), tag_id=tag_id)
    if by is not None:
        audit.write(session, kind, f"member:{member_id}", at, by=(by, None), tag_id=tag_id)


def get(session: Session, tag_code: str) -> Tag:
    """The tag with that code, retired ones too. Raises NotFound."""
    found = session.scalar(select(Tag).where(Tag.code == tag_code))
    if found is None:
        raise NotFound
    return found


def name_of(session: Session, tag_code: str) -> str:
    """What people call the tag; its code when there is no such tag."""
    return session.scalar(select(Tag.name).where(Tag.code == tag_code)) or tag_code


def of_member(session: Session, member_id: int) -> list[tuple[Tag, MemberTag]]:
    """The member's tags that are in use, by name."""
    rows = session.execute(
        select(Tag, MemberTag)
        .join(MemberTag, MemberTag.tag_id == Tag.id)
        .where(MemberTag.member_id == member_id, Tag.active.is_(True))
        .order_by(Tag.name, Tag.id)
    )
    return [(row[0], row[1]) for row in rows]


def every(session: Session) -> list[tuple[Tag, int]]:
    """All tags with how many members each has, those in use first."""
    held = select(func.count()).where(MemberTag.tag_id == Tag.id).correlate(Tag).scalar_subquery()
    rows = session.execute(select(Tag, held).order_by(Tag.active.desc(), Tag.name, Tag.id))
    return [(row[0], int(row[1])) for row in rows]
