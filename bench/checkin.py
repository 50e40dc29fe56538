"""Check-ins by signed AES webhook, 64 connections, PostgreSQL: the hall against the naive app."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode

import requests
from sqlalchemy import insert
from sqlalchemy.orm import Session

from bench import load, naive
from kernel.clock import SystemClock
from kernel.db import Database
from loyalty.followers import Follower
from loyalty.ledger import PointsAccount
from loyalty.members import Member
from tests.databases import make_database
from tests.servers import free_port, valkey
from tests.world import ROOT, Hall, make_hall, make_settings, message_xml

ROUNDS, REQUESTS, WARM_UP = 3, 2_000, 300
WORKERS, THREADS = 2, 8


def openids(count: int) -> list[str]:
    """Made-up openids."""
    return [f"oBench{number:022d}" for number in range(count)]


def seed(database: Database, people: list[str]) -> None:
    """Members for both apps."""
    now = SystemClock().now()
    naive.Base.metadata.create_all(database.engine)

    def work(session: Session) -> None:
        session.execute(insert(naive.Member), [{"openid": o, "points": 0} for o in people])
        row = {"subscribed": True, "changed_at": now, "created_at": now}
        session.execute(insert(Follower), [{"openid": o, **row} for o in people])
        member = {"name": "测试", "phone_sealed": "x", "phone_hint": "138****0000"}
        member |= {"channel": "bench"}
        session.execute(
            insert(Member),
            [
                {"openid": o, "phone_digest": f"{n:064d}", "registered_at": now, **member}
                for n, o in enumerate(people)
            ],
        )
        ids = [row[0] for row in session.query(Member.id).all()]
        session.execute(insert(PointsAccount), [{"member_id": i, "balance": 0} for i in ids])

    database.transaction(work)


def requests_of(hall: Hall, people: list[str]) -> list[bytes]:
    """One signed, encrypted check-in of each person, as bytes ready to send."""
    built = []
    for openid in people:
        query, body = hall.sealed(message_xml(hall, openid, "<Content><![CDATA[签到]]></Content>"))
        built.append(load.post(f"/wechat?{urlencode(query)}", body))
    return built


@contextmanager
def served(target: str, environment: dict[str, str]) -> Iterator[int]:
    """The app under gunicorn, with the same workers and threads for both."""
    port = free_port()
    command = [
        str(Path(sys.executable).parent / "gunicorn"), "-k", "gthread", "-w", str(WORKERS),
        "--threads", str(THREADS), "-b", f"127.0.0.1:{port}", "--no-control-socket",
        "--log-level", "error", "--keep-alive", "60", target,
    ]  # fmt: skip
    process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **environment})
    try:
        _wait(port)
        yield port
    finally:
        process.terminate()
        process.wait(30)


def _wait(port: int) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            requests.get(f"http://127.0.0.1:{port}/nothing", timeout=1)
        except requests.RequestException:
            time.sleep(0.1)
        else:
            return
    raise TimeoutError(port)


def environments(hall: Hall, url: str, redis_url: str, folder: Path) -> dict[str, dict[str, str]]:
    """What each app is told."""
    wechat = hall.settings.wechat
    token, key = wechat.token.get_secret_value(), wechat.aes_key.get_secret_value()
    return {
        "app:create_app()": {
            "WEITING_SECRETS_DIR": str(folder / "secrets"),
            "WEITING_DATABASE__URL": url,
            "WEITING_REDIS__URL": redis_url,
            "WEITING_VAR": str(folder),
            "WEITING_EMULATOR__ENABLED": "false",
            "LOG_LEVEL": "ERROR",
        },
        "bench.naive:app": {
            "NAIVE_DATABASE": url,
            "NAIVE_REDIS": redis_url,
            "NAIVE_TOKEN": token,
            "NAIVE_AES_KEY": key,
            "NAIVE_APP_ID": wechat.app_id,
        },
    }


def main() -> None:
    """Measure both in turn and print the ratio of their medians."""
    with (
        tempfile.TemporaryDirectory() as name,
        valkey() as redis_url,
        make_database("postgresql", "bench", Path(name), durable=True) as database,
    ):
        folder = Path(name)
        clock = SystemClock()
        hall = make_hall(make_settings(folder, database, redis_url), database, clock)
        hall.close()
        people = openids(ROUNDS * REQUESTS + WARM_UP)
        seed(database, people)
        url = database.engine.url.render_as_string(hide_password=False)
        apps = environments(hall, url, redis_url, folder)
        results: dict[str, list[load.Result]] = {target: [] for target in apps}
        for number in range(ROUNDS):
            for target, environment in apps.items():
                part = people[WARM_UP + number * REQUESTS :][:REQUESTS]
                with served(target, environment) as port:
                    load.run(port, requests_of(hall, people[:WARM_UP]))
                    results[target].append(load.run(port, requests_of(hall, part)))
        _print(results)


def _print(results: dict[str, list[load.Result]]) -> None:
    medians = {}
    for target, runs in results.items():
        best = sorted(runs, key=lambda run: run.per_second)[len(runs) // 2]
        medians[target] = best.per_second
        print(
            f"{target:20} {best.per_second:8.0f}/s  p50 {best.p50_ms:6.1f} ms  "
            f"p99 {best.p99_ms:6.1f} ms  failed {sum(run.failed for run in runs)}"
        )
    if any(run.failed for runs in results.values() for run in runs):
        raise SystemExit("some requests failed: the figures above mean nothing")
    hall, naive_app = medians.values()
    print(f"check-in by webhook: {hall / naive_app:.2f} x the naive app")


if __name__ == "__main__":
    main()
