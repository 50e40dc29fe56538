"""What the pages of reviews read."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Row, func, select
from sqlalchemy.orm import Session, aliased

from content import reviews
from content.compliance import Finding
from content.reviews import Review, ReviewComment
from kernel.operators import Operator
from web.console import adjustments
from web.console.paging import Page, page_of

# The review, its author's name, the name of whoever decided.
Line = Row[Review, str, str | None]

SIZE = 20
_MOST_WAITING = 100


@dataclass(frozen=True)
class Desk:
    """The review of one subject as its page shows it."""

    review: Review | None
    author: str = ""
    decider: str = ""
    findings: Sequence[Finding | dict[str, Any]] = ()
    comments: list[tuple[ReviewComment, str]] = field(default_factory=list)
    is_own: bool = False

    @property
    def waits(self) -> bool:
        """Whether somebody has to decide."""
        return self.review is not None and self.review.state == "open"

    @property
    def is_red(self) -> bool:
        """Whether a finding keeps it from being asked for."""
        return any(_severity(one) == "red" for one in self.findings)


def desk(
    session: Session,
    subject: tuple[str, int],
    me: int,
    authors: AbstractSet[int] = frozenset(),
    findings: Sequence[Finding] = (),
) -> Desk:
    """The newest review of (kind, id) with its remarks; `findings` are those of the text now.

    While it waits, the findings are those of the moment it was asked for.
    """
    review = reviews.last_of(session, *subject)
    remarks = reviews.comments(session, *subject)
    people = {remark.operator_id for remark in remarks}
    if review is not None:
        people |= {review.author_id, review.decided_by or review.author_id}
    names = _names(session, people)
    comments = [(remark, names.get(remark.operator_id, "")) for remark in remarks]
    if review is None:
        return Desk(None, findings=findings, comments=comments, is_own=me in authors)
    return Desk(
        review,
        names.get(review.author_id, ""),
        names.get(review.decided_by or 0, ""),
        review.findings if review.state == "open" else findings,
        comments,
        me in authors | {review.author_id},
    )


def waiting(session: Session, kinds: Sequence[str]) -> list[Line]:
    """The open reviews of these kinds, those that wait longest first."""
    author, decider = aliased(Operator), aliased(Operator)
    query = (
        select(Review, author.name.label("author"), decider.name.label("decider"))
        .join(author, author.id == Review.author_id)
        .outerjoin(decider, decider.id == Review.decided_by)
        .where(Review.state == "open", Review.kind.in_(kinds))
        .order_by(Review.asked_at, Review.id)
        .limit(_MOST_WAITING)
    )
    return list(session.execute(query))


def count_waiting(session: Session, kinds: Sequence[str], me: int) -> int:
    """How many reviews of these kinds wait for this operator, his own left out."""
    query = select(func.count()).where(
        Review.state == "open", Review.kind.in_(kinds), Review.author_id != me
    )
    return (session.scalar(query) or 0) if kinds else 0


def mine(session: Session, me: int, before: int | None) -> Page[Line]:
    """What this operator asked for and what became of it, the newest first."""
    author, decider = aliased(Operator), aliased(Operator)
    query = (
        select(Review, author.name.label("author"), decider.name.label("decider"))
        .join(author, author.id == Review.author_id)
        .outerjoin(decider, decider.id == Review.decided_by)
        .where(Review.author_id == me)
        .order_by(Review.id.desc())
        .limit(SIZE + 1)
    )
    if before is not None:
        query = query.where(Review.id < before)
    return page_of(session.execute(query).all(), SIZE, lambda line: int(line.Review.id))


def elsewhere(session: Session, operator: Operator) -> dict[str, int]:
    """What waits for a second person on pages of its own, by permission."""
    counts = {}
    if operator.may("points.approve"):
        counts["adjustments"] = adjustments.count_waiting(session)
    return {name: count for name, count in counts.items() if count}


def _names(session: Session, people: set[int]) -> dict[int, str]:
    if not people:
        return {}
    rows = session.execute(select(Operator.id, Operator.name).where(Operator.id.in_(people)))
    return {row.id: row.name for row in rows}


def _severity(finding: Finding | dict[str, Any]) -> str:
    return finding["severity"] if isinstance(finding, dict) else finding.severity
