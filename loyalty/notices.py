"""Notices: what a member should hear of, decided once; pages show them, pushes may send them."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from kernel.activity import BigId
from kernel.db import Base, insert_once


class Notice(Base):
    """One thing told to one member; `reference` stands once, for ever."""

    __tablename__ = "notice"
    __table_args__ = (Index("ix_notice_member_id_id", "member_id", "id"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    kind: Mapped[str] = mapped_column(String(30))
    reference: Mapped[str] = mapped_column(String(120), unique=True)
    facts: Mapped[dict[str, Any]] = mapped_column(JSON)
    created_at: Mapped[datetime]
    read_at: Mapped[datetime | None]


def post(
    session: Session, member_id: int, kind: str, reference: str, at: datetime, **facts: Any
) -> bool:
    """Tell the member something, once for each reference; False when it was told before."""
    row = {
        "member_id": member_id,
        "kind": kind,
        "reference": reference,
        "facts": facts,
        "created_at": at,
        "read_at": None,
    }
    return insert_once(session, Notice, row, "reference")


def unread(session: Session, member_id: int, limit: int = 5) -> list[Notice]:
    """What the member has not seen yet, newest first."""
    return list(
        session.scalars(
            select(Notice)
            .where(Notice.member_id == member_id, Notice.read_at.is_(None))
            .order_by(Notice.id.desc())
            .limit(limit)
        )
    )


def recent(session: Session, member_id: int, limit: int = 50) -> list[Notice]:
    """What the member was told, seen or not, newest first."""
    return list(
        session.scalars(
            select(Notice)
            .where(Notice.member_id == member_id)
            .order_by(Notice.id.desc())
            .limit(limit)
        )
    )


def mark_read(session: Session, member_id: int, at: datetime, shown: Collection[int]) -> None:
    """The member has seen these of his notices, by id."""
    session.execute(
        update(Notice)
        .where(Notice.member_id == member_id, Notice.read_at.is_(None), Notice.id.in_(shown))
        .values(read_at=at)
        .execution_options(synchronize_session=False)
    )
