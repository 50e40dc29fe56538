"""What becomes of recipients when a push is stopped for good, or tried again for the failed."""

from datetime import datetime

from sqlalchemy import exists, select, update
from sqlalchemy.orm import Session

from content.reviews import Hand
from kernel import audit
from kernel.refusals import Refused
from pushes import deliveries, pushes
from pushes.chunks import PushChunk
from pushes.deliveries import Delivery

# For these another call can only end alike.
PERMANENT = ("40003", "43004", "43019", "43101", "45015", "45047", "48002", "gone", "user block")
_PAGE = 20


class NothingToRetry(Refused):
    """Nobody of the push failed for a reason that another call could change."""

    code = "push_nothing_to_retry"


def retry_failed(session: Session, push_id: int, hand: Hand) -> int:
    """Let those who failed wait again, and nobody else; returns how many.

    What is `unknown` may have arrived and stays. Raises NotFound, WrongState, NothingToRetry.
    """
    push = pushes.get(session, push_id)
    pushes.require(push, "finished", "paused")
    again = session.execute(
        update(Delivery)
        .where(
            Delivery.push_id == push_id,
            Delivery.state == "failed",
            Delivery.reason.not_in(PERMANENT),
        )
        .values(state="pending", reason=None, settled_at=None, attempts=0)
        .execution_options(synchronize_session=False)
    )
    count = int(again.rowcount)  # type: ignore[attr-defined]
    if count == 0:
        raise NothingToRetry
    waits = exists().where(
        Delivery.push_id == PushChunk.push_id,
        Delivery.chunk_no == PushChunk.no,
        Delivery.state == "pending",
    )
    session.execute(
        update(PushChunk)
        .where(PushChunk.push_id == push_id, PushChunk.state == "closed", waits)
        .values(state="waiting", due_at=hand.at)
        .execution_options(synchronize_session=False)
    )
    pushes.move(session, push_id, push.state, "running", reason=None, finished_at=None)
    session.refresh(push)
    subject = f"push:{push_id}"
    audit.write(session, "push.retried", subject, hand.at, by=(hand.by, None), count=count)
    return count


def drop_waiting(session: Session, push_id: int, at: datetime) -> bool:
    """Close some chunks of a cancelled push; whether there may be others.

    Chunks that a worker holds are left to him: he sees the state before his next call.
    """
    chunks = session.scalars(
        select(PushChunk)
        .where(PushChunk.push_id == push_id, PushChunk.state == "waiting")
        .order_by(PushChunk.id)
        .limit(_PAGE)
        .with_for_update(skip_locked=True)
    ).all()
    for chunk in chunks:
        session.execute(
            update(Delivery)
            .where(
                Delivery.push_id == push_id,
                Delivery.chunk_no == chunk.no,
                Delivery.state == "pending",
            )
            .values(state="skipped", reason="cancelled", settled_at=at)
            .execution_options(synchronize_session=False)
        )
        chunk.tally = deliveries.tally(session, push_id, chunk.no)
        chunk.state = "closed"
    session.flush()
    return len(chunks) == _PAGE
