"""客服消息: what goes to one follower apart from the passive reply, counted and sent at most once.

The outbox carries the body; a row here counts against what WeChat allows, and tells how it ended.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol

from sqlalchemy import Index, String, delete, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from content.allowances import LONGEST, Action, Allowance, allowance
from kernel import outbox
from kernel.activity import BigId
from kernel.db import Base, insert_once
from kernel.outbox import OutboxMessage
from kernel.outcomes import Outcome

TOPIC = "customer_message"
# `waiting` includes what is being sent right now.
STATES = {"waiting": "发送中", "sent": "已发送", "failed": "未送达", "unknown": "结果不明"}
_PAGE = 200


class CustomerMessage(Base):
    """One message to a follower; `reference` is its business key, the outbox has the same."""

    __tablename__ = "customer_message"
    __table_args__ = (
        Index("ix_customer_message_openid_posted_at", "openid", "posted_at"),
        Index("ix_customer_message_state_id", "state", "id"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    reference: Mapped[str] = mapped_column(String(120), unique=True)
    openid: Mapped[str] = mapped_column(String(64))
    state: Mapped[str] = mapped_column(String(10))
    reason: Mapped[str | None] = mapped_column(String(200))
    posted_at: Mapped[datetime] = mapped_column(index=True)


class CustomerSender(Protocol):
    """Sends a customer message; the gateway to WeChat does."""

    def send_custom(self, openid: str, body: dict[str, Any]) -> Outcome: ...


class Nobody:
    """Sends nothing, and says so: for a process that was given no gateway."""

    def send_custom(self, openid: str, body: dict[str, Any]) -> Outcome:
        """A refusal."""
        del openid, body
        return Outcome("refused", "no gateway")


def post(
    session: Session, openid: str, reference: str, body: dict[str, Any], at: datetime
) -> bool:
    """Leave a message to be sent after the caller's commit; False when it was left before.

    `body` is what WeChat takes besides `touser`, such as `{"msgtype": "text", "text": {…}}`.
    """
    row = {
        "reference": reference, "openid": openid, "state": "waiting", "reason": None,
        "posted_at": at,
    }  # fmt: skip
    if not insert_once(session, CustomerMessage, row, "reference"):
        return False
    payload = {"openid": openid, "body": body, "reference": reference}
    outbox.post(session, TOPIC, reference, payload, at)
    return True


def left_for(session: Session, openid: str, actions: Sequence[Action], at: datetime) -> Allowance:
    """What may still be sent to a follower, from what he did within the last 48 hours."""
    sent = session.scalars(
        select(CustomerMessage.posted_at).where(
            CustomerMessage.openid == openid,
            CustomerMessage.posted_at > at - LONGEST,
            # What WeChat refused did not count; what is unsure might have.
            CustomerMessage.state != "failed",
        )
    )
    return allowance(actions, list(sent), at)


def settle(session: Session, reference: str, state: str, reason: str | None) -> None:
    """Write down how a message ended."""
    session.execute(
        update(CustomerMessage)
        .where(CustomerMessage.reference == reference, CustomerMessage.state == "waiting")
        .values(state=state, reason=reason)
    )


def catch_up(session: Session, now: datetime) -> int:
    """Take over from the outbox how lost messages ended; how many."""
    rows = session.execute(
        select(OutboxMessage.reference, OutboxMessage.state, OutboxMessage.reason)
        .join(CustomerMessage, CustomerMessage.reference == OutboxMessage.reference)
        .where(
            CustomerMessage.state == "waiting",
            CustomerMessage.posted_at < now - timedelta(seconds=outbox.SENDING_SECONDS),
            OutboxMessage.state.in_(("sent", "failed", "unknown")),
        )
        .limit(_PAGE)
    ).all()
    for row in rows:
        settle(session, row.reference, row.state, row.reason)
    return len(rows)


def forget(session: Session, openid: str, now: datetime) -> None:
    """Send nothing any more to somebody who is gone, and drop that he was sent anything."""
    of_him = select(CustomerMessage.reference).where(CustomerMessage.openid == openid)
    outbox.withdraw(session, list(session.scalars(of_him)), now)
    session.execute(delete(CustomerMessage).where(CustomerMessage.openid == openid))
