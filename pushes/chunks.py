"""Chunks: recipients that one worker holds at a time, under a lease.

States: `waiting` ⇄ `leased` → `closed`. The lease lies on the chunk, not on each recipient: it
costs one row, and a recipient's row is written twice instead of three times. `claim_no` counts
the leases; a delivery that was begun bears the number of its claim, so that a worker which slept
through its lease can neither begin another call nor speak for somebody else's.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    String,
    UniqueConstraint,
    bindparam,
    exists,
    func,
    select,
    update,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from kernel.activity import BigId
from kernel.db import Base
from kernel.hot import Hot, table_of
from pushes import deliveries
from pushes.deliveries import UNSETTLED, Delivery
from pushes.pushes import Push

LEASE = timedelta(seconds=30)
# A worker whose lease has less left than a call may take must not begin one.
CALL_MARGIN = timedelta(seconds=10)
_LOOKED_AT = 40


class PushChunk(Base):
    """Some recipients of a push. `tally` counts them once nobody of them waits any more;
    `result` is what the platform reported of a mass send, by its own count."""

    __tablename__ = "push_chunk"
    __table_args__ = (
        UniqueConstraint("push_id", "no"),
        Index("ix_push_chunk_push_id_state_due_at", "push_id", "state", "due_at"),
        Index("ix_push_chunk_state_lease_until_at", "state", "lease_until_at"),
        Index("ix_push_chunk_message_id", "message_id"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    push_id: Mapped[int] = mapped_column(ForeignKey("push.id"))
    no: Mapped[int] = mapped_column(Integer)
    channel: Mapped[str] = mapped_column(String(10))
    variant: Mapped[int] = mapped_column(SmallInteger)
    size: Mapped[int] = mapped_column(Integer)
    state: Mapped[str] = mapped_column(String(10))
    claim_no: Mapped[int] = mapped_column(Integer)
    lease_owner: Mapped[str | None] = mapped_column(String(80))
    lease_until_at: Mapped[datetime | None]
    due_at: Mapped[datetime]
    message_id: Mapped[int | None] = mapped_column(BigInteger)
    tally: Mapped[list[list[Any]]] = mapped_column(JSON)
    result: Mapped[dict[str, Any]] = mapped_column(JSON)


@dataclass(frozen=True)
class Claim:
    """A leased chunk: whose, which, and the number that its deliveries will bear."""

    chunk_id: int
    push_id: int
    no: int
    channel: str
    variant: int
    claim_no: int
    owner: str


def claim(
    session: Session, push_id: int, owner: str, now: datetime, without: Sequence[str] = ()
) -> Claim | None:
    """Lease a waiting chunk that is due, but of no channel `without`; None when there is none.

    The conditional update decides between rivals: the loser leases nothing and looks further.
    """
    waiting = session.execute(
        select(PushChunk.id, PushChunk.claim_no)
        .where(
            PushChunk.push_id == push_id,
            PushChunk.state == "waiting",
            PushChunk.due_at <= now,
            PushChunk.channel.not_in(without),
        )
        .order_by(PushChunk.due_at, PushChunk.id)
        .limit(_LOOKED_AT)
    ).all()
    for row in waiting:
        leased = session.execute(
            update(PushChunk)
            .where(
                PushChunk.id == row.id,
                PushChunk.state == "waiting",
                PushChunk.claim_no == row.claim_no,
            )
            .values(
                state="leased",
                lease_owner=owner,
                lease_until_at=now + LEASE,
                claim_no=row.claim_no + 1,
            )
            .execution_options(synchronize_session=False)
        )
        if leased.rowcount == 1:  # type: ignore[attr-defined]
            chunk = session.get_one(PushChunk, row.id, populate_existing=True)
            return Claim(
                chunk.id, push_id, chunk.no, chunk.channel, chunk.variant, chunk.claim_no, owner
            )
    return None


def renew(session: Session, claim: Claim, now: datetime) -> bool:
    """Prolong the lease; False when it is lost, or so nearly over that nothing may begin, or when
    the push is not running any more."""
    lease = {"fence": now + CALL_MARGIN, "until": now + LEASE}
    mine = {"chunk": claim.chunk_id, "push": claim.push_id, "claim": claim.claim_no}
    return _RENEW.run(session, {**mine, **lease}).rowcount == 1


_RENEW = Hot(
    update(table_of(PushChunk))
    .where(
        PushChunk.id == bindparam("chunk"),
        PushChunk.state == "leased",
        PushChunk.claim_no == bindparam("claim"),
        PushChunk.lease_until_at > bindparam("fence"),
        exists().where(Push.id == bindparam("push"), Push.state == "running"),
    )
    .values(lease_until_at=bindparam("until"))
)


def _mine(claim: Claim) -> tuple[Any, ...]:
    return (
        PushChunk.id == claim.chunk_id,
        PushChunk.state == "leased",
        PushChunk.claim_no == claim.claim_no,
    )


def begin(session: Session, claim: Claim, ids: Sequence[int]) -> None:
    """Mark those of them who still wait as `sending`, to be committed before their calls."""
    session.execute(
        update(Delivery)
        .where(Delivery.id.in_(ids), Delivery.state == "pending")
        .values(state="sending", attempts=Delivery.attempts + 1, claim_no=claim.claim_no)
        .execution_options(synchronize_session=False)
    )


def release(session: Session, claim: Claim, due_at: datetime) -> None:
    """Give the chunk back: closed when nobody of it waits, else to be taken again at `due_at`."""
    waits = session.scalar(
        select(func.count()).where(
            Delivery.push_id == claim.push_id,
            Delivery.chunk_no == claim.no,
            Delivery.state.in_(UNSETTLED),
        )
    )
    ended = _close(session, claim.push_id, claim.no) if not waits else {"state": "waiting"}
    session.execute(
        update(PushChunk)
        .where(*_mine(claim))
        .values(lease_owner=None, lease_until_at=None, due_at=due_at, **ended)
        .execution_options(synchronize_session=False)
    )


def _close(session: Session, push_id: int, no: int) -> dict[str, Any]:
    return {"state": "closed", "tally": deliveries.tally(session, push_id, no)}


def note_message(session: Session, claim: Claim, message_id: int | None) -> None:
    """Keep the number that the platform gave a mass send: its result comes under it."""
    if message_id is not None:
        session.execute(
            update(PushChunk)
            .where(PushChunk.id == claim.chunk_id)
            .values(message_id=message_id)
            .execution_options(synchronize_session=False)
        )


def reap(session: Session, now: datetime) -> int:
    """Free what dead workers held: who was being called is `unknown`, the chunk waits again."""
    lost = session.execute(
        select(PushChunk.id, PushChunk.push_id, PushChunk.no, PushChunk.claim_no).where(
            PushChunk.state == "leased", PushChunk.lease_until_at < now
        )
    ).all()
    freed = 0
    for row in lost:
        taken = session.execute(
            update(PushChunk)
            .where(
                PushChunk.id == row.id,
                PushChunk.state == "leased",
                PushChunk.claim_no == row.claim_no,
                PushChunk.lease_until_at < now,
            )
            .values(state="waiting", lease_owner=None, lease_until_at=None, due_at=now)
            .execution_options(synchronize_session=False)
        )
        if taken.rowcount != 1:  # type: ignore[attr-defined]
            continue  # renewed, or freed by somebody else
        freed += 1
        session.execute(
            update(Delivery)
            .where(
                Delivery.push_id == row.push_id,
                Delivery.chunk_no == row.no,
                Delivery.state == "sending",
            )
            .values(state="unknown", reason="worker lost", settled_at=now)
            .execution_options(synchronize_session=False)
        )
    return freed


def recount(session: Session, push_id: int, numbers: Iterable[int]) -> None:
    """Count closed chunks anew, after the platform told how deliveries of theirs ended."""
    for no in sorted(set(numbers)):
        session.execute(
            update(PushChunk)
            .where(PushChunk.push_id == push_id, PushChunk.no == no, PushChunk.state == "closed")
            .values(tally=deliveries.tally(session, push_id, no))
            .execution_options(synchronize_session=False)
        )


def progress(session: Session, push: Push) -> list[list[Any]]:
    """Everybody of the push counted: [state, channel, variant, reason, how many] each.

    Counted, never kept up: closed chunks were counted when they closed and the few that are open
    are counted now, so it stays fast with a million recipients.
    """
    lines = [*push.outside]
    rows = session.execute(
        select(PushChunk.no, PushChunk.state, PushChunk.claim_no, PushChunk.channel,
               PushChunk.variant, PushChunk.size, PushChunk.tally)
        .where(PushChunk.push_id == push.id)
    )  # fmt: skip
    open_numbers = []
    for row in rows:
        if row.state == "closed":
            lines += row.tally
        elif row.claim_no == 0:
            lines.append(["pending", row.channel, row.variant, None, row.size])
        else:
            open_numbers.append(row.no)
    for no in open_numbers:
        lines += deliveries.tally(session, push.id, no)
    return lines


def by_state(lines: Iterable[list[Any]]) -> dict[str, int]:
    """The lines of `progress` by state alone."""
    counts: dict[str, int] = {}
    for state, _channel, _variant, _reason, count in lines:
        counts[state] = counts.get(state, 0) + int(count)
    return counts


def busy(session: Session, push_id: int, now: datetime) -> tuple[int, int]:
    """How many chunks of the push wait and are due, and how many are leased."""
    rows = session.execute(
        select(PushChunk.state, func.count())
        .where(PushChunk.push_id == push_id, PushChunk.state != "closed")
        .where((PushChunk.state == "leased") | (PushChunk.due_at <= now))
        .group_by(PushChunk.state)
    )
    counts = {row[0]: int(row[1]) for row in rows}
    return counts.get("waiting", 0), counts.get("leased", 0)


def is_through(session: Session, push_id: int) -> bool:
    """Whether every chunk of the push is closed."""
    unclosed = select(PushChunk.id).where(
        PushChunk.push_id == push_id, PushChunk.state != "closed"
    )
    return session.execute(unclosed.limit(1)).first() is None
