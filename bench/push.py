"""`python -m bench.push [PEOPLE]`: a push to a million on PostgreSQL, and how fast it leaves.

In one run on one machine: the snapshot; one worker process against the HTTP client alone and
against a wechatpy client in 128 threads, with a platform that answers at once and in 50 ms; two
workers against one; a cap on the rate; memory and the progress query throughout.
"""

import multiprocessing
import statistics
import sys
import tempfile
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import requests
from sqlalchemy import text, update
from wechatpy import WeChatClient

from bench.push_worker import RULES, lane, work
from bench.stub import answering
from content.reviews import Hand
from kernel.db import Database
from pushes import chunks, drafts, life, pushes
from pushes.channels import Call
from pushes.chunks import PushChunk
from pushes.pushes import Push
from tests.databases import make_database
from tests.jobs.house import operators

PEOPLE, SENDS, ALONE = 1_000_000, 200_000, 20_000
TEMPLATE = "template-0123456789"
DATA = {"thing1": "{称呼}", "time2": "2026年9月25日", "thing3": "宽带检修"}
_SEED = """
INSERT INTO follower (openid, subscribed, followed_at, changed_at, created_at)
SELECT 'oBench-' || lpad(n::text, 21, '0'), true, now(), now(), now()
FROM generate_series(1, {people}) n;
INSERT INTO member (openid, name, phone_sealed, phone_digest, phone_hint, channel, registered_at,
    state, tier_level, wants_check_in_reminder)
SELECT 'oBench-' || lpad(n::text, 21, '0'), '会员', 'k', n::text, '138', 'site', now(), 'active',
    0, false
FROM generate_series(1, {people}) n;
ANALYZE
"""


def seed(database: Database, people: int) -> None:
    """So many members who follow, and the two operators."""
    database.transaction(operators)
    for statement in _SEED.format(people=people).split(";"):
        with database.engine.begin() as connection:
            connection.execute(text("SET statement_timeout = 0"))
            connection.execute(text(statement))


def plan(database: Database, rate: int = 0) -> int:
    """A push to everybody whose time has come."""
    contents = {"template": {"template_id": TEMPLATE, "data": DATA}}

    def write(session: Any) -> int:
        hand = Hand(1, datetime.now(UTC))
        variants = [{"share": 100, "contents": contents}]
        form = drafts.Form("检修", ["template"], variants, service=True, rate=rate)
        push = drafts.write(session, form, hand)
        pushes.move(session, push.id, "draft", "scheduled", send_at=hand.at)
        return push.id

    return database.transaction(write)


def begin(database: Database, push_id: int) -> float:
    """Begin the push; the seconds that its snapshot took."""
    began = time.perf_counter()
    at = datetime.now(UTC)
    done = database.patient(lambda session: life.begin(session, push_id, at, RULES))
    assert done.state == "running", done
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        seconds = time.perf_counter() - began
        connection.execute(text("VACUUM ANALYZE delivery"))
    return seconds


def keep_only(database: Database, push_id: int, people: int) -> None:
    """Let only the first chunks of a push wait, so that a round has an end."""
    last = people // RULES.chunk
    database.transaction(
        lambda session: session.execute(
            update(PushChunk)
            .where(PushChunk.push_id == push_id, PushChunk.no >= last)
            .values(state="waiting", due_at=datetime(2999, 1, 1, tzinfo=UTC))
        )
    )


def send(database: Database, base: str, push_id: int, workers: int) -> tuple[float, int, float]:
    """(seconds, most MB of a worker, worst milliseconds of the progress query)."""
    context = multiprocessing.get_context("spawn")
    results, gate = context.SimpleQueue(), context.Barrier(workers + 1)
    url = database.engine.url.render_as_string(hide_password=False)
    told = url, base, push_id, gate, results
    processes = [context.Process(target=work, args=told) for _ in range(workers)]
    for process in processes:
        process.start()
    gate.wait()
    began = time.time()
    looks: deque[float] = deque()
    # Two people watch: the page asks every 2 s.
    while any(process.is_alive() for process in processes):
        looked = time.perf_counter()
        database.read(lambda session: chunks.progress(session, session.get_one(Push, push_id)))
        looks.append(time.perf_counter() - looked)
        time.sleep(1.0)
    for process in processes:
        process.join()
        assert process.exitcode == 0, process.exitcode
    ended, megabytes = zip(*(results.get() for _ in processes), strict=True)
    return max(ended) - began, max(megabytes), max(looks) * 1000


