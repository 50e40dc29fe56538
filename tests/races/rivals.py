"""Rivals: processes of their own that do one thing at the same moment on one database."""

import multiprocessing
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from sqlalchemy.orm import Session

from kernel.db import Database
from kernel.engine import make_engine
from kernel.refusals import Refused

PROCESSES, THREADS = 4, 4
Work = Callable[[Session, int], Any]


def race(database: Database, work: Work, tries: int, how: str = "transaction") -> list[Any]:
    """Run `work(session, number)` for numbers below `tries`, spread over processes and threads.

    `how` names the method of Database. Returns each outcome: what `work` returned, or the code of
    the refusal.
    """
    url = database.engine.url.render_as_string(hide_password=False)
    # Forked, so that `work` may be any function of the test; each child opens its own pool.
    context = multiprocessing.get_context("fork")
    gate, results = context.Barrier(PROCESSES), context.SimpleQueue()
    children = [
        context.Process(
            target=_compete,
            args=(url, (work, how), range(first, tries, PROCESSES), gate, results),
        )
        for first in range(PROCESSES)
    ]
    database.engine.dispose()
    for child in children:
        child.start()
    outcomes = [outcome for _ in children for outcome in results.get()]
    for child in children:
        child.join()
    failed = [outcome for outcome in outcomes if isinstance(outcome, Exception)]
    assert failed == [], failed[:3]
    return outcomes


def _compete(url: str, deed: tuple[Work, str], numbers: range, gate: Any, results: Any) -> None:
    work, how = deed
    database = Database(make_engine(url, pool_size=THREADS))

    def attempt(number: int) -> Any:
        try:
            return getattr(database, how)(lambda session: work(session, number))
        except Refused as refused:
            return refused.code
        except Exception as error:
            return RuntimeError(repr(error))

    gate.wait()
    with ThreadPoolExecutor(THREADS) as pool:
        results.put(list(pool.map(attempt, numbers)))
    database.engine.dispose()
