"""The quota of codes: one row a phone, a visitor and a network address, which is the lock.

Whoever asks for a code first takes the rows of his phone, openid and address, always in one
order; so codes that are asked for at the same moment are counted one after the other.
"""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import String, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from kernel.db import Base, insert_once


class CodeQuota(Base):
    """Somebody or something that asked for codes, as a keyed digest; may go after a day."""

    __tablename__ = "code_quota"

    subject: Mapped[str] = mapped_column(String(64), primary_key=True)
    touched_at: Mapped[datetime] = mapped_column(index=True)


def hold(session: Session, subjects: Iterable[str], at: datetime) -> None:
    """Lock the rows of the subjects until the end of the transaction."""
    for subject in sorted(set(subjects)):
        # The update comes first: on InnoDB two inserts of a row that stands are a deadlock.
        if not _touch(session, subject, at):
            row = {"subject": subject, "touched_at": at}
            if not insert_once(session, CodeQuota, row, "subject"):
                _touch(session, subject, at)


def _touch(session: Session, subject: str, at: datetime) -> bool:
    touched = session.execute(
        update(CodeQuota)
        .where(CodeQuota.subject == subject)
        .values(touched_at=at)
        .execution_options(synchronize_session=False)
    )
    return bool(touched.rowcount == 1)  # type: ignore[attr-defined]
