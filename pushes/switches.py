"""Kill switches: one a channel, for the duty manager; nothing is lost while one is off."""

from datetime import datetime

from sqlalchemy import ForeignKey, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from content.reviews import Hand
from kernel import audit
from kernel.db import Base, insert_once
from kernel.refusals import Invalid
from pushes.channels import NAMES

REASON_LENGTH = 100


class ChannelStop(Base):
    """A channel by which nothing leaves; the row goes when it is let on again."""

    __tablename__ = "channel_stop"

    channel: Mapped[str] = mapped_column(String(10), primary_key=True)
    stopped_by: Mapped[int | None] = mapped_column(ForeignKey("operator.id"))
    stopped_at: Mapped[datetime]
    reason: Mapped[str] = mapped_column(String(REASON_LENGTH))


def stop(session: Session, channel: str, reason: str, hand: Hand) -> bool:
    """Let nothing leave by the channel; False when it was stopped already. Raises Invalid."""
    why = reason.strip()
    if channel not in NAMES:
        raise Invalid(field="channel", reason="没有这个渠道")
    if not 1 <= len(why) <= REASON_LENGTH:
        raise Invalid(field="reason", reason=f"请写明原因（{REASON_LENGTH} 字以内）")
    row = {"channel": channel, "stopped_by": hand.by, "stopped_at": hand.at, "reason": why}
    if not insert_once(session, ChannelStop, row, "channel"):
        return False
    _note(session, "channel.stopped", channel, hand, reason=why)
    return True


def let_on(session: Session, channel: str, hand: Hand) -> bool:
    """Let the channel go on; False when it was not stopped."""
    found = session.get(ChannelStop, channel, with_for_update=True)
    if found is None:
        return False
    session.delete(found)
    session.flush()
    _note(session, "channel.resumed", channel, hand)
    return True


def stopped(session: Session) -> dict[str, ChannelStop]:
    """The channels that are stopped."""
    return {row.channel: row for row in session.scalars(select(ChannelStop))}


def _note(session: Session, action: str, channel: str, hand: Hand, **facts: object) -> None:
    audit.write(session, action, f"channel:{channel}", hand.at, by=(hand.by, None), **facts)
