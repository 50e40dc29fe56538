"""What WeChat tells of sends afterwards: kept until the delivery that it is about is known.

WeChat may tell before our own settle has committed, and tells of sends by other programs of the
account as well. So an event is only put down when it arrives, which takes one insert; a job finds
the deliveries, many at a time, and what nobody knows is dropped after a week.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import JSON, BigInteger, String, bindparam, delete, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from kernel.activity import BigId
from kernel.db import Base, insert_once
from kernel.hot import table_of
from pushes import chunks, sent_notices
from pushes.chunks import PushChunk
from pushes.deliveries import Delivery
from pushes.pushes import Push

PAGE = 500
_KEPT = timedelta(days=7)
_FIRST_LOOK = timedelta(seconds=5)
# A notice whose number we were not told is looked for among those of so long.
_RECENT = timedelta(days=1)
_SETTLED = ("sent", "unknown")
SENT_TO_ALL = "send success"


class PushEvent(Base):
    """One thing told of a send: `mass` with the platform's counts in `told`, or `template` and
    `notice` with the reason why one message did not arrive.

    `look_at` is when a delivery is looked for next, each time after as long again.
    """

    __tablename__ = "push_event"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    key: Mapped[str] = mapped_column(String(120), unique=True)
    kind: Mapped[str] = mapped_column(String(10))
    openid: Mapped[str | None] = mapped_column(String(64), index=True)
    message_id: Mapped[int] = mapped_column(BigInteger)
    told: Mapped[dict[str, Any]] = mapped_column(JSON)
    received_at: Mapped[datetime]
    look_at: Mapped[datetime] = mapped_column(index=True)


@dataclass(frozen=True)
class Failure:
    """One message that was taken and did not arrive, by `template` or `notice`."""

    kind: str
    openid: str
    message_id: int
    reason: str
    template_id: str = ""


def note_mass(session: Session, message_id: int, result: dict[str, Any], at: datetime) -> None:
    """A mass send is through: {status, total, filter, sent, error}, by WeChat's own count."""
    _park(session, PushEvent(kind="mass", message_id=message_id, told=result), at)


def note_failure(session: Session, failure: Failure, at: datetime) -> None:
    """A message did not arrive after all."""
    told = {"reason": failure.reason, "template_id": failure.template_id}
    event = PushEvent(
        kind=failure.kind, openid=failure.openid, message_id=failure.message_id, told=told
    )
    _park(session, event, at)


def _park(session: Session, event: PushEvent, at: datetime) -> None:
    row = {
        "key": f"{event.kind}:{event.message_id}:{event.openid or ''}",
        "kind": event.kind,
        "openid": event.openid,
        "message_id": event.message_id,
        "told": event.told,
        "received_at": at,
        "look_at": at,
    }
    insert_once(session, PushEvent, row, "key")


def match(session: Session, at: datetime, limit: int = PAGE) -> int:
    """Bring events that are due to their deliveries; returns how many were looked at.

    Each step may be done twice, so two who do it at once do no harm.
    """
    due = select(PushEvent).where(PushEvent.look_at <= at).order_by(PushEvent.look_at)
    found = session.scalars(due.limit(limit)).all()
    done = _match_mass(session, [one for one in found if one.kind == "mass"], at)
    done |= _match_failures(session, [one for one in found if one.kind != "mass"], at)
    done |= {one.id for one in found if one.received_at < at - _KEPT}
    again = [
        {"b_id": one.id, "b_at": at + max(_FIRST_LOOK, at - one.received_at)}
        for one in found
        if one.id not in done
    ]
    if again:  # by their ids, since another scheduler may have dropped some meanwhile
        session.connection().execute(_LOOK_AGAIN, again)
    if done:
        session.execute(
            delete(PushEvent)
            .where(PushEvent.id.in_(done))
            .execution_options(synchronize_session=False)
        )
    return len(found)


_LOOK_AGAIN = (
    update(table_of(PushEvent))
    .where(PushEvent.id == bindparam("b_id"))
    .values(look_at=bindparam("b_at"))
)


