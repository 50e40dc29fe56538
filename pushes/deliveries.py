"""Deliveries: one row a recipient, in chunks that are sent by one call each.

States: `pending` → `leased` → `sending` → `sent` | `failed` | `unknown`.

Only `pending` may be claimed. `sending` is committed before the call, so a worker that dies leaves
`sending` behind: it may have been sent, is called `unknown`, and is never sent again by itself.
"""

from datetime import datetime, timedelta

from sqlalchemy import (
    BigInteger,
    ForeignKey,
    Index,
    Integer,
    String,
    UniqueConstraint,
    and_,
    case,
    func,
    insert,
    literal,
    select,
    update,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from kernel.activity import BigId
from kernel.db import Base
from loyalty.followers import Follower
from loyalty.members import Member
from pushes.pushes import Push

LEASE = timedelta(seconds=30)
# A worker whose lease has less left than a call may take must not begin the call.
CALL_MARGIN = timedelta(seconds=10)
UNSETTLED = ("pending", "leased", "sending")
STATE_NAMES = {
    "pending": "待发送",
    "leased": "待发送",
    "sending": "发送中",
    "sent": "已送出",
    "failed": "未送达",
    "unknown": "结果不明",
}


class Delivery(Base):
    """A push to one recipient."""

    __tablename__ = "delivery"
    __table_args__ = (
        UniqueConstraint("push_id", "member_id"),
        Index("ix_delivery_push_id_chunk_no_state", "push_id", "chunk_no", "state"),
        Index("ix_delivery_state_lease_until_at", "state", "lease_until_at"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    push_id: Mapped[int] = mapped_column(ForeignKey("push.id"))
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    openid: Mapped[str] = mapped_column(String(64))
    chunk_no: Mapped[int] = mapped_column(Integer)
    state: Mapped[str] = mapped_column(String(10))
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    lease_owner: Mapped[str | None] = mapped_column(String(80))
    lease_until_at: Mapped[datetime | None]
    message_id: Mapped[int | None] = mapped_column(BigInteger)
    reason: Mapped[str | None] = mapped_column(String(80))
    settled_at: Mapped[datetime | None]


def forget(session: Session, member_id: int, stand_in: str, at: datetime) -> None:
    """The recipient is gone: his openid goes, and what still waits for him is not sent."""
    # By way of the pushes: the index begins with them.
    mine = and_(Delivery.push_id.in_(select(Push.id)), Delivery.member_id == member_id)
    unsynchronised = {"synchronize_session": False}
    waiting = update(Delivery).where(mine, Delivery.state.in_(("pending", "leased")))
    gone = {"state": "failed", "reason": "gone", "settled_at": at}
    session.execute(waiting.values(**gone).execution_options(**unsynchronised))
    named = update(Delivery).where(mine).values(openid=stand_in)
    session.execute(named.execution_options(**unsynchronised))


def snapshot(session: Session, push_id: int, chunk: int) -> int:
    """Freeze the audience into rows, in the database alone; returns how many.

    A mass send takes at least two openids, so a last chunk of one joins the chunk before it.
    Chunks never change afterwards: the message id that we give a chunk's call stays true of it.
    """
    audience = (
        select(Member.id, Member.openid)
        .join(Follower, Follower.openid == Member.openid)
        .where(Follower.subscribed.is_(True))
    )
    total = session.scalar(select(func.count()).select_from(audience.subquery())) or 0
    last = (total - 1) // chunk - (1 if total > chunk and total % chunk == 1 else 0)
    position = func.row_number().over(order_by=Member.id) - 1
    numbered = audience.add_columns(position.label("position")).subquery()
    chunk_no = case(
        (numbered.c.position >= (last + 1) * chunk, last), else_=numbered.c.position // chunk
    )
    rows = select(
        literal(push_id),
        numbered.c.id,
        numbered.c.openid,
        chunk_no,
        literal("pending"),
        literal(0),
    )
    columns = ["push_id", "member_id", "openid", "chunk_no", "state", "attempts"]
    session.execute(insert(Delivery).from_select(columns, rows, include_defaults=False))
    return int(session.scalar(select(func.count()).where(Delivery.push_id == push_id)) or 0)


def waiting_chunks(session: Session, push_id: int, limit: int = 200) -> list[int]:
    """The chunks in which somebody still waits."""
    return list(
        session.scalars(
            select(Delivery.chunk_no)
            .where(Delivery.push_id == push_id, Delivery.state == "pending")
            .group_by(Delivery.chunk_no)
            .order_by(Delivery.chunk_no)
            .limit(limit)
        )
    )


def claim(session: Session, push_id: int, owner: str, now: datetime) -> int | None:
    """Lease the first waiting chunk to `owner` and return its number; None when none is left.

    The conditional update decides between rivals: the loser leases no row and looks again.
    """
    for chunk_no in waiting_chunks(session, push_id, limit=20):
        leased = session.execute(
            update(Delivery)
            .where(
                Delivery.push_id == push_id,
                Delivery.chunk_no == chunk_no,
                Delivery.state == "pending",
            )
            .values(state="leased", lease_owner=owner, lease_until_at=now + LEASE)
        )
        if leased.rowcount:  # type: ignore[attr-defined]
            return chunk_no
    return None


def begin(
    session: Session, push_id: int, chunk_no: int, owner: str, now: datetime
) -> list[tuple[int, str]]:
    """Mark the leased rows `sending`, to be committed before the call; (id, openid) of each.

    Rows whose lease is lost or nearly over are left out: somebody else will send those.
    """
    mine = (
        Delivery.push_id == push_id,
        Delivery.chunk_no == chunk_no,
        Delivery.lease_owner == owner,
        Delivery.lease_until_at > now + CALL_MARGIN,
    )
    session.execute(
        update(Delivery)
        .where(*mine, Delivery.state == "leased")
        .values(state="sending", attempts=Delivery.attempts + 1, lease_until_at=now + LEASE)
    )
    rows = session.execute(
        select(Delivery.id, Delivery.openid)
        .where(*mine, Delivery.state == "sending")
        .order_by(Delivery.id)
    )
    return [(row.id, row.openid) for row in rows]


def settle(
    session: Session,
    ids: list[int],
    owner: str,
    outcome: tuple[str, str | None, int | None],
    now: datetime,
) -> int:
    """Write the outcome (state, reason, message id) of a call; returns how many rows took it."""
    state, reason, message_id = outcome
    settled = session.execute(
        update(Delivery)
        .where(Delivery.id.in_(ids), Delivery.state == "sending", Delivery.lease_owner == owner)
        .values(
            state=state,
            reason=reason,
            message_id=message_id,
            lease_owner=None,
            lease_until_at=None,
            settled_at=None if state == "pending" else now,
        )
    )
    return int(settled.rowcount)  # type: ignore[attr-defined]


def reap(session: Session, now: datetime) -> None:
    """Free what dead workers held: leased rows wait again, sending rows are `unknown`."""
    over = Delivery.lease_until_at < now
    session.execute(
        update(Delivery)
        .where(Delivery.state == "leased", over)
        .values(state="pending", lease_owner=None, lease_until_at=None)
    )
    session.execute(
        update(Delivery)
        .where(Delivery.state == "sending", over)
        .values(
            state="unknown",
            reason="worker lost",
            lease_owner=None,
            lease_until_at=None,
            settled_at=now,
        )
    )


def counts(session: Session, push_id: int) -> dict[str, int]:
    """Recipients by state: the truth about a push's progress is always counted, never kept."""
    rows = session.execute(
        select(Delivery.state, func.count())
        .where(Delivery.push_id == push_id)
        .group_by(Delivery.state)
    )
    return {row[0]: int(row[1]) for row in rows}
