"""THE table of timed jobs: every few seconds, what is due?"""

from collections.abc import Callable
from functools import partial

from sqlalchemy.orm import Session

from content import conversations, customer_messages, reply_matches
from handlers.actors import sweep_outbox
from handlers.audit_jobs import check_audit, seal_audit
from handlers.menu_jobs import compare_tags, count_clicks, look_at_menu, look_for_menus
from handlers.nightly import prove, run_nightly
from handlers.pruning import prune
from handlers.publishing import look_for_uploads, publish_articles, sweep_media
from handlers.push_actors import start_pushes, sweep_pushes
from handlers.push_calendar import propose_pushes
from handlers.push_events import match_push_events
from handlers.push_notices import leave_notices
from handlers.push_series import run_series
from handlers.tools import Tools
from handlers.unfinished import carry_out, free_coupons
from kernel.clock import business_day
from reports import figure_days, figures

_SPANS_A_TICK = 48


def close_conversations(tools: Tools) -> None:
    """End talks in which nobody has written for a day; learn how lost answers ended."""

    def close(session: Session) -> None:
        conversations.close_silent(session, tools.clock.now())
        customer_messages.catch_up(session, tools.clock.now())

    tools.database.transaction(close)


def count_totals(tools: Tools) -> None:
    """Count followers, members and points, which the home page then need not."""
    at = tools.clock.now()
    values = tools.database.read(figures.totals)
    tools.database.transaction(
        lambda session: figure_days.put(session, business_day(at), values, at)
    )


def count_answers(tools: Tools) -> None:
    """Add up what reply rules answered in the minutes that are closed."""
    for _ in range(_SPANS_A_TICK):
        now = tools.clock.now()
        if tools.database.transaction(partial(reply_matches.roll_up, now=now)) is None:
            break


# name → (seconds between two runs, what runs)
JOBS: dict[str, tuple[float, Callable[[Tools], object]]] = {
    "start_pushes": (2.0, start_pushes),
    "run_series": (5.0, run_series),
    "sweep_pushes": (5.0, sweep_pushes),
    "leave_notices": (5.0, leave_notices),
    "match_push_events": (5.0, match_push_events),
    "sweep_outbox": (3.0, sweep_outbox),
    "carry_out": (5.0, carry_out),
    "free_coupons": (60.0, free_coupons),
    "run_nightly": (5.0, run_nightly),
    "prove": (60.0, prove),
    "seal_audit": (3.0, seal_audit),
    "check_audit": (60.0, check_audit),
    "count_totals": (300.0, count_totals),
    "prune": (3600.0, prune),
    "close_conversations": (60.0, close_conversations),
    "look_for_menus": (2.0, look_for_menus),
    "look_at_menu": (20.0, look_at_menu),
    "compare_tags": (30.0, compare_tags),
    "count_clicks": (60.0, count_clicks),
    "count_answers": (60.0, count_answers),
    "publish_articles": (5.0, publish_articles),
    "look_for_uploads": (3.0, look_for_uploads),
    "sweep_media": (3600.0, sweep_media),
    "propose_pushes": (300.0, propose_pushes),
}
