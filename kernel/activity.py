"""The activity log: what members and operators did, append-only, the source of reports."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Index, Integer, String, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from kernel.db import Base
from kernel.hot import Hot, inserting, table_of

_FORGET_ROWS = 500

# SQLite counts up by itself only in a column spelled INTEGER.
BigId = BigInteger().with_variant(Integer, "sqlite")


class Activity(Base):
    """One thing that happened; `kind` is dotted, such as `check_in` or `coupon.claimed`."""

    __tablename__ = "activity"
    __table_args__ = (
        Index("ix_activity_kind_at", "kind", "at"),
        Index("ix_activity_member_id_id", "member_id", "id"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    at: Mapped[datetime]
    kind: Mapped[str] = mapped_column(String(40))
    openid: Mapped[str | None] = mapped_column(String(64))
    member_id: Mapped[int | None] = mapped_column(BigInteger)
    facts: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))


def record(
    session: Session,
    kind: str,
    at: datetime,
    *,
    who: tuple[str | None, int | None] = (None, None),
    **facts: Any,
) -> None:
    """Append one activity of `who` = (openid, member id), in the caller's transaction.

    Facts hold ids and numbers, never a phone, a name or a token: the log outlives the person.
    """
    openid, member_id = who
    row = {"at": at, "kind": kind, "openid": openid, "member_id": member_id}
    _INSERT.run(session, {**row, "facts": facts or None})


def happened(session: Session, kind: str, openid: str, since: datetime) -> bool:
    """Whether `openid` did something of that kind since that instant."""
    found = session.execute(
        select(Activity.id)
        .where(Activity.kind == kind, Activity.at > since, Activity.openid == openid)
        .limit(1)
    )
    return found.first() is not None


def forget(session: Session, member_id: int, openid: str, stand_in: str) -> None:
    """Put `stand_in` where the log names a person's openid; what happened stays counted.

    Rows from before the registration have no member id and no index: they are looked for without
    a lock, and changed by their ids.
    """
    before = session.scalars(
        select(Activity.id).where(Activity.member_id.is_(None), Activity.openid == openid)
    ).all()
    for start in range(0, len(before), _FORGET_ROWS):
        some = Activity.id.in_(before[start : start + _FORGET_ROWS])
        session.execute(update(Activity).where(some).values(openid=stand_in))
    session.execute(
        update(Activity)
        .where(Activity.member_id == member_id, Activity.openid == openid)
        .values(openid=stand_in)
    )


_INSERT = Hot(inserting(table_of(Activity), ("at", "kind", "openid", "member_id", "facts")))
