"""The console: where marketers, approvers and operations run the hall."""

from flask import Blueprint, Flask
from werkzeug.routing import IntegerConverter, Map

from kernel.roles import ROLE_NAMES
from web.console import (
    adjustments,
    amnesties,
    applications,
    audit_log,
    batch_forms,
    books,
    coupons,
    earn_rules,
    filters,
    grants,
    home,
    imports,
    member_acts,
    member_merges,
    members,
    menu,
    profile_fields,
    programmes,
    pushes,
    reward_orders,
    rewards,
    segments,
    sessions,
    sign_in,
    tags,
    tiers,
    voids,
)
from web.wiring import wiring

_LARGEST_ID = 2**63 - 1
_PARTS = (
    sign_in,
    home,
    members,
    member_acts,
    member_merges,
    imports,
    tags,
    segments,
    profile_fields,
    coupons,
    batch_forms,
    grants,
    voids,
    rewards,
    reward_orders,
    programmes,
    amnesties,
    tiers,
    earn_rules,
    adjustments,
    applications,
    pushes,
    menu,
    books,
    audit_log,
)


class RowId(IntegerConverter):
    """The id of a row: a number that every database can look up, so no path is a 500."""

    def __init__(self, url_map: Map, max: int = _LARGEST_ID) -> None:
        super().__init__(url_map, max=max)


def register_console(app: Flask) -> None:
    """Put the console under /console."""
    app.url_map.converters["row"] = RowId
    filters.register_filters(app)
    sessions.register_sessions(app)
    console = Blueprint("console", __name__, url_prefix="/console")
    console.context_processor(_context)
    for part in _PARTS:
        console.register_blueprint(part.bp)
    app.register_blueprint(console)


def _context() -> dict[str, object]:
    return {"hall": wiring().hall, "role_names": ROLE_NAMES}
