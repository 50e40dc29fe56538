"""The nightly runs on a million members with history: expiry, tiers, proof; time and memory.

`python -m bench.million [members]`. Each member has three credits, a spend, a check-in and a lot
that is due; one in ten climbs a tier. PostgreSQL; the rows are made by the database itself.
"""

import resource
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import text

from kernel.clock import SystemClock, business_day
from kernel.db import Database
from loyalty import points_expiry, proof_runs, tier_runs, tiers
from loyalty.policy import Policy
from loyalty.tiers import Draft
from tests.databases import make_database

POLICY = Policy()
PAGE = 1_000

_SEED = """
INSERT INTO member (id, openid, name, channel, registered_at, state, tier_level,
    wants_check_in_reminder)
SELECT m, 'oMillion' || lpad(m::text, 20, '0'), '测试', 'bench', :joined, 'active', 0, FALSE
FROM generate_series(1, :members) m;

INSERT INTO points_account (member_id, balance, debt, qualified, streak_version)
SELECT m, 56 + (m % 10 = 0)::int * 30, 0, 0, 0 FROM generate_series(1, :members) m;

INSERT INTO points_entry (id, member_id, kind, delta, balance_after, reference, note, created_at)
SELECT (m - 1) * 4 + k, m, CASE k WHEN 4 THEN 'spend' ELSE 'earn' END,
    CASE k WHEN 1 THEN 10 WHEN 2 THEN 20 WHEN 4 THEN -4 ELSE 30 + (m % 10 = 0)::int * 30 END,
    CASE k WHEN 1 THEN 10 WHEN 2 THEN 30 WHEN 3 THEN 60 + (m % 10 = 0)::int * 30
        ELSE 56 + (m % 10 = 0)::int * 30 END,
    CASE k WHEN 3 THEN 'check-in:' || m || ':' || CAST(:day AS date)
        ELSE 'seed:' || m || ':' || k END,
    '', CASE k WHEN 1 THEN :first WHEN 2 THEN :second WHEN 3 THEN :third ELSE :fourth END
FROM generate_series(1, :members) m, generate_series(1, 4) k ORDER BY 1;

INSERT INTO points_lot (id, member_id, entry_id, amount, remaining, expires_at)
SELECT (m - 1) * 3 + k, m, (m - 1) * 4 + k,
    CASE k WHEN 1 THEN 10 WHEN 2 THEN 20 ELSE 30 + (m % 10 = 0)::int * 30 END,
    CASE k WHEN 1 THEN 6 WHEN 2 THEN 20 ELSE 30 + (m % 10 = 0)::int * 30 END,
    CASE k WHEN 1 THEN :due ELSE :kept END
FROM generate_series(1, :members) m, generate_series(1, 3) k;

INSERT INTO lot_use (entry_id, lot_id, amount)
SELECT (m - 1) * 4 + 4, (m - 1) * 3 + 1, 4 FROM generate_series(1, :members) m;

INSERT INTO check_in (member_id, day, kind, streak, points, cost, created_at)
SELECT m, CAST(:day AS date), 'daily', 1, 30 + (m % 10 = 0)::int * 30, 0, :third
FROM generate_series(1, :members) m;

SELECT setval(pg_get_serial_sequence('points_entry', 'id'), :members * 4);
SELECT setval(pg_get_serial_sequence('member', 'id'), :members)
"""


def seed(database: Database, members: int, now: datetime) -> int:
    """The members with their history; how many."""
    days = {"joined": 400, "first": 300, "second": 200, "third": 100, "fourth": 50}
    ago = {name: now - timedelta(days=count) for name, count in days.items()}
    values = {
        **ago, "members": members, "day": business_day(ago["third"]),
        "due": now - timedelta(hours=1), "kept": now + timedelta(days=300),
    }  # fmt: skip
    with database.engine.begin() as connection:
        for statement in _SEED.split(";\n"):
            used = {name: value for name, value in values.items() if f":{name}" in statement}
            connection.execute(text(statement), used)
    with database.engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        connection.execute(text("VACUUM ANALYZE"))
    return members


def expire(database: Database, now: datetime) -> int:
    """The expiry sweep, a page a transaction; how many members."""
    after: int | None = 0
    done = 0
    while after is not None:
        page = after
        swept = database.transaction(lambda s, page=page: points_expiry.sweep(s, page, now, PAGE))  # type: ignore[misc]
        after, done = swept.after, done + swept.members
    return done


def climb(database: Database, now: datetime) -> int:
    """The tier run, a page a transaction; how many climbed."""
    after: int | None = 0
    climbed = 0
    while after is not None:
        page = after
        after, counts = database.transaction(
            lambda s, page=page: tier_runs.run_page(s, page, business_day(now), PAGE, POLICY)  # type: ignore[misc]
        )
        climbed += counts.climbed
    return climbed


def prove(database: Database, now: datetime) -> int:
    """Every promise; how many are broken."""
    return len(database.read(lambda session: list(proof_runs.run(session, now))))


def timed(name: str, work: Callable[[], int]) -> None:
    """Run, and print the time and the memory that this process has needed so far."""
    began = time.perf_counter()
    count = work()
    seconds = time.perf_counter() - began
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"  {name:12} {seconds:7.1f} s   {count:>9,} rows   peak {memory} MB", flush=True)


def main(members: int = 1_000_000) -> None:
    """Seed, then run each job and print its figures."""
    with (
        tempfile.TemporaryDirectory() as folder,
        make_database("postgresql", "million", Path(folder), durable=True) as database,
    ):
        now = SystemClock().now()
        draft = Draft(1, "silver", "银卡", 80)
        database.transaction(lambda session: tiers.define(session, draft, now, by=None))
        print(f"the nightly runs, {members:,} members, PostgreSQL:")
        timed("seed", lambda: seed(database, members, now))
        timed("proof", lambda: prove(database, now - timedelta(hours=2)))
        timed("expiry", lambda: expire(database, now))
        timed("expiry again", lambda: expire(database, now))
        timed("tiers", lambda: climb(database, now))
        timed("proof", lambda: prove(database, now))


if __name__ == "__main__":
    main(*(int(one) for one in sys.argv[1:]))
