"""The calendar's timed job: occasions that are near propose a push, each once."""

import structlog

from handlers.tools import Tools
from kernel.clock import business_day
from pushes import proposals

log = structlog.get_logger(__name__)


def propose_pushes(tools: Tools) -> None:
    """Write down what the occasions of the next weeks propose.

    Whatever lies within the weeks and has not proposed is due, so a scheduler that slept over the
    day catches up, and a second tick finds nothing.
    """
    now, how = tools.clock.now(), tools.proposing
    today = business_day(now)
    found = tools.database.read(lambda session: proposals.due(session, today, how.days))
    if not found:
        return
    made = tools.database.transaction(lambda session: proposals.propose(session, found, how, now))
    log.info("pushes_proposed", occasions=[one.key for _, one in found], new=made)
