"""What became of transactional notices: a row each that was decided about, once for ever."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, String, UniqueConstraint, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from kernel import outbox
from kernel.activity import BigId
from kernel.db import Base
from loyalty.members import Member

# `left`: in the outbox; the others as deliveries call them.
STATES = ("left", "sent", "failed", "unknown", "skipped")


class SentNotice(Base):
    """One row of a source that was told to its member, or why not."""

    __tablename__ = "sent_notice"
    __table_args__ = (
        UniqueConstraint("source", "source_id"),
        Index("ix_sent_notice_member_id_message_id", "member_id", "message_id"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    source: Mapped[str] = mapped_column(String(20))
    source_id: Mapped[int] = mapped_column(BigInteger)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    kind: Mapped[str] = mapped_column(String(30))
    channel: Mapped[str] = mapped_column(String(10))
    state: Mapped[str] = mapped_column(String(10))
    reason: Mapped[str | None] = mapped_column(String(80))
    message_id: Mapped[int | None] = mapped_column(BigInteger)
    at: Mapped[datetime] = mapped_column(index=True)


class NoticeCursor(Base):
    """Up to which row of a source everything is decided; `next_id` becomes `after_id` at
    `next_at`, when whoever wrote smaller numbers has long committed."""

    __tablename__ = "notice_cursor"

    source: Mapped[str] = mapped_column(String(20), primary_key=True)
    after_id: Mapped[int] = mapped_column(BigInteger)
    next_id: Mapped[int] = mapped_column(BigInteger)
    next_at: Mapped[datetime]


def reference_of(source: str, source_id: int) -> str:
    """The business key of a notice in the outbox."""
    return f"push-notice:{source}:{source_id}"


def settle(session: Session, source: str, source_id: int, state: str, reason: str | None) -> None:
    """Write down how the call ended."""
    short = None if reason is None else reason[:80]
    session.execute(
        update(SentNotice)
        .where(
            SentNotice.source == source,
            SentNotice.source_id == source_id,
            SentNotice.state == "left",
        )
        .values(state=state, reason=short)
        .execution_options(synchronize_session=False)
    )


def note_message(session: Session, source: str, source_id: int, message_id: int) -> None:
    """Keep the number under which WeChat will tell how it ended."""
    session.execute(
        update(SentNotice)
        .where(SentNotice.source == source, SentNotice.source_id == source_id)
        .values(message_id=message_id)
        .execution_options(synchronize_session=False)
    )


def fail(session: Session, openid: str, message_id: int, reason: str) -> bool:
    """WeChat took it and it did not arrive; False when it is none of these."""
    found = session.scalar(
        select(SentNotice)
        .join(Member, Member.id == SentNotice.member_id)
        .where(Member.openid == openid, SentNotice.message_id == message_id)
        .limit(1)
    )
    if found is None:
        return False
    found.state, found.reason = "failed", reason[:80]
    session.flush()
    return True


def forget(session: Session, member_id: int, at: datetime) -> None:
    """Send nothing any more to a member who is gone."""
    waiting = session.execute(
        select(SentNotice.source, SentNotice.source_id).where(
            SentNotice.member_id == member_id, SentNotice.state == "left"
        )
    )
    outbox.withdraw(session, [reference_of(row.source, row.source_id) for row in waiting], at)
