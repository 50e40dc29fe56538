"""The timeline: everything that happened to one member, newest first, a page at a time.

Two streams, the activity log and the points ledger, each read along its own (member, id) index
and merged by time; a page continues each stream where the one before it stopped.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, false, not_, or_, select
from sqlalchemy.orm import Session

from kernel.activity import Activity
from loyalty.ledger import PointsEntry

GROUPS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "member": ("会员", ("register", "member.", "phone.", "profile.", "invite.", "tier.")),
    "consent": ("授权", ("consent.",)),
    "check_in": ("签到", ("check_in", "check_in.")),
    "coupon": ("优惠券", ("coupon.",)),
    "reward": ("积分商城", ("reward.", "reward_order.")),
    "tag": ("标签", ("tag.",)),
    "points": ("积分", ()),
}
OTHER = ("other", "其他")
_CURSOR = re.compile(r"(\d{0,19})\.(\d{0,19})", re.ASCII)
_NUMBER_LIMIT = 2**63


@dataclass(frozen=True)
class Event:
    """One thing that happened. `group` is a key of GROUPS or `other`; `facts` are plain values."""

    at: datetime
    group: str
    kind: str
    facts: Mapping[str, Any]


@dataclass(frozen=True)
class TimelinePage:
    """Events, newest first, and the cursor of the older ones; None on the last page."""

    events: Sequence[Event]
    older: str | None


@dataclass(frozen=True)
class _Found:
    """A row of one of the streams: 0 is the log, 1 the ledger."""

    stream: int
    row_id: int
    event: Event


def page(
    session: Session,
    member_id: int,
    *,
    group: str | None = None,
    cursor: str | None = None,
    limit: int = 30,
) -> TimelinePage:
    """One page of the member's events, of one group or of all.

    A cursor that we did not write starts at the newest.
    """
    before = _parse(cursor)
    found: list[_Found] = []
    if group != "points":
        found += _from_log(session, member_id, (group, before[0]), limit + 1)
    if group in {None, "points"}:
        found += _from_ledger(session, member_id, before[1], limit + 1)
    # Time decides between the streams; within one the ids do, even where a clock was set back.
    shown = _merge(found, limit)
    older = None
    if len(found) > len(shown):
        older = _cursor(before, shown)
    return TimelinePage([one.event for one in shown], older)


def _merge(found: Iterable[_Found], limit: int) -> list[_Found]:
    streams: list[list[_Found]] = [[], []]
    for one in found:
        streams[one.stream].append(one)
    shown: list[_Found] = []
    while len(shown) < limit and (streams[0] or streams[1]):
        heads = [stream for stream in streams if stream]
        latest = max(heads, key=lambda stream: (stream[0].event.at, stream[0].stream))
        shown.append(latest.pop(0))
    return shown


def _parse(cursor: str | None) -> tuple[int | None, int | None]:
    match = _CURSOR.fullmatch(cursor or "")
    if not match:
        return None, None
    log, ledger = (int(part) if part else None for part in match.groups())
    if max(log or 0, ledger or 0) >= _NUMBER_LIMIT:
        return None, None
    return log, ledger


def _cursor(before: tuple[int | None, int | None], shown: Sequence[_Found]) -> str:
    parts = []
    for stream in (0, 1):
        ids = [one.row_id for one in shown if one.stream == stream]
        last = ids[-1] if ids else before[stream]
        parts.append("" if last is None else str(last))
    return ".".join(parts)


def _from_log(
    session: Session, member_id: int, wanted: tuple[str | None, int | None], limit: int
) -> list[_Found]:
    group, before = wanted
    query = (
        select(Activity.id, Activity.at, Activity.kind, Activity.facts)
        .where(Activity.member_id == member_id, *_of_group(group))
        .order_by(Activity.id.desc())
        .limit(limit)
    )
    if before is not None:
        query = query.where(Activity.id < before)
    return [
        _Found(0, row.id, Event(row.at, group_of(row.kind), row.kind, row.facts or {}))
        for row in session.execute(query)
    ]


def _from_ledger(session: Session, member_id: int, before: int | None, limit: int) -> list[_Found]:
    query = (
        select(PointsEntry)
        .where(PointsEntry.member_id == member_id)
        .order_by(PointsEntry.id.desc())
        .limit(limit)
    )
    if before is not None:
        query = query.where(PointsEntry.id < before)
    found = []
    for entry in session.scalars(query):
        facts = {
            "points": entry.delta,
            "balance": entry.balance_after,
            "note": entry.note,
        }
        event = Event(entry.created_at, "points", f"points.{entry.kind}", facts)
        found.append(_Found(1, entry.id, event))
    return found


def _of_group(group: str | None) -> list[ColumnElement[bool]]:
    if group is None:
        return []
    if group == OTHER[0]:
        known = [_like(prefix) for _, prefixes in GROUPS.values() for prefix in prefixes]
        return [not_(or_(*known))]
    prefixes = GROUPS[group][1] if group in GROUPS else ()
    return [or_(false(), *(_like(prefix) for prefix in prefixes))]


def _like(prefix: str) -> ColumnElement[bool]:
    if prefix.endswith("."):
        return Activity.kind.startswith(prefix, autoescape=True)
    return Activity.kind == prefix


def group_of(kind: str) -> str:
    """The group that a kind of activity belongs to; `other` for what no group names."""
    for group, (_, prefixes) in GROUPS.items():
        for prefix in prefixes:
            if kind == prefix or (prefix.endswith(".") and kind.startswith(prefix)):
                return group
    return OTHER[0]
