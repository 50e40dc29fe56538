"""The console: where marketers, approvers and operations run the hall."""

from flask import Blueprint, Flask
from werkzeug.routing import IntegerConverter, Map

from kernel.roles import ROLE_NAMES
from web.console import (
    account,
    adjustments,
    amnesties,
    announcements,
    applications,
    article_acts,
    article_editor,
    article_history,
    articles,
    audit_log,
    batch_forms,
    books,
    branches,
    branding,
    changes,
    compliance,
    confirm,
    coupons,
    duty,
    earn_rules,
    faq,
    faq_acts,
    faq_misses,
    filters,
    grants,
    home,
    imports,
    inbox,
    invitations,
    invited,
    media,
    member_acts,
    member_bulk,
    member_merges,
    member_pushes,
    member_reveals,
    members,
    menu,
    menu_compare,
    menu_editor,
    menu_publishing,
    menu_sights,
    menu_versions,
    operators,
    phrases,
    products,
    profile_fields,
    programmes,
    push_acts,
    push_calendar,
    push_calendar_days,
    push_calendar_proposals,
    push_editor,
    push_progress,
    push_results,
    push_series,
    push_switches,
    push_trials,
    push_uploads,
    pushes,
    redemptions,
    reply_acts,
    reply_rules,
    reply_tests,
    reviews,
    reward_orders,
    rewards,
    rule_builder,
    second_factor,
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
    invited,
    confirm,
    account,
    second_factor,
    duty,
    home,
    members,
    member_bulk,
    member_acts,
    member_reveals,
    member_merges,
    member_pushes,
    imports,
    tags,
    segments,
    rule_builder,
    profile_fields,
    coupons,
    batch_forms,
    grants,
    voids,
    redemptions,
    rewards,
    reward_orders,
    programmes,
    amnesties,
    tiers,
    earn_rules,
    adjustments,
    applications,
    pushes,
    push_calendar,
    push_calendar_days,
    push_calendar_proposals,
    push_results,
    push_series,
    push_editor,
    push_acts,
    push_progress,
    push_trials,
    push_switches,
    push_uploads,
    reviews,
    compliance,
    articles,
    article_editor,
    article_acts,
    article_history,
    media,
    branding,
    announcements,
    products,
    branches,
    changes,
    reply_rules,
    reply_tests,
    reply_acts,
    faq_misses,
    faq,
    faq_acts,
    inbox,
    phrases,
    menu,
    menu_versions,
    menu_editor,
    menu_publishing,
    menu_compare,
    menu_sights,
    books,
    audit_log,
    operators,
    invitations,
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
