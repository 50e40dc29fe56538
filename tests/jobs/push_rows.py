"""A push and its recipients as rows, for tests of what comes after the sending."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.orm import Session

from pushes import deliveries
from pushes.chunks import PushChunk
from pushes.deliveries import Delivery
from pushes.pushes import Push
from tests.world import NOON

TEMPLATE = "weiting-festival-000000000000000000000000005"
NOTICE = {"template_id": TEMPLATE, "data": {"thing1": "中秋"}}


@dataclass(frozen=True)
class Sent:
    """One recipient: who, by what, how it stands."""

    openid: str
    channel: str = "template"
    state: str = "sent"
    message_id: int | None = None
    member_id: int | None = None
    variant: int = 0
    reason: str | None = None


@dataclass(frozen=True)
class Sending:
    """A push that went out: its rows are one chunk of each channel."""

    rows: Sequence[Sent]
    chunk_state: str = "closed"
    message_id: int | None = None
    values: dict[str, Any] = field(default_factory=dict)


def put(session: Session, sending: Sending) -> Push:
    """Write it down as the engine leaves it."""
    contents = {"notice": NOTICE, "template": NOTICE, "mass": {"kind": "text", "text": "中秋"}}
    variants = sending.values.get("variants") or [{"share": 100, "contents": contents}]
    given = {"state": "finished", "title": "中秋", "link": "", **sending.values}
    push = Push(**{**_plain(sending), **given, "variants": variants})
    session.add(push)
    session.flush()
    for row in sending.rows:
        _add(session, push, row)
    session.flush()
    for no, channel in enumerate(push.channels):
        count = sum(row.channel == channel and row.state not in _OUTSIDE for row in sending.rows)
        session.add(
            PushChunk(
                push_id=push.id, no=no, channel=channel, variant=0, size=count,
                state=sending.chunk_state, claim_no=1, due_at=NOON, result={},
                message_id=sending.message_id if channel == "mass" else None,
                tally=deliveries.tally(session, push.id, no),
            )
        )  # fmt: skip
    session.flush()
    return push


_OUTSIDE = ("held", "skipped")


def _plain(sending: Sending) -> dict[str, Any]:
    outside = Counter(
        (row.state, row.channel, row.variant, row.reason)
        for row in sending.rows
        if row.state in _OUTSIDE
    )
    return {
        "channels": sorted({row.channel for row in sending.rows}) or ["mass"],
        "audience": {"kind": "members"}, "holdout_percent": 0, "service": False, "seed": "1:0",
        "created_by": 1, "approved_by": 2, "total": len(sending.rows), "freeze_at": "start",
        "rate": 0, "grace_minutes": 60, "created_at": NOON, "changed_at": NOON,
        "started_at": NOON, "outside": [[*line, count] for line, count in outside.items()],
    }  # fmt: skip


def _add(session: Session, push: Push, row: Sent) -> None:
    outside = row.state in _OUTSIDE
    session.add(
        Delivery(
            push_id=push.id, member_id=row.member_id, openid=row.openid,
            chunk_no=None if outside else push.channels.index(row.channel),
            channel=row.channel, variant=row.variant, state=row.state, attempts=1,
            claim_no=0 if outside else 1,
            message_id=row.message_id, reason=row.reason, settled_at=NOON,
        )
    )  # fmt: skip
