"""The blocklist: operators block a member, with a reason, and lift the block again.

A blocked member still reads pages, gets his data and may be erased; deeds are refused.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from kernel import activity, audit
from kernel.activity import BigId
from kernel.db import Base
from kernel.refusals import Invalid
from loyalty import members
from loyalty.members import Member, MemberEnded

REASON_LENGTH = 100


class Block(Base):
    """One block of one member, by whom and why, and how it was lifted."""

    __tablename__ = "member_block"
    __table_args__ = (Index("ix_member_block_member_id_id", "member_id", "id"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    reason: Mapped[str] = mapped_column(String(REASON_LENGTH))
    blocked_by: Mapped[int] = mapped_column(ForeignKey("operator.id"))
    blocked_at: Mapped[datetime]
    lift_reason: Mapped[str | None] = mapped_column(String(REASON_LENGTH))
    lifted_by: Mapped[int | None] = mapped_column(ForeignKey("operator.id"))
    lifted_at: Mapped[datetime | None]


def block(session: Session, member_id: int, reason: str, at: datetime, *, by: int) -> bool:
    """Block the member; False when he is blocked already.

    Raises Invalid without a reason, NotFound, MemberEnded.
    """
    why = clean_reason(reason)
    if not _turn(session, member_id, "active", "blocked"):
        return False
    session.add(Block(member_id=member_id, reason=why, blocked_by=by, blocked_at=at))
    _tell(session, "member.blocked", member_id, at, by)
    return True


def unblock(session: Session, member_id: int, reason: str, at: datetime, *, by: int) -> bool:
    """Lift the block; False when there is none.

    Raises Invalid without a reason, NotFound, MemberEnded.
    """
    why = clean_reason(reason)
    if not _turn(session, member_id, "blocked", "active"):
        return False
    session.execute(
        update(Block)
        .where(Block.member_id == member_id, Block.lifted_at.is_(None))
        .values(lift_reason=why, lifted_by=by, lifted_at=at)
    )
    _tell(session, "member.unblocked", member_id, at, by)
    return True


def _turn(session: Session, member_id: int, before: str, after: str) -> bool:
    turned = session.execute(
        update(Member)
        .where(Member.id == member_id, Member.state == before)
        .values(state=after)
        .execution_options(synchronize_session=False)
    )
    if turned.rowcount == 1:  # type: ignore[attr-defined]
        return True
    state = members.lock(session, member_id).state
    if state not in members.LIVE:
        raise MemberEnded(state=state)
    return False


def _tell(session: Session, kind: str, member_id: int, at: datetime, by: int) -> None:
    activity.record(session, kind, at, who=(None, member_id), operator_id=by)
    audit.write(session, kind, f"member:{member_id}", at, by=(by, None))


def clean_reason(text: str) -> str:
    """A reason that somebody wrote. Raises Invalid when it is blank or too long."""
    reason = " ".join(text.split())
    if not 1 <= len(reason) <= REASON_LENGTH:
        raise Invalid(field="reason", reason=f"请填写原因（{REASON_LENGTH} 字以内）")
    return reason


def history(session: Session, member_id: int) -> Sequence[Block]:
    """The member's blocks, newest first."""
    return session.scalars(
        select(Block).where(Block.member_id == member_id).order_by(Block.id.desc())
    ).all()
