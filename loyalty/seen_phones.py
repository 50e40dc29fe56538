"""Seen phones: what stays of a phone when its member is gone, as a keyed digest.

It keeps "once a phone, for ever": the welcome, the reward for inviting it, and a block.
"""

from datetime import datetime

from sqlalchemy import String, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from kernel.db import Base, insert_once


class SeenPhone(Base):
    """A phone that is or was a member's.

    `gifted_at` is when its welcome was given or, where there was none, passed up; `invited_by`
    the digest of the phone whose holder brought it; `erased_at` the last erasure of its member;
    `barred_at` says that a blocked member was erased, and that the block goes on.
    """

    __tablename__ = "phone_seen"

    phone_digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    first_at: Mapped[datetime]
    gifted_at: Mapped[datetime | None]
    invited_by: Mapped[str | None] = mapped_column(String(64))
    erased_at: Mapped[datetime | None]
    barred_at: Mapped[datetime | None]


def note(session: Session, digest: str, at: datetime) -> bool:
    """Remember the phone; False when it was seen before."""
    row = {
        "phone_digest": digest,
        "first_at": at,
        "gifted_at": None,
        "invited_by": None,
        "erased_at": None,
        "barred_at": None,
    }
    return insert_once(session, SeenPhone, row, "phone_digest")


def find(session: Session, digest: str) -> SeenPhone | None:
    """What is remembered of the phone, as it stands now."""
    return session.scalar(
        select(SeenPhone)
        .where(SeenPhone.phone_digest == digest)
        .execution_options(populate_existing=True)
    )


def take_welcome(session: Session, digest: str, at: datetime) -> bool:
    """Use up the one welcome of the phone; False when it had it."""
    taken = session.execute(
        update(SeenPhone)
        .where(SeenPhone.phone_digest == digest, SeenPhone.gifted_at.is_(None))
        .values(gifted_at=at)
        .execution_options(synchronize_session=False)
    )
    return bool(taken.rowcount == 1)  # type: ignore[attr-defined]


def take_invitation(session: Session, digest: str, inviter: str) -> bool:
    """Note which phone brought this one; False when one did before."""
    taken = session.execute(
        update(SeenPhone)
        .where(SeenPhone.phone_digest == digest, SeenPhone.invited_by.is_(None))
        .values(invited_by=inviter)
        .execution_options(synchronize_session=False)
    )
    return bool(taken.rowcount == 1)  # type: ignore[attr-defined]


def mark_erased(session: Session, digest: str, at: datetime, *, barred: bool) -> None:
    """The phone's member was erased; `barred` carries a block on."""
    values = {"erased_at": at, **({"barred_at": at} if barred else {})}
    session.execute(
        update(SeenPhone)
        .where(SeenPhone.phone_digest == digest)
        .values(**values)
        .execution_options(synchronize_session=False)
    )
