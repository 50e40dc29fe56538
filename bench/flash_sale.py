"""A flash sale on PostgreSQL: 50,000 claims on a stock of 10,000 by 64 clients, ours and raw SQL.

Each variant writes the same rows: coupon, activity, stock. The raw ones are what psycopg does at
best with one statement a claim; ours is `SoldOut` and `Database.alone(claims.claim)`, with every
condition judged. After each run the rows are counted: one coupon more or less fails the program.
"""

import multiprocessing
import random
import secrets
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
from psycopg.types.json import Json
from sqlalchemy.orm import Session

from bench.crowd import settle
from kernel.db import Database
from kernel.engine import make_engine
from loyalty import claims, coupon_batches
from loyalty.claim_conditions import OutOfStock
from loyalty.sold_out import SoldOut
from tests.databases import make_database

CLAIMS, STOCK, PROCESSES, THREADS, ROUNDS = 50_000, 10_000, 4, 16, 3
AT = datetime(2026, 11, 20, 4, tzinfo=UTC)
UNTIL = AT + timedelta(days=30)
Claim = Callable[[int], bool]

_COUPON = """
    INSERT INTO coupon (batch_id, member_id, seq, code, state, source, paid_points, claimed_at,
        valid_from, valid_until)
    SELECT %(batch)s, %(member)s, 1, %(code)s, 'available', 'site', 0, %(at)s, %(at)s, %(until)s
"""
_NOTED = """
    INSERT INTO activity (at, kind, member_id, facts)
    SELECT %(at)s, 'coupon.claimed', %(member)s, %(facts)s
"""
_LEFT = """
    WHERE EXISTS (SELECT 1 FROM coupon_stock
        WHERE batch_id = %(batch)s AND shard = %(shard)s AND issued < stock)
"""
_TAKE = """
    UPDATE coupon_stock SET issued = issued + 1
    WHERE batch_id = %(batch)s AND shard = %(shard)s AND issued < stock
"""
UPDATE_FIRST = f"""
    WITH taken AS ({_TAKE} RETURNING 1), made AS ({_COUPON} FROM taken RETURNING id),
    noted AS ({_NOTED} FROM made) SELECT COUNT(*) FROM made
"""
# A division by nothing undoes the statement whose stock was gone when its turn came.
INSERT_FIRST = f"""
    WITH made AS ({_COUPON} {{look}} RETURNING id),
    taken AS ({_TAKE} AND EXISTS (SELECT 1 FROM made) RETURNING 1),
    noted AS ({_NOTED} FROM taken)
    SELECT CASE WHEN EXISTS (SELECT 1 FROM made)
        THEN 1 / (SELECT COUNT(*) FROM taken) ELSE 0 END
"""


class Raw:
    """One client of the raw variants: a connection a thread, one statement a claim."""

    def __init__(self, url: str, batch: int, shards: int, sql: str, *, flag: bool) -> None:
        self._url, self._batch, self._sql = url, batch, sql
        self._shards, self._dry, self._flag = list(range(shards)), set[int](), flag
        self._here = threading.local()

    def __call__(self, member: int) -> bool:
        """Claim; whether it was had."""
        left = [shard for shard in self._shards if shard not in self._dry]
        random.shuffle(left)
        for shard in left:
            if self._try(member, shard):
                return True
            if self._flag:
                self._dry.add(shard)
        return False

    def _try(self, member: int, shard: int) -> bool:
        row = {"batch": self._batch, "shard": shard, "member": member, "at": AT, "until": UNTIL}
        row |= {"code": secrets.token_hex(12), "facts": Json({"batch_id": self._batch})}
        try:
            found = self._connection().execute(self._sql, row).fetchone()
        except psycopg.errors.DivisionByZero:
            return False
        return bool(found and found[0])

    def _connection(self) -> psycopg.Connection[Any]:
        if not hasattr(self._here, "connection"):
            self._here.connection = psycopg.connect(self._url, autocommit=True)
        found: psycopg.Connection[Any] = self._here.connection
        return found


class Ours:
    """One client of ours, as a web process would be: an engine, a hint, a transaction a claim."""

    def __init__(self, url: str, batch: int) -> None:
        address = f"postgresql+psycopg{url.removeprefix('postgresql')}"
        self._database = Database(make_engine(address, pool_size=THREADS))
        self._batch, self._hint = batch, SoldOut()

    def __call__(self, member: int) -> bool:
        """Claim; whether it was had."""
        try:
            with self._hint.watch(self._batch):
                self._database.alone(
                    lambda session: claims.claim(session, self._batch, member, AT)
                )
        except OutOfStock:
            return False
        return True


