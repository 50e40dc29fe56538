"""What the pages of applications read."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Row, func, select
from sqlalchemy.orm import Session

from kernel.refusals import NotFound
from loyalty import members
from loyalty.members import Member
from products import applications, scopes
from products.applications import STATE_NAMES, Application, ApplicationEvent
from web.console.paging import Page, page_of

SIZE = 25


@dataclass(frozen=True)
class Asked:
    """What the list is narrowed to; an unknown state narrows nothing.

    `scope` is the asker's own branch, None for all branches: see `products.scopes`.
    """

    state: str
    number: str
    scope: str | None


@dataclass(frozen=True)
class Sheet:
    """Everything the page of one application shows."""

    application: Application
    member: Member
    events: Sequence[ApplicationEvent]


def page(session: Session, asked: Asked, before: int | None) -> Page[Row[Application, str]]:
    """Applications with their members' names, newest first."""
    query = (
        select(Application, Member.name.label("member_name"))
        .join(Member, Member.id == Application.member_id)
        .where(scopes.within(asked.scope, Application.district))
        .order_by(Application.id.desc())
        .limit(SIZE + 1)
    )
    if asked.state in STATE_NAMES:
        query = query.where(Application.state == asked.state)
    if asked.number:
        query = query.where(Application.number == asked.number.replace("\x00", ""))
    if before is not None:
        query = query.where(Application.id < before)
    return page_of(session.execute(query).all(), SIZE, lambda row: int(row.Application.id))


def count_by_state(session: Session, scope: str | None) -> dict[str, int]:
    """Applications by state, for the tabs."""
    rows = session.execute(
        select(Application.state, func.count())
        .where(scopes.within(scope, Application.district))
        .group_by(Application.state)
    )
    return {row[0]: int(row[1]) for row in rows}


def get(session: Session, number: str, scope: str | None) -> Application:
    """The application with that number. Raises NotFound, for another branch's too."""
    found = session.scalar(
        select(Application).where(
            Application.number == number.replace("\x00", ""),
            scopes.within(scope, Application.district),
        )
    )
    if found is None:
        raise NotFound
    return found


def sheet(session: Session, number: str, scope: str | None) -> Sheet:
    """The sheet of one application. Raises NotFound."""
    found = get(session, number, scope)
    return Sheet(
        found,
        members.get_by_id(session, found.member_id),
        applications.events_of(session, found.id),
    )
