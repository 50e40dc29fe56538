"""Jobs of the audit log: entries get their place in the chain; every night all are checked."""

import time as machine_time
from datetime import datetime, time
from functools import partial

import structlog
from sqlalchemy.orm import Session

from handlers.tools import Tools
from kernel import audit_chain, audit_checks, job_marks
from kernel.audit_checks import Break, Verdict
from kernel.clock import SHANGHAI, business_day
from kernel.db import Database
from kernel.job_marks import Page

log = structlog.get_logger(__name__)

CHECK = "audit_check"
CHECK_FROM = time(3, 45)
# A tick ends after so many pages, so that a scheduler that must stop need not wait long.
_PAGES_A_TICK = 20


def seal_audit(tools: Tools) -> None:
    """Give the entries that were committed since their places in the chain."""
    seal(tools.database, tools.clock.now(), _PAGES_A_TICK)


def seal(database: Database, at: datetime, pages: int | None = None) -> None:
    """Seal what waits, page by page, each a short transaction; all of it without `pages`."""
    done = 0
    while (pages is None or done < pages) and database.read(audit_chain.waiting):
        database.transaction(partial(audit_chain.seal, at=at))
        done += 1


def verify(
    database: Database,
    at: datetime,
    since: datetime | None = None,
    expect: tuple[str, int] | None = None,
) -> Verdict:
    """What waits is sealed, then the chain is checked, from one picture of the data."""
    forgotten: Break | None = database.read(partial(audit_checks.overlooked, at=at))
    seal(database, at)
    found = database.snapshot(partial(audit_checks.verify, since=since, expect=expect))
    if found.broken or forgotten is None:
        return found
    return Verdict(found.checked, found.position, found.hash, forgotten, found.back_dated)


def check_audit(tools: Tools) -> None:
    """Once a night, check the whole chain, keep what was found, and say its head in the log.

    The log leaves the host; who rewrites the chain would have to rewrite that too.
    """
    now = tools.clock.now()
    day = business_day(now)
    if now.astimezone(SHANGHAI).time() < CHECK_FROM:
        return
    if tools.database.read(lambda session: job_marks.through(session, [CHECK], day)):
        return
    began = machine_time.monotonic()
    found = verify(tools.database, now)
    seconds = round(machine_time.monotonic() - began)

    def keep(session: Session) -> bool:
        mark = job_marks.take(session, CHECK, day)
        if mark is None:
            return False  # another scheduler was faster
        audit_checks.keep(session, found, now, seconds)
        job_marks.settle(session, mark, Page(None, {"checked": found.checked}), now)
        return True

    if tools.database.transaction(keep):
        tell(found)


def tell(found: Verdict) -> None:
    """Say in the log how a check came out."""
    if found.broken is None:
        log.info("audit_chain_whole", head=found.hash, position=found.position)
    else:
        log.error("audit_chain_broken", **vars(found.broken))