def offer(session: Session, code: str, shards: int) -> int:
    """A batch of its own for one run."""
    form = coupon_batches.Form(
        code=code,
        title="秒杀券",
        kind="bill_credit",
        worth="10 元",
        terms="",
        stock=STOCK,
        starts_at=AT - timedelta(days=1),
        ends_at=UNTIL,
        amount_fen=1_000,
        valid_days=30,
        shards=shards,
    )
    return coupon_batches.create(session, form, AT, state="open").id


def rush(make: Callable[[], Claim], members: Sequence[int]) -> float:
    """Seconds until every client has claimed for each of its members."""
    context = multiprocessing.get_context("fork")
    gate, won = context.Barrier(PROCESSES + 1), context.SimpleQueue()
    children = [
        context.Process(target=_process, args=(make, members[first::PROCESSES], gate, won))
        for first in range(PROCESSES)
    ]
    for child in children:
        child.start()
    gate.wait()
    began = time.perf_counter()
    had = sum(won.get() for _ in children)
    seconds = time.perf_counter() - began
    for child in children:
        child.join()
    if had != STOCK:
        raise SystemExit(f"{had} clients were told that they have one of {STOCK}")
    return seconds


def _process(make: Callable[[], Claim], members: Sequence[int], gate: Any, won: Any) -> None:
    claim, counts = make(), [0] * THREADS

    def client(number: int) -> None:
        counts[number] = sum(claim(member) for member in members[number::THREADS])

    clients = [threading.Thread(target=client, args=(number,)) for number in range(THREADS)]
    gate.wait()
    for one in clients:
        one.start()
    for one in clients:
        one.join()
    won.put(sum(counts))


def variants(url: str) -> dict[str, tuple[int, Callable[[int], Claim]]]:
    """By name: how many shards, and what makes a client of a batch."""
    look = INSERT_FIRST.format(look=_LEFT)

    def raw(sql: str, shards: int = 1, *, flag: bool = False) -> Any:
        return shards, lambda batch: Raw(url, batch, shards, sql, flag=flag)

    return {
        "raw: update first": raw(UPDATE_FIRST),
        "raw: insert first": raw(INSERT_FIRST.format(look="")),
        "raw: + unlocked look": raw(look),
        "raw: + sold-out flag": raw(look, flag=True),
        "raw: 16 shards + flag": raw(look, 16, flag=True),
        "ours: 1 shard": (1, lambda batch: Ours(url, batch)),
        "ours: 16 shards": (16, lambda batch: Ours(url, batch)),
    }


def check(database: Database, batch: int) -> None:
    """Stop unless coupons, activities and stock are exactly the stock."""
    with database.engine.connect() as connection:
        counts = connection.exec_driver_sql(
            "SELECT (SELECT COUNT(*) FROM coupon WHERE batch_id = %(batch)s),"
            " (SELECT SUM(issued) FROM coupon_stock WHERE batch_id = %(batch)s),"
            " (SELECT COUNT(*) FROM activity WHERE kind = 'coupon.claimed'"
            " AND (facts ->> 'batch_id')::int = %(batch)s)",
            {"batch": batch},
        ).one()
    if set(counts) != {STOCK}:
        raise SystemExit(f"the rows are not the stock: {tuple(counts)}")


def main() -> None:
    """Run each variant in turn, several rounds, and print the medians."""
    with (
        tempfile.TemporaryDirectory() as name,
        make_database("postgresql", "flash", Path(name), durable=True) as database,
    ):
        members = settle(database, CLAIMS, AT)
        url = database.engine.url.set(drivername="postgresql").render_as_string(
            hide_password=False
        )
        seconds: dict[str, list[float]] = {}
        for number in range(ROUNDS):
            for label, (shards, make) in variants(url).items():
                code = f"rush-{number}-{len(seconds)}-{secrets.token_hex(3)}"
                batch = database.transaction(partial(offer, code=code, shards=shards))
                database.engine.dispose()
                took = rush(partial(make, batch), members)
                seconds.setdefault(label, []).append(took)
                check(database, batch)
        _print(seconds)


def _print(seconds: dict[str, list[float]]) -> None:
    speeds = {label: CLAIMS / statistics.median(runs) for label, runs in seconds.items()}
    for label, speed in speeds.items():
        print(f"{label:24} {speed:8.0f} claims/s")
    best = max(speed for label, speed in speeds.items() if label.startswith("raw"))
    ours = max(speed for label, speed in speeds.items() if label.startswith("ours"))
    print(f"flash sale, ours: {100 * ours / best:.0f} % of the best raw variant, all exact")


if __name__ == "__main__":
    main()