def client_alone(base: str, count: int) -> float:
    """Sends a second of the HTTP client without any books."""
    alone = lane(base)
    body = {"template_id": TEMPLATE, "data": {key: {"value": "1"} for key in DATA}}
    begun = done = 0
    started = time.perf_counter()
    while done < count:
        room = min(RULES.in_flight - (begun - done), count - begun)
        if room > 64 or begun + room == count:
            alone.submit(Call(begun + n, "template", f"o{begun + n}", body) for n in range(room))
            begun += room
        done += len(alone.collect(1.0))
    alone.close()
    return count / (time.perf_counter() - started)


def wechatpy_alone(base: str, count: int) -> float:
    """Sends a second of a wechatpy client in 128 threads."""

    class Local(WeChatClient):  # type: ignore[misc]
        API_BASE_URL = f"{base}/cgi-bin/"

    client = Local("wx", "s")
    client.session.set(client.access_token_key, "t0k3n")
    client.expires_at = int(time.time()) + 7200
    client._http.mount("http://", requests.adapters.HTTPAdapter(pool_maxsize=128))
    data = {key: {"value": "1"} for key in DATA}
    started = time.perf_counter()

    def send_one(number: int) -> None:
        client.message.send_template(f"o{number}", TEMPLATE, data)

    with ThreadPoolExecutor(128) as pool:
        list(pool.map(send_one, range(count)))
    return count / (time.perf_counter() - started)


def cap(database: Database, rate: int, seconds: int) -> tuple[float, float]:
    """Least and most arrivals a second over any 10 s, as shares of the cap, with two workers."""
    with answering(50) as base:
        push_id = plan(database, rate)
        begin(database, push_id)
        keep_only(database, push_id, max(RULES.chunk * 4, rate * seconds))
        send(database, base, push_id, 2)
        arrivals: list[float] = requests.get(f"{base}/arrivals", timeout=10).json()
    first, last = min(arrivals), max(arrivals)
    tens = [
        sum(start <= one < start + 10 for one in arrivals) / 10 / rate
        for start in (first + step for step in range(1, int(last - first) - 10))
    ]
    return min(tens), max(tens)


def main(people: int = PEOPLE) -> None:
    """Print the table."""
    with (
        tempfile.TemporaryDirectory() as folder,
        make_database("postgresql", "bench_push", Path(folder), durable=True) as database,
    ):
        seed(database, people)
        push_id = plan(database)
        print(f"Push to {people:,} on PostgreSQL")
        print(f"  snapshot {begin(database, push_id):.1f} s")
        for milliseconds in (0, 50):
            compare(database, milliseconds, people)
        low, high = cap(database, 1_000, 20)
        print(f"  a cap of 1,000/s, two workers: {low:.1%} to {high:.1%} over any 10 s")
        with answering(0) as base:
            seconds, megabytes, look = send(database, base, push_id, 1)
        print(
            f"  all of them by one worker {people / seconds:,.0f}/s, {megabytes} MB at most, "
            f"progress query {look:.0f} ms at worst"
        )


def compare(database: Database, milliseconds: int, people: int) -> None:
    """One worker, two workers, the client alone, wechatpy: with answers that take so long."""
    sends = min(SENDS, people)
    with answering(milliseconds) as base:
        alone = client_alone(base, ALONE)
        theirs = statistics.median(wechatpy_alone(base, ALONE // 4) for _ in range(2))
        figures = {}
        for workers in (1, 2):
            push_id = plan(database)
            begin(database, push_id)
            keep_only(database, push_id, sends)
            seconds, _, _ = send(database, base, push_id, workers)
            figures[workers] = sends / seconds
    ours = figures[1]
    print(
        f"  answers in {milliseconds} ms: one worker {ours:,.0f}/s, client alone {alone:,.0f}/s "
        f"({ours / alone:.0%}), wechatpy in 128 threads {theirs:,.0f}/s ({ours / theirs:.1f} x), "
        f"two workers {figures[2] / ours:.2f} x one"
    )


if __name__ == "__main__":
    main(*(int(word) for word in sys.argv[1:]))
