"""The snapshot: an audience frozen into rows and chunks, by the database alone."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, insert, literal, null, select
from sqlalchemy.orm import Session

from pushes import attention
from pushes.attention import Moment
from pushes.channels import MASS_LEAST
from pushes.chunks import PushChunk
from pushes.deliveries import Delivery
from pushes.pushes import Push

# A prime above every number that is drawn: person numbers are spread by (a·n + b) mod p.
_PRIME = 2_147_483_647
# Chunks of one channel and one text have numbers of their own.
_ROOM = 1_000_000


@dataclass(frozen=True)
class Snapshot:
    """How many rows were made, and how many of them a channel reaches."""

    rows: int
    reached: int


def freeze(session: Session, moment: Moment) -> Snapshot:
    """Turn the audience of the push into rows; whoever cannot be reached has a row as well.

    Chunks never change afterwards, so the name that a mass send gives one stays true of it.
    """
    push = moment.push
    numbered = _numbered(session, moment)
    columns = [
        "push_id", "member_id", "openid", "chunk_no", "channel", "variant", "state", "attempts",
        "claim_no", "reason", "settled_at",
    ]  # fmt: skip
    outside = numbered.c.state != "pending"
    rows = select(
        literal(push.id),
        numbered.c.member_id,
        numbered.c.openid,
        case((outside, null()), else_=_chunk_no(numbered, moment)),
        func.coalesce(numbered.c.channel, push.channels[0]),
        numbered.c.variant,
        numbered.c.state,
        literal(0),
        literal(0),
        case((numbered.c.state == "skipped", numbered.c.reason), else_=null()),
        case((outside, literal(moment.at, Delivery.settled_at.type)), else_=null()),
    )
    session.execute(insert(Delivery).from_select(columns, rows, include_defaults=False))
    reached = _cut(session, moment)
    _count_outside(session, push)
    total = session.scalar(select(func.count()).where(Delivery.push_id == push.id)) or 0
    return Snapshot(int(total), reached)


def _numbered(session: Session, moment: Moment) -> Any:
    """Everybody with state and text decided, numbered within channel and text."""
    push, people = moment.push, attention.outlook(session, moment)
    multiplier, offset = (int(part) for part in push.seed.split(":"))
    spread: ColumnElement[int] = (people.c.person_no % _PRIME * multiplier + offset) % _PRIME
    # Two draws of one number: hundredths of a percent, and which text.
    held = and_(people.c.channel.is_not(None), spread % 10_000 < push.holdout_percent * 100)
    state = case(
        (people.c.channel.is_(None), literal("skipped")),
        (held, literal("held")),
        else_=literal("pending"),
    )
    decided = select(
        people.c.openid,
        people.c.member_id,
        people.c.person_no,
        people.c.channel,
        people.c.reason,
        state.label("state"),
        _variant(push, spread / 10_000 % 100).label("variant"),
    ).subquery("decided")
    position = func.row_number().over(
        partition_by=(decided.c.state, decided.c.channel, decided.c.variant),
        order_by=decided.c.person_no,
    )
    return select(decided, (position - 1).label("position")).subquery("numbered")


def _variant(push: Push, drawn: ColumnElement[Any]) -> ColumnElement[int]:
    if len(push.variants) == 1:
        return literal(0)
    steps, upto = [], 0
    for number, variant in enumerate(push.variants):
        upto += int(variant["share"])
        steps.append((drawn < upto, literal(number)))
    return case(*steps, else_=literal(0))


def _chunk_no(numbered: Any, moment: Moment) -> ColumnElement[int]:
    channels, rules = moment.push.channels, moment.rules
    variants = len(moment.push.variants)
    steps = []
    for number, channel in enumerate(channels):
        size = rules.mass_chunk if channel == "mass" else rules.chunk
        if channel == "mass" and moment.push.audience.get("by_tag"):
            size = _ROOM * 10_000  # one call, however many
        first = number * variants * _ROOM
        within = numbered.c.variant * _ROOM + numbered.c.position // size
        steps.append((numbered.c.channel == channel, within + first))
    return case(*steps, else_=null())


def _cut(session: Session, moment: Moment) -> int:
    """Write the chunks down; returns how many recipients they hold."""
    push = moment.push
    found = session.execute(
        select(Delivery.chunk_no, Delivery.channel, Delivery.variant, func.count().label("size"))
        .where(Delivery.push_id == push.id, Delivery.chunk_no.is_not(None))
        .group_by(Delivery.chunk_no, Delivery.channel, Delivery.variant)
        .order_by(Delivery.chunk_no)
    ).all()
    chunks = [
        {
            "push_id": push.id, "no": row.chunk_no, "channel": row.channel,
            "variant": row.variant, "size": row.size, "state": "waiting", "claim_no": 0,
            "due_at": moment.at, "tally": [], "result": {},
        }
        for row in found
    ]  # fmt: skip
    if chunks:
        session.execute(insert(PushChunk), chunks)
    _join_last_of_one(session, push)
    return sum(row.size for row in found)


def _join_last_of_one(session: Session, push: Push) -> None:
    # A mass send takes at least two: a last chunk of one joins the chunk before it.
    alone = session.scalars(
        select(PushChunk).where(
            PushChunk.push_id == push.id,
            PushChunk.channel == "mass",
            PushChunk.size < MASS_LEAST,
            PushChunk.no % _ROOM > 0,
        )
    ).all()
    for chunk in alone:
        before = session.scalars(
            select(PushChunk).where(PushChunk.push_id == push.id, PushChunk.no == chunk.no - 1)
        ).one()
        session.execute(
            Delivery.__table__.update()  # type: ignore[attr-defined]
            .where(Delivery.push_id == push.id, Delivery.chunk_no == chunk.no)
            .values(chunk_no=before.no)
        )
        before.size += chunk.size
        session.delete(chunk)
    session.flush()


def _count_outside(session: Session, push: Push) -> None:
    by = (Delivery.state, Delivery.channel, Delivery.variant, Delivery.reason)
    rows = session.execute(
        select(*by, func.count())
        .where(Delivery.push_id == push.id, Delivery.chunk_no.is_(None))
        .group_by(*by)
    )
    push.outside = [list(row) for row in rows]
    session.flush()
