"""What operators decided and is not carried out yet: amnesties, grants, voids, page by page."""

from collections.abc import Callable
from datetime import datetime
from functools import partial

import structlog
from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from handlers.tools import Tools
from loyalty import amnesties, coupon_grants, coupon_locks, coupon_voids
from loyalty.amnesties import Amnesty
from loyalty.coupon_grants import CouponGrant
from loyalty.coupons import CouponVoid

log = structlog.get_logger(__name__)

# As many pages of each at a tick: a million members are some hundred ticks.
_PAGES_A_TICK = 20
_LOCKS = 500

RunPage = Callable[[Session, int, datetime], bool]

# what it is → (the numbers of those that wait, what carries out the next page of one)
_DECISIONS: dict[str, tuple[Select[int], RunPage]] = {
    "amnesty": (select(Amnesty.id).where(Amnesty.finished_at.is_(None)), amnesties.run_page),
    "grant": (
        select(CouponGrant.id).where(CouponGrant.finished_at.is_(None)),
        coupon_grants.run_page,
    ),
    "void": (select(CouponVoid.id).where(CouponVoid.finished_at.is_(None)), coupon_voids.run_page),
}


def carry_out(tools: Tools) -> None:
    """Go on with every decision that is not carried out; each page is safe to cut short."""
    for what, (waiting, run_page) in _DECISIONS.items():
        for number in tools.database.read(partial(_numbers, waiting=waiting)):
            try:
                _go_on(tools, run_page, number)
            except Exception:
                # One that is stuck, such as by a rule that is no longer one, holds up no other.
                log.exception("decision_stuck", what=what, number=number)


def _numbers(session: Session, waiting: Select[int]) -> list[int]:
    return sorted(session.scalars(waiting))


def _go_on(tools: Tools, run_page: RunPage, number: int) -> None:
    for _ in range(_PAGES_A_TICK):
        at = tools.clock.now()
        if not tools.database.transaction(partial(_page, run_page, number, at)):
            return


def _page(run_page: RunPage, number: int, at: datetime, session: Session) -> bool:
    return run_page(session, number, at)


def free_coupons(tools: Tools) -> None:
    """Coupons whose order never came to anything are free again."""
    work = partial(coupon_locks.sweep, at=tools.clock.now(), limit=_LOCKS)
    while tools.database.transaction(work) == _LOCKS:
        pass
