"""The queue over RabbitMQ, where one answers; elsewhere skipped, with the reason."""

import os
import threading
from collections.abc import Iterator

import pika
import pytest

from kernel.queue import Queue
from tests.servers import free_port

URL = os.environ.get("TEST_RABBITMQ_URL", "amqp://guest:guest@127.0.0.1:5672/")


@pytest.fixture
def url() -> Iterator[str]:
    """A RabbitMQ whose queue is empty before and after."""
    try:
        connection = pika.BlockingConnection(pika.URLParameters(f"{URL}?connection_attempts=1"))
    except Exception as error:  # pika has many, and all mean the same here
        pytest.skip(f"no RabbitMQ answers at 127.0.0.1:5672 (or TEST_RABBITMQ_URL): {error!r}")
    channel = connection.channel()
    for name in ("default", "default.DQ", "default.XQ"):
        channel.queue_delete(name)
    yield URL
    for name in ("default", "default.DQ", "default.XQ"):
        channel.queue_delete(name)
    connection.close()


def test_an_actor_is_given_the_id_and_workers_are_known(url: str) -> None:
    done, items = threading.Event(), []

    def job(item_id: int) -> None:
        items.append(item_id)
        done.set()

    queue = Queue(url, {"job": job})
    assert queue.put("job", 4711)
    assert not queue.has_workers()
    worker = queue.worker(threads=2)
    worker.start()
    try:
        assert done.wait(10)
        assert queue.has_workers()
    finally:
        worker.stop(timeout=5000)
        queue.broker.close()
    assert items == [4711]


def test_without_a_server_a_put_says_so_at_once() -> None:
    queue = Queue(f"amqp://guest:guest@127.0.0.1:{free_port()}/", {"job": lambda _id: None})
    assert not queue.put("job", 1)
    assert not queue.has_workers()
