"""The list of pushes: what needs somebody first, then all of them, narrowed and paged."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, Select, func, select
from sqlalchemy.orm import Session, aliased

from kernel.operators import Operator
from pushes import chunks
from pushes.chunks import PushChunk
from pushes.deliveries import Delivery
from pushes.pushes import NEEDS_SOMEBODY, STATE_NAMES, Push
from web.console.paging import Page, page_of

# The push, its author's name, its approver's name.
Line = Row[Push, str, str]

SIZE = 20
_MOST_URGENT = 10
_TEXT = 40
_ID_DIGITS = 18


@dataclass(frozen=True)
class Wanted:
    """The fields of the search; "" stands for anything."""

    q: str = ""
    state: str = ""

    def said(self) -> dict[str, str]:
        """What was chosen, as an address holds it."""
        return {name: value for name, value in vars(self).items() if value}


@dataclass(frozen=True)
class Listed:
    """What the page shows; `counts` is of all pushes by state, `figures` by push and state."""

    urgent: Sequence[Line]
    page: Page[Line]
    counts: Mapping[str, int]
    figures: Mapping[int, Mapping[str, int]]


def wanted_of(values: Mapping[str, str]) -> Wanted:
    """What a query string asks for; what cannot be read is not asked for."""
    state, q = values.get("state", ""), values.get("q", "").replace("\x00", "").strip()
    clean = q[:_TEXT].encode("utf-8", "ignore").decode()
    return Wanted(q=clean, state=state if state in STATE_NAMES else "")


def listed(session: Session, wanted: Wanted, before: int | None) -> Listed:
    """A page of pushes, the newest first, in a fixed number of statements."""
    first = before is None and not wanted.said()
    urgent = _urgent(session) if first else []
    page = _page(session, wanted, before)
    ids = {line.Push.id for line in (*urgent, *page.rows)}
    return Listed(urgent, page, _counts(session), _figures(session, ids))


def _urgent(session: Session) -> Sequence[Line]:
    query = _with_people().where(Push.state.in_(NEEDS_SOMEBODY)).order_by(Push.id.desc())
    return session.execute(query.limit(_MOST_URGENT)).all()


def _page(session: Session, wanted: Wanted, before: int | None) -> Page[Line]:
    query = _with_people().order_by(Push.id.desc()).limit(SIZE + 1)
    if before is not None:
        query = query.where(Push.id < before)
    if wanted.state:
        query = query.where(Push.state == wanted.state)
    q = wanted.q
    if q.isascii() and q.isdigit() and len(q) <= _ID_DIGITS:
        query = query.where(Push.id == int(q))
    elif q:
        query = query.where(Push.title.contains(q, autoescape=True))
    return page_of(session.execute(query).all(), SIZE, lambda line: int(line.Push.id))


def _counts(session: Session) -> dict[str, int]:
    rows = session.execute(select(Push.state, func.count()).group_by(Push.state))
    return {row[0]: int(row[1]) for row in rows}


def _figures(session: Session, ids: set[int]) -> dict[int, dict[str, int]]:
    """Deliveries by state: closed chunks as they were counted, and the few open ones counted."""
    if not ids:
        return {}
    found: dict[int, list[list[Any]]] = {}
    closed = select(PushChunk.push_id, PushChunk.tally).where(
        PushChunk.push_id.in_(ids), PushChunk.state == "closed"
    )
    for row in session.execute(closed):
        found.setdefault(row.push_id, []).extend(row.tally)
    here = (Delivery.push_id == PushChunk.push_id) & (Delivery.chunk_no == PushChunk.no)
    begun = (
        select(PushChunk.push_id, Delivery.state, func.count())
        .join(Delivery, here)
        .where(PushChunk.push_id.in_(ids), PushChunk.state != "closed", PushChunk.claim_no > 0)
        .group_by(PushChunk.push_id, Delivery.state)
    )
    for push_id, state, count in session.execute(begun):
        found.setdefault(push_id, []).append([state, "", 0, None, count])
    return {push_id: chunks.by_state(lines) for push_id, lines in found.items()}


def _with_people() -> Select[Push, str, str]:
    author, approver = aliased(Operator), aliased(Operator)
    query: Any = (
        select(Push, author.name.label("author"), approver.name.label("approver"))
        .join(author, author.id == Push.created_by)
        .outerjoin(approver, approver.id == Push.approved_by)
    )
    found: Select[Push, str, str] = query
    return found


def line_of(session: Session, push_id: int) -> Line | None:
    """One push with the names of its people."""
    return session.execute(_with_people().where(Push.id == push_id)).one_or_none()
