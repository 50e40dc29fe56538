"""What the pages of pushes read."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Row, Select, func, select
from sqlalchemy.orm import Session, aliased

from kernel.operators import Operator
from kernel.refusals import NotFound
from loyalty.followers import Follower
from loyalty.members import Member
from pushes import deliveries, push_works, pushes
from pushes.deliveries import Delivery
from pushes.pushes import Push
from web.console import compliance
from web.console.paging import Page, page_of
from web.wiring import now

# The push, its author's name, its approver's name.
Line = Row[Push, str, str]

SIZE = 20
_RECIPIENTS = 25
# What a page groups the states of a delivery into: both wait, as far as a reader can tell.
_SHOWN_AS = {"leased": "pending"}
_MOVING = frozenset({"approved", "running"})


@dataclass(frozen=True)
class Reach:
    """Members whom a push reaches, and those whom it does not because they left."""

    following: int
    gone: int


@dataclass(frozen=True)
class Sheet:
    """Everything the page of one push shows."""

    push: Push
    author: str
    approver: str | None
    reach: Reach | None
    counts: dict[str, int]
    recipients: Page[Delivery]
    findings: list[compliance.Shown]

    @property
    def moves(self) -> bool:
        """Whether the figures are still going to change by themselves."""
        return self.push.state in _MOVING


def page(session: Session, before: int | None) -> Page[tuple[Line, dict[str, int]]]:
    """Pushes with the names of their people and their deliveries by state, newest first."""
    query = _with_people().order_by(Push.id.desc()).limit(SIZE + 1)
    if before is not None:
        query = query.where(Push.id < before)
    found = session.execute(query).all()
    counts = _counts_of(session, [row.Push.id for row in found])
    lines = [(row, counts.get(row.Push.id, {})) for row in found]
    return page_of(lines, SIZE, lambda line: int(line[0].Push.id))


def sheet(session: Session, push_id: int, state: str, after: int | None) -> Sheet:
    """The sheet of one push with its recipients in `state`, or all. Raises NotFound."""
    row = session.execute(_with_people().where(Push.id == push_id)).one_or_none()
    if row is None:
        raise NotFound
    counts = _grouped(deliveries.counts(session, push_id))
    return Sheet(
        push=row.Push,
        author=row.author,
        approver=row.approver,
        reach=reach(session) if row.Push.state == "draft" else None,
        counts=counts,
        recipients=_recipients(session, push_id, state, after),
        findings=_findings(session, row.Push) if row.Push.state == "draft" else [],
    )


def _findings(session: Session, push: Push) -> list[compliance.Shown]:
    work = push_works.work_of(push.body, now(), 0)
    return compliance.around(pushes.findings(session, push, now()), work)


def reach(session: Session) -> Reach:
    """Whom a push would reach now, by the rule of `deliveries.snapshot`."""
    everybody = session.scalar(select(func.count()).select_from(Member)) or 0
    following = session.scalar(
        select(func.count())
        .select_from(Member)
        .join(Follower, Follower.openid == Member.openid)
        .where(Follower.subscribed.is_(True))
    )
    return Reach(following or 0, everybody - (following or 0))


def _with_people() -> Select[Push, str, str]:
    author, approver = aliased(Operator), aliased(Operator)
    return (
        select(Push, author.name.label("author"), approver.name.label("approver"))
        .join(author, author.id == Push.created_by)
        .outerjoin(approver, approver.id == Push.approved_by)
    )


def _recipients(session: Session, push_id: int, state: str, after: int | None) -> Page[Delivery]:
    query = select(Delivery).where(Delivery.push_id == push_id)
    states = [name for name in deliveries.STATE_NAMES if _SHOWN_AS.get(name, name) == state]
    if states:
        query = query.where(Delivery.state.in_(states))
    if after is not None:
        query = query.where(Delivery.member_id > after)
    # By member, since (push, member) is the unique key and so already in this order.
    rows = session.scalars(query.order_by(Delivery.member_id).limit(_RECIPIENTS + 1)).all()
    return page_of(rows, _RECIPIENTS, lambda delivery: delivery.member_id)


def _counts_of(session: Session, push_ids: Sequence[int]) -> dict[int, dict[str, int]]:
    rows = session.execute(
        select(Delivery.push_id, Delivery.state, func.count())
        .where(Delivery.push_id.in_(push_ids))
        .group_by(Delivery.push_id, Delivery.state)
    )
    found: dict[int, dict[str, int]] = {}
    for push_id, state, count in rows:
        found.setdefault(push_id, {})[state] = int(count)
    return {push_id: _grouped(counts) for push_id, counts in found.items()}


def _grouped(counts: dict[str, int]) -> dict[str, int]:
    grouped: dict[str, int] = {}
    for state, count in counts.items():
        shown = _SHOWN_AS.get(state, state)
        grouped[shown] = grouped.get(shown, 0) + count
    return grouped