def _match_mass(session: Session, events: Sequence[PushEvent], at: datetime) -> set[int]:
    done = set()
    for event in events:
        chunk = session.scalar(
            select(PushChunk).where(PushChunk.message_id == event.message_id).limit(1)
        )
        if chunk is None:
            continue
        chunk.result = event.told
        session.flush()
        if event.told["status"] != SENT_TO_ALL and not event.told["sent"]:
            _fail_all(session, chunk, str(event.told["status"])[:80], at)
            if chunk.state != "closed":
                continue
            chunks.recount(session, chunk.push_id, [chunk.no])
        done.add(event.id)
    return done


def _fail_all(session: Session, chunk: PushChunk, reason: str, at: datetime) -> None:
    """WeChat refused the message after it had taken it, such as for its words."""
    session.execute(
        update(Delivery)
        .where(
            Delivery.push_id == chunk.push_id,
            Delivery.chunk_no == chunk.no,
            Delivery.channel == "mass",
            Delivery.state.in_(_SETTLED),
        )
        .values(state="failed", reason=reason, settled_at=at)
        .execution_options(synchronize_session=False)
    )


def _match_failures(session: Session, events: Sequence[PushEvent], at: datetime) -> set[int]:
    known = _deliveries(session, events)
    matched: list[tuple[PushEvent, Delivery]] = []
    for event in events:
        delivery = known.get((event.openid or "", event.message_id))
        if delivery is None and event.kind == "notice":
            delivery = _unnumbered(session, event)
        if delivery is not None:
            matched.append((event, delivery))
    for event, delivery in matched:
        session.execute(
            update(Delivery)
            .where(Delivery.id == delivery.id, Delivery.state.in_(_SETTLED))
            .values(
                state="failed", reason=event.told["reason"], settled_at=at,
                message_id=event.message_id,
            )
            .execution_options(synchronize_session=False)
        )  # fmt: skip
    told = {
        event.id
        for event in events
        if sent_notices.fail(
            session, event.openid or "", event.message_id, str(event.told["reason"])
        )
    }
    return _counted(session, matched) | told


def _deliveries(session: Session, events: Iterable[PushEvent]) -> dict[tuple[str, int], Delivery]:
    events = list(events)
    rows = session.scalars(
        select(Delivery).where(
            Delivery.openid.in_([event.openid for event in events]),
            Delivery.message_id.in_([event.message_id for event in events]),
        )
    )
    return {(row.openid, row.message_id or 0): row for row in rows}


def _unnumbered(session: Session, event: PushEvent) -> Delivery | None:
    """The newest notice of that template to him whose number WeChat's answer did not tell."""
    rows = session.execute(
        select(Delivery, Push.variants)
        .join(Push, Push.id == Delivery.push_id)
        .where(
            Delivery.openid == event.openid,
            Delivery.channel == "notice",
            Delivery.message_id.is_(None),
            Delivery.state.in_(_SETTLED),
            Delivery.settled_at > event.received_at - _RECENT,
        )
        .order_by(Delivery.id.desc())
    ).all()
    for row in rows:
        content = row.variants[row.Delivery.variant]["contents"].get("notice", {})
        if content.get("template_id") == event.told["template_id"]:
            delivery: Delivery = row.Delivery
            return delivery
    return None


def _counted(session: Session, matched: Sequence[tuple[PushEvent, Delivery]]) -> set[int]:
    """Count their closed chunks anew. Who closes one at this very moment may not have seen the
    change, so an event of an open chunk stays and its chunk is counted at the next look."""
    numbers: dict[int, set[int]] = {}
    for _, delivery in matched:
        numbers.setdefault(delivery.push_id, set()).add(delivery.chunk_no or 0)
    closed = set()
    for push_id, wanted in numbers.items():
        mine = (PushChunk.push_id == push_id, PushChunk.no.in_(wanted))
        is_closed = PushChunk.state == "closed"
        found = session.scalars(select(PushChunk.no).where(*mine, is_closed)).all()
        chunks.recount(session, push_id, found)
        closed |= {(push_id, no) for no in found}
    return {
        event.id for event, delivery in matched if (delivery.push_id, delivery.chunk_no) in closed
    }


def forget(session: Session, openid: str) -> None:
    """The follower is gone for ever."""
    session.execute(delete(PushEvent).where(PushEvent.openid == openid))
