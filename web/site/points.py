"""Points: what one has, what expires next, the movements, and the statement of a month."""

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from flask import Blueprint, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from kernel.clock import business_day, day_start
from kernel.refusals import NotFound
from loyalty import points, points_expiry, points_pending, points_statements
from loyalty.ledger import PointsAccount, PointsEntry
from web.guards import member_required
from web.site.paths import before_id
from web.wiring import now, read

bp = Blueprint("points", __name__, url_prefix="/points")

PAGE = 20
# More movements than a phone can show; the sums above them are of all.
STATEMENT_LINES = 500
_MONTH = re.compile(r"(20\d\d)-(0[1-9]|1[0-2])", re.ASCII)


@dataclass(frozen=True)
class Purse:
    """What a member has, owes and waits for; `expiring` is (points, the instant they go)."""

    balance: int
    debt: int
    pending: int
    expiring: tuple[int, datetime] | None


def _purse(session: Session, member_id: int, at: datetime) -> Purse:
    account = session.get(PointsAccount, member_id)
    return Purse(
        balance=account.balance if account else 0,
        debt=account.debt if account else 0,
        pending=points_pending.total_of(session, member_id),
        expiring=points_expiry.expiring(session, member_id, at),
    )


@bp.get("")
@member_required
def show() -> ResponseReturnValue:
    """The purse, and entries older than `before`, an entry's id."""
    member_id, at, before = g.member_id, now(), before_id(request.args.get("before"))

    def work(session: Session) -> tuple[Purse, list[PointsEntry]]:
        # One more than is shown says whether there is a next page.
        entries = points.entries_of(session, member_id, before=before, limit=PAGE + 1)
        return _purse(session, member_id, at), entries

    purse, entries = read(work)
    return render_template(
        "site/points/entries.html",
        purse=purse,
        entries=entries[:PAGE],
        older=entries[PAGE - 1].id if len(entries) > PAGE else None,
        first_page=before is None,
        this_month=business_day(at).replace(day=1),
    )


@bp.get("/months")
@member_required
def choose_month() -> ResponseReturnValue:
    """Lead from the form that asks for a month to the month's own page."""
    return redirect(url_for("site.points.show_month", month=request.args.get("month") or "none"))


@bp.get("/months/<month>")
@member_required
def show_month(month: str) -> ResponseReturnValue:
    """A month as a bank states it: opening, movements, closing."""
    member_id, today = g.member_id, business_day(now())
    first = _first_day(month, today)
    after = (first + timedelta(days=31)).replace(day=1)
    start, end = day_start(first), day_start(after)
    statement = read(
        lambda db: points_statements.of_period(db, member_id, start, end, STATEMENT_LINES)
    )
    joined = business_day(g.member.registered_at).replace(day=1)
    return render_template(
        "site/points/statement.html",
        first=first,
        before=(first - timedelta(days=1)).replace(day=1) if first > joined else None,
        after=after if after <= today else None,
        joined=joined,
        today=today,
        statement=statement,
        lines=STATEMENT_LINES,
    )


def _first_day(month: str, today: date) -> date:
    match = _MONTH.fullmatch(month)
    if not match or (first := date(int(match[1]), int(match[2]), 1)) > today:
        raise NotFound
    return first
