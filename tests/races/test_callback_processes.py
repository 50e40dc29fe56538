"""WeChat delivers a message again while the first is being handled, to another process."""

import multiprocessing
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests
from sqlalchemy import func, select
from werkzeug.serving import make_server

from app import create_app
from bot.inbox import InboxMessage
from kernel.db import Database
from loyalty.checkin_days import CheckIn
from tests.world import Hall, MovableClock, make_hall, make_settings, message_xml

pytestmark = pytest.mark.race


def serve(hall: Hall, ports: Any) -> None:
    """Be one web process of the hall."""
    app = create_app(hall.settings, hall.clock)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    ports.put(server.server_port)
    server.serve_forever()


@contextmanager
def two_processes(hall: Hall) -> Iterator[list[int]]:
    """Two web processes on the hall's database; yields their ports."""
    context = multiprocessing.get_context("fork")
    ports = context.SimpleQueue()
    children = [context.Process(target=serve, args=(hall, ports), daemon=True) for _ in range(2)]
    for child in children:
        child.start()
    try:
        yield [ports.get() for _ in children]
    finally:
        for child in children:
            child.terminate()
            child.join()


def deliver(hall: Hall, ports: list[int], times: int) -> list[tuple[int, str]]:
    """One delivery several times at once, spread over the processes: what each answer shows."""
    xml = message_xml(hall, "oAnna", "<Content><![CDATA[签到]]></Content>")
    query, body = hall.sealed(xml)
    barrier, seen = threading.Barrier(times), []

    def post(port: int) -> None:
        barrier.wait()
        answer = requests.post(
            f"http://127.0.0.1:{port}/wechat", params=query, data=body.encode(), timeout=10
        )
        seen.append((answer.status_code, hall.seen(answer.text)))

    threads = [
        threading.Thread(target=post, args=(ports[number % len(ports)],))
        for number in range(times)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return seen


def test_three_deliveries_on_two_processes_have_one_effect(
    server_database: Database, redis_url: str, clock: MovableClock, tmp_path: Path
) -> None:
    settings = make_settings(tmp_path, server_database, redis_url)
    hall = make_hall(settings, server_database, clock)
    hall.member("oAnna")
    hall.close()
    server_database.engine.dispose()
    with two_processes(hall) as ports:
        rounds = [deliver(hall, ports, times=3) for _ in range(5)]

    first, *later = rounds
    assert len(set(first)) == 1, first
    assert "签到成功" in first[0][1]
    for seen in later:  # new messages of the same day: again one effect, one answer
        assert len(set(seen)) == 1, seen
        assert "今天已签到过了" in seen[0][1]
    with server_database.engine.connect() as connection:
        assert connection.scalar(select(func.count(InboxMessage.id))) == 5
        assert connection.scalar(select(func.count(CheckIn.id))) == 1
