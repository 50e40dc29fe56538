"""A check-in as the domain does it against raw SQL that writes the same rows, on 8 connections.

Both read the streak first and pay base and step to members who checked in the day before. `raw`
sends one statement for each row, as a careful program does; `raw, one statement` is the floor.
"""

import tempfile
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
from psycopg.types.json import Json

from bench import rounds
from bench.crowd import settle
from kernel.clock import SystemClock, business_day
from kernel.db import Database
from kernel.engine import make_engine
from loyalty import checkin_programmes, checkins, proof_runs
from loyalty.checkin_programmes import NewProgramme
from loyalty.checkins_postgres import _WRITE as ONE_STATEMENT
from loyalty.policy import Policy
from tests.databases import make_database

MEMBERS, ROUNDS, SHAPE = 4_000, 3, (2, 4)
RULES = {"base": 5, "step": 1, "step_cap": 30}
POLICY = Policy()

_STREAK = "SELECT streak FROM check_in WHERE member_id = %s AND day = %s"
_CHECK_IN = """
INSERT INTO check_in (member_id, day, kind, streak, points, cost, created_at)
VALUES (%s, %s, 'daily', %s, %s, 0, %s) ON CONFLICT DO NOTHING
"""
_MOVE = """
UPDATE points_account SET balance = balance + %s, qualified = qualified + %s,
    streak_version = streak_version + 1 WHERE member_id = %s RETURNING balance
"""
_ENTRY = """
INSERT INTO points_entry (member_id, kind, delta, balance_after, reference, note, created_at)
VALUES (%s, 'earn', %s, %s, %s, %s, %s) RETURNING id
"""
_LOT = """
INSERT INTO points_lot (member_id, entry_id, amount, remaining, expires_at)
VALUES (%s, %s, %s, %s, %s)
"""
_NOTE = "INSERT INTO activity (at, kind, member_id, facts) VALUES (%s, 'check_in', %s, %s)"


def ours(at: datetime, url: str) -> Callable[[int], object]:
    """The domain function in its transaction."""
    database = Database(make_engine(url, pool_size=1))
    return lambda member: database.transaction(
        lambda session: checkins.check_in(session, member, at, POLICY)
    )


def _connect(url: str) -> psycopg.Connection[Any]:
    return psycopg.connect(url.replace("+psycopg", ""), autocommit=False)


def raw(at: datetime, url: str) -> Callable[[int], object]:
    """The same rows, a statement each, by psycopg."""
    connection, day, expires = _connect(url), business_day(at), POLICY.expiry.of(at)

    def work(member: int) -> None:
        found = connection.execute(_STREAK, (member, day - timedelta(days=1))).fetchone()
        streak = (found[0] if found else 0) + 1
        gains = [(5, f"check-in:{member}:{day}", "每日签到")]
        if streak > 1:
            gains.append((streak - 1, f"check-in-step:{member}:{day}", "连签递增"))
        total = sum(gain for gain, _, _ in gains)
        connection.execute(_CHECK_IN, (member, day, streak, total, at))
        moved = connection.execute(_MOVE, (total, total, member)).fetchone()
        assert moved is not None
        running = moved[0] - total
        for gain, reference, note in gains:
            running += gain
            values = (member, gain, running, reference, note, at)
            entry = connection.execute(_ENTRY, values).fetchone()
            assert entry is not None
            connection.execute(_LOT, (member, entry[0], gain, gain, expires))
        connection.execute(_NOTE, (at, member, Json({"streak": streak, "points": total})))
        connection.commit()

    return work


def raw_at_once(at: datetime, url: str) -> Callable[[int], object]:
    """The same rows in two statements: the streak, and one that writes all."""
    connection, day, expires = _connect(url), business_day(at), POLICY.expiry.of(at)
    version = "SELECT streak_version FROM points_account WHERE member_id = %s"

    def work(member: int) -> None:
        seen = connection.execute(version, (member,)).fetchone()
        found = connection.execute(_STREAK, (member, day - timedelta(days=1))).fetchone()
        assert seen is not None
        streak = (found[0] if found else 0) + 1
        deltas = [5, streak - 1] if streak > 1 else [5]
        total = sum(deltas)
        names = [f"check-in:{member}:{day}", f"check-in-step:{member}:{day}"][: len(deltas)]
        values = {
            "member_id": member, "day": day, "kind": "daily", "streak": streak, "points": total,
            "created_at": at, "streak_version": seen[0], "deltas": deltas, "runs": [5, total],
            "references": names, "notes": ["每日签到", "连签递增"][: len(deltas)],
            "openid": None, "expires_at": expires,
            "facts": Json({"streak": streak, "points": total}),
        }  # fmt: skip
        values["runs"] = [5, total][: len(deltas)]
        connection.execute(ONE_STATEMENT, values)
        connection.commit()

    return work


VARIANTS: dict[str, Callable[[datetime, str], Callable[[int], object]]] = {
    "ours: checkins.check_in": ours,
    "raw SQL, a statement a row": raw,
    "raw SQL, one statement": raw_at_once,
}


def main() -> None:
    """Measure in turn, a day each, and print the ratios of the medians."""
    with (
        tempfile.TemporaryDirectory() as folder,
        make_database("postgresql", "bench", Path(folder), durable=True) as database,
    ):
        start = SystemClock().now() - timedelta(days=60)
        members = settle(database, MEMBERS, start)
        programme = NewProgramme("bench", "签到", business_day(start), RULES)
        database.transaction(lambda s: checkin_programmes.publish(s, programme, start))
        url = database.engine.url.render_as_string(hide_password=False)
        results: dict[str, list[float]] = {name: [] for name in VARIANTS}
        day = 0
        for _ in range(ROUNDS):
            for name, variant in VARIANTS.items():
                at = start + timedelta(days=day)
                results[name].append(rounds.measure(url, partial(variant, at), members, SHAPE))
                day += 1
        print(f"check-in by the domain, {SHAPE[0] * SHAPE[1]} connections, PostgreSQL:")
        medians = list(rounds.show(results, "check-ins").values())
        now = SystemClock().now()
        broken = database.read(lambda session: list(proof_runs.run(session, now)))
        if broken:
            raise SystemExit(f"the books are broken: {[one.proof.code for one in broken]}")
    ours_, plain, floor = medians
    print(f"  ours is {ours_ / plain:.0%} of raw SQL, {ours_ / floor:.0%} of one statement")


if __name__ == "__main__":
    main()
