"""What the pages of pushes read."""

from dataclasses import dataclass

from sqlalchemy import Row, Select, func, select
from sqlalchemy.orm import Session, aliased

from kernel.operators import Operator
from kernel.refusals import NotFound
from loyalty.followers import Follower
from loyalty.members import Member
from pushes import chunks, deliveries, life, push_works
from pushes.deliveries import Delivery
from pushes.pushes import Push
from web.console import compliance
from web.console.paging import Page, page_of
from web.wiring import now

# The push, its author's name, its approver's name.
Line = Row[Push, str, str]

SIZE = 20
_RECIPIENTS = 25
_MOVING = frozenset({"scheduled", "running"})


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
    lines = [(row, chunks.by_state(chunks.progress(session, row.Push))) for row in found]
    return page_of(lines, SIZE, lambda line: int(line[0].Push.id))


def sheet(session: Session, push_id: int, state: str, after: int | None) -> Sheet:
    """The sheet of one push with its recipients in `state`, or all. Raises NotFound."""
    row = session.execute(_with_people().where(Push.id == push_id)).one_or_none()
    if row is None:
        raise NotFound
    counts = chunks.by_state(chunks.progress(session, row.Push))
    return Sheet(
        push=row.Push,
        author=row.author,
        approver=row.approver,
        reach=reach(session) if row.Push.state in {"draft", "review"} else None,
        counts=counts,
        recipients=_recipients(session, push_id, state, after),
        findings=_findings(session, row.Push) if row.Push.state in {"draft", "review"} else [],
    )


def _findings(session: Session, push: Push) -> list[compliance.Shown]:
    work = push_works.works_of(push, now(), 0)[0]
    return compliance.around(life.findings(session, push, now()), work)


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
    if state in deliveries.STATE_NAMES:
        query = query.where(Delivery.state == state)
    if after is not None:
        query = query.where(Delivery.member_id > after)
    # By member, since (push, member) is the unique key and so already in this order.
    rows = session.scalars(query.order_by(Delivery.member_id).limit(_RECIPIENTS + 1)).all()
    return page_of(rows, _RECIPIENTS, lambda delivery: delivery.member_id)
