"""Recipients of one push: looked up one by one, and paged by how it ended for them.

No index holds how deliveries ended: a million rows are not kept in order for a list that is
looked at now and then. The chunks know by their tallies which of them hold somebody who ended so,
and only those are read.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, func, or_, select
from sqlalchemy.orm import Session

from loyalty.members import Member
from pushes.chunks import PushChunk
from pushes.clicks import PushClick
from pushes.deliveries import UNSETTLED, Delivery

# A delivery and, where he is one, the member.
Line = Row[Delivery, str | None, str | None]

_MOST_FOUND = 20
_CHUNKS_AT_ONCE = 40
_LOOKED_INTO = 8
_LAST_LETTER = "\U0010ffff"
_ID_DIGITS = 18
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class Wanted:
    """Which recipients: by state and reason, "" for all; after which (chunk number, id).

    Those outside of all chunks (held back, not reachable) have the chunk number `OUTSIDE`.
    """

    state: str = ""
    reason: str = ""
    after: tuple[int, int] = (-1, 0)


# Behind every chunk.
OUTSIDE = 2**31 - 1


@dataclass(frozen=True)
class Listed:
    """A page, and where the next one begins; None on the last."""

    rows: Sequence[Line]
    further: tuple[int, int] | None


def find(session: Session, push_id: int, asked: str, digest: str | None) -> list[Line]:
    """Did Mrs Li get it? By member number, the beginning of a name, openid, or phone (digest)."""
    query = _lines(push_id).limit(_MOST_FOUND)
    if digest is not None:
        return list(session.execute(query.where(Member.phone_digest == digest)))
    if not asked:
        return []
    ways: list[ColumnElement[bool]] = [Delivery.openid == asked]
    if asked.isascii() and asked.isdigit() and len(asked) <= _ID_DIGITS:
        ways.append(Delivery.member_id == int(asked))
    for way in (*ways, _begins(asked)):
        if found := session.execute(query.where(way)).all():
            return list(found)
    return []


def clicked(session: Session, ids: Iterable[int]) -> dict[int, datetime]:
    """When each of these deliveries' links was first opened."""
    wanted = list(ids)
    if not wanted:
        return {}
    query = (
        select(PushClick.delivery_id, func.min(PushClick.at))
        .where(PushClick.delivery_id.in_(wanted))
        .group_by(PushClick.delivery_id)
    )
    return {row[0]: row[1] for row in session.execute(query) if row[0] is not None}


def listed(session: Session, push_id: int, wanted: Wanted, size: int) -> Listed:
    """A page of those who ended so, in the order of the chunks. It may be short of `size`."""
    numbers = _numbers(session, push_id, wanted)
    now, later = numbers[:_CHUNKS_AT_ONCE], numbers[_CHUNKS_AT_ONCE:]
    rows = _page(session, push_id, wanted, now, size)
    if len(rows) > size:
        last = rows[size - 1].Delivery
        no = OUTSIDE if last.chunk_no is None else last.chunk_no
        return Listed(rows[:size], (no, last.id))
    if later:
        return Listed(rows, (now[-1], 2**62))
    return Listed(rows, None)


def _numbers(session: Session, push_id: int, wanted: Wanted) -> list[int]:
    """The chunks, from the place on, in which somebody can have ended so; OUTSIDE at the end."""
    chunks = session.execute(
        select(PushChunk.no, PushChunk.state, PushChunk.claim_no, PushChunk.tally)
        .where(PushChunk.push_id == push_id, PushChunk.no >= wanted.after[0])
        .order_by(PushChunk.no)
    )
    found = [row.no for row in chunks if _can_hold(row, wanted)]
    return [*found, OUTSIDE]


def _can_hold(chunk: Any, wanted: Wanted) -> bool:
    if chunk.state == "closed":
        return any(_is(line, wanted) for line in chunk.tally)
    if chunk.claim_no == 0:
        return wanted.state in {"", "pending"} and not wanted.reason
    return True


def _is(line: Sequence[Any], wanted: Wanted) -> bool:
    state, _channel, _variant, reason, _count = line
    return wanted.state in {"", state} and wanted.reason in {"", reason}


def _page(
    session: Session, push_id: int, wanted: Wanted, numbers: list[int], size: int
) -> list[Line]:
    query = _lines(push_id)
    if wanted.state:
        query = query.where(Delivery.state == wanted.state)
    if wanted.reason:
        query = query.where(Delivery.reason == wanted.reason)
    rows: list[Line] = []
    after_no, after_id = wanted.after
    inside = [no for no in numbers if no != OUTSIDE]
    if inside:
        beyond = or_(Delivery.chunk_no != after_no, Delivery.id > after_id)
        chunked = query.where(Delivery.chunk_no.in_(inside), beyond)
        ordered = chunked.order_by(Delivery.chunk_no, Delivery.id).limit(size + 1)
        rows += session.execute(ordered).all()
    if OUTSIDE in numbers and len(rows) <= size:
        beyond_id = after_id if after_no == OUTSIDE else 0
        outside = query.where(Delivery.chunk_no.is_(None), Delivery.id > beyond_id)
        rows += session.execute(outside.order_by(Delivery.id).limit(size + 1 - len(rows))).all()
    return rows


def _lines(push_id: int) -> Select[Delivery, str | None, str | None]:
    query: Any = (
        select(Delivery, Member.name.label("name"), Member.phone_hint.label("phone_hint"))
        .outerjoin(Member, Member.id == Delivery.member_id)
        .where(Delivery.push_id == push_id)
    )
    found: Select[Delivery, str | None, str | None] = query
    return found


def _begins(text: str) -> ColumnElement[bool]:
    ends: ColumnElement[bool] = Member.name < f"{text}{_LAST_LETTER}"
    return (Member.name >= text) & ends


def settled_lately(session: Session, push_id: int, now: datetime) -> int:
    """How many calls ended in the last minute.

    What is held now and the few chunks that closed within it are looked into. Where many closed,
    each was short, and counts whole: the figure costs the same whatever the size of the push.
    """
    since, mine = now - MINUTE, PushChunk.push_id == push_id
    ended = (mine, PushChunk.state == "closed", PushChunk.due_at > since)
    closed = session.execute(select(PushChunk.no, PushChunk.size).where(*ended)).all()
    leased = session.scalars(select(PushChunk.no).where(mine, PushChunk.state == "leased")).all()
    many = len(closed) > _LOOKED_INTO
    held = session.scalar(
        select(func.count()).where(
            Delivery.push_id == push_id,
            Delivery.chunk_no.in_([*leased, *(row.no for row in closed if not many)]),
            Delivery.settled_at > since,
            Delivery.state.not_in(UNSETTLED),
        )
    )
    return int(held or 0) + (sum(row.size for row in closed) if many else 0)
