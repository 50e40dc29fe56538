"""What an answer means for a recipient, and what else changes with it."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from content.customer_messages import CustomerMessage
from kernel.db import insert_once
from kernel.outcomes import Outcome
from pushes import credits, deliveries
from pushes.calls import next_channel
from pushes.chunks import Claim
from pushes.deliveries import Delivery, Settled
from pushes.pushes import Push

_NO_CREDIT = "43101"


class Answered(NamedTuple):
    """One recipient's answer: by which channel he was called, at which attempt."""

    delivery_id: int
    channel: str
    attempt: int
    outcome: Outcome


def verdict(push: Push, answered: Answered, most_attempts: int) -> Settled:
    """How the delivery stands after the answer.

    What is unsure never goes on to another channel: he may have it already.
    """
    outcome, channel, message_id = answered.outcome, answered.channel, None
    state, reason = "failed", outcome.reason
    if outcome.verdict == "sent":
        state, reason, message_id = "sent", None, outcome.message_id
    elif outcome.verdict == "unknown":
        state = "unknown"
    elif outcome.verdict == "stop":
        state, reason = "pending", None
    elif outcome.verdict == "again":
        tired = answered.attempt >= most_attempts
        state, reason = ("failed", "gave up") if tired else ("pending", None)
    elif further := next_channel(push, channel):
        state, reason, channel = "pending", None, further
    return Settled(answered.delivery_id, state, channel, reason, message_id)


def settle(
    session: Session, push: Push, claim: Claim, answered: Sequence[Answered], at: datetime
) -> None:
    """Write what else an answer changes: the credit it used, the message that counts."""
    _settle_credits(session, push, answered, at)
    _count_customer_messages(session, claim, answered, at)


def _settle_credits(
    session: Session, push: Push, answered: Sequence[Answered], at: datetime
) -> None:
    noticed = [one for one in answered if one.channel == "notice"]
    if not noticed:
        return
    openids = _openids(session, noticed)
    template_id = push.contents["notice"]["template_id"]
    for act, verdicts in ((credits.use, {"sent", "unknown"}), (credits.exhaust, {"refused"})):
        touched = [
            openids[one.delivery_id]
            for one in noticed
            if one.outcome.verdict in verdicts
            and (act is credits.use or one.outcome.reason == _NO_CREDIT)
        ]
        if touched:
            act(session, touched, template_id, at)


def _count_customer_messages(
    session: Session, claim: Claim, answered: Sequence[Answered], at: datetime
) -> None:
    # Answers of staff and these share the five messages of a window.
    written = [
        one for one in answered
        if one.channel == "customer" and one.outcome.verdict in {"sent", "unknown"}
    ]  # fmt: skip
    if not written:
        return
    openids = _openids(session, written)
    for one in written:
        row = {
            "reference": f"push:{claim.push_id}:{one.delivery_id}:{one.attempt}",
            "openid": openids[one.delivery_id],
            "state": one.outcome.verdict,
            "reason": None,
            "posted_at": at,
        }
        insert_once(session, CustomerMessage, row, "reference")


def _openids(session: Session, answered: Sequence[Answered]) -> dict[int, str]:
    ids = [one.delivery_id for one in answered]
    rows = session.execute(select(Delivery.id, Delivery.openid).where(Delivery.id.in_(ids)))
    return {row.id: row.openid for row in rows}


def settle_mass(
    session: Session,
    claim: Claim,
    ids: Sequence[int],
    settled: Settled,
    at: datetime,
) -> None:
    """Write one outcome for all recipients of a mass send."""
    ended = [Settled(each, settled.state, settled.channel, settled.reason) for each in ids]
    deliveries.settle(session, claim.claim_no, ended, at)
