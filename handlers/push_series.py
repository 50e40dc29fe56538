"""The job that starts the pushes of series, each day's once."""

from functools import partial

import structlog

from handlers.tools import Tools
from pushes import series_runs

log = structlog.get_logger(__name__)


def run_series(tools: Tools) -> None:
    """Make the pushes of every series that are due; the sender finds them by their time."""
    for series_id in tools.database.read(series_runs.running):
        work = partial(
            series_runs.run_due,
            series_id=series_id,
            occasions=tools.occasion_days,
            at=tools.clock.now(),
        )
        try:
            begun = tools.database.transaction(work)
        except Exception:
            # One that is stuck holds up no other.
            log.exception("series_stuck", series=series_id)
            continue
        for push_id in begun:
            log.info("series_run", series=series_id, push=push_id)
            tools.put("start_push", push_id)
