"""The home page of people of a branch: their branch's day, and nothing of the others'."""

from dataclasses import dataclass

from flask import g, render_template
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from content import branches
from kernel.clock import business_day
from loyalty import redemption_lists
from loyalty.redemption_lists import Asked, Taken
from products import scopes
from products.applications import OPEN_STATES, STATE_NAMES, Application
from web.console.guards import scope
from web.wiring import now, read

_LATEST = 8


@dataclass(frozen=True)
class BranchHome:
    """What the page shows."""

    branch: str
    waiting: dict[str, int]
    redeemed_today: int
    latest: list[Taken]


def page() -> str:
    """The page, for an operator who has a branch."""
    day = business_day(now())

    def work(db: Session) -> BranchHome:
        own = scope()
        return BranchHome(
            branches.name_of(db, own) if own else "",
            _waiting(db, own),
            redemption_lists.count_of_day(db, day, own),
            list(redemption_lists.newest(db, Asked(own), None, _LATEST)),
        )

    return render_template(
        "console/branch-home.html",
        home=read(work),
        day=day,
        state_names=STATE_NAMES,
        role=g.operator.role,
    )


def _waiting(session: Session, own: str | None) -> dict[str, int]:
    counted = session.execute(
        select(Application.state, func.count())
        .where(Application.state.in_(OPEN_STATES), scopes.within(own, Application.district))
        .group_by(Application.state)
    )
    found = {row[0]: int(row[1]) for row in counted}
    return {state: found.get(state, 0) for state in OPEN_STATES}
