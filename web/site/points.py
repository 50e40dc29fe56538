"""Points: the statement, newest first, a page at a time."""

from flask import Blueprint, g, render_template, request
from flask.typing import ResponseReturnValue

from kernel.refusals import NotFound
from loyalty import points
from web.guards import member_required
from web.wiring import read

bp = Blueprint("points", __name__, url_prefix="/points")

PAGE = 20
_ID_LIMIT = 2**53


@bp.get("")
@member_required
def show() -> ResponseReturnValue:
    """Entries older than `before`, an entry's id."""
    member_id, before = g.member_id, _before(request.args.get("before"))
    entries = read(
        lambda db: points.entries_of(db, member_id, before=before, limit=PAGE + 1)
    )  # one more than is shown says whether there is a next page
    balance = read(lambda db: points.balance_of(db, member_id))
    return render_template(
        "site/points/statement.html",
        balance=balance,
        entries=entries[:PAGE],
        older=entries[PAGE - 1].id if len(entries) > PAGE else None,
        first_page=before is None,
    )


def _before(asked: str | None) -> int | None:
    if asked is None:
        return None
    if not (asked.isascii() and asked.isdigit()) or int(asked[:20]) > _ID_LIMIT:
        raise NotFound
    return int(asked)
