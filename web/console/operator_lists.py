"""What the pages of operators read."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Row, func, select
from sqlalchemy.orm import Session

from content import branches
from kernel import operator_invitations, operator_sessions, operators, sign_in_locks
from kernel.operator_invitations import OperatorInvitation
from kernel.operator_sessions import OperatorSession, SessionRules
from kernel.operators import Operator
from kernel.second_factors import SecondFactor
from web.console.paging import Page, page_of

SIZE = 50
# An operator, when he was last seen, when he got his second factor.
Line = Row[Operator, datetime, datetime | None]


@dataclass(frozen=True)
class Sheet:
    """Everything the page of one operator shows."""

    operator: Operator
    sessions: Sequence[OperatorSession]
    factor: SecondFactor | None
    locked_until: datetime | None
    password_link: OperatorInvitation | None


def page(session: Session, before: int | None) -> Page[Line]:
    """Operators with when they were last seen and got their second factor, newest first."""
    seen = (
        select(func.max(OperatorSession.seen_at))
        .where(OperatorSession.operator_id == Operator.id)
        .correlate(Operator)
        .scalar_subquery()
    )
    query = (
        select(Operator, seen.label("seen_at"), SecondFactor.confirmed_at.label("enrolled_at"))
        .outerjoin(SecondFactor, SecondFactor.operator_id == Operator.id)
        .order_by(Operator.id.desc())
        .limit(SIZE + 1)
    )
    if before is not None:
        query = query.where(Operator.id < before)
    rows = session.execute(query).all()
    return page_of(rows, SIZE, lambda row: int(row.Operator.id))


def sheet(session: Session, operator_id: int, at: datetime, rules: SessionRules) -> Sheet:
    """The sheet of one operator. Raises NotFound."""
    operator = operators.get(session, operator_id)
    link = session.scalar(
        select(OperatorInvitation).where(
            OperatorInvitation.standing_for == operator.login,
            OperatorInvitation.expires_at > at,
        )
    )
    return Sheet(
        operator,
        operator_sessions.of_operator(session, operator_id, at, rules),
        session.get(SecondFactor, operator_id),
        sign_in_locks.locked_until(session, operator.login, at),
        link,
    )


def branch_names(session: Session) -> dict[str, str]:
    """The branches by code, as a form offers them."""
    return {branch.code: branch.name for branch in branches.every(session)}


def standing(session: Session) -> Sequence[OperatorInvitation]:
    """Invitations that nobody has used yet."""
    return operator_invitations.standing(session)
