"""The task queue: Dramatiq over Redis or RabbitMQ. It carries ids; their rows are the truth."""

from collections.abc import Callable, Mapping
from urllib.parse import urlencode

import dramatiq
import redis
import structlog
from dramatiq.brokers.rabbitmq import RabbitmqBroker
from dramatiq.brokers.redis import RedisBroker
from dramatiq.brokers.stub import StubBroker
from dramatiq.common import current_millis
from dramatiq.errors import BrokerConnectionError
from dramatiq.middleware import AgeLimit, Callbacks, Pipelines, Retries, ShutdownNotifications
from dramatiq.worker import Worker
from pika.exceptions import AMQPError
from redis.backoff import NoBackoff
from redis.retry import Retry

from kernel.cache import CALL_SECONDS

log = structlog.get_logger(__name__)

# A worker that was killed is noticed after this long, and its messages given to another by one
# of the next commands: this many in a million look. By default one in a thousand does, and an
# idle worker sends four a second.
_HEARTBEAT_MS = 5_000
_LOOKING = 200_000
# An idle worker asks for work all the time; who is silent for so long is gone.
_SILENCE_MS = 15_000
_QUEUE = "default"

Actor = Callable[[int], None]


class Queue:
    """Hands ids to named actors, in this process's broker; built by `app.py` from one table."""

    def __init__(self, url: str | None, actors: Mapping[str, Actor]) -> None:
        self.broker = _broker(url)
        self._actors = {
            name: dramatiq.Actor(
                work,
                broker=self.broker,
                actor_name=name,
                queue_name=_QUEUE,
                priority=0,
                options={"max_retries": 3},
            )
            for name, work in actors.items()
        }

    def put(self, name: str, item_id: int) -> bool:
        """Ask for `name` to be done with row `item_id`; False when the queue is out of reach.

        That costs only time: every row that waits is found again by a sweep of the scheduler.
        """
        try:
            self._actors[name].send(item_id)
        except (BrokerConnectionError, redis.RedisError, AMQPError) as error:
            log.warning("queue_unreachable", actor=name, error=type(error).__name__)
            return False
        return True

    def has_workers(self) -> bool:
        """Whether a worker was heard of within the last seconds; False without the server."""
        if isinstance(self.broker, RabbitmqBroker):
            return self._has_consumers(self.broker)
        if not isinstance(self.broker, RedisBroker):
            return False
        since = current_millis() - _SILENCE_MS
        try:
            name = f"{self.broker.namespace}:__heartbeats__"
            heard = self.broker.client.zcount(name, since, "+inf")
        except redis.RedisError:
            return False
        return bool(heard)

    def _has_consumers(self, broker: RabbitmqBroker) -> bool:
        try:
            declared = broker.channel.queue_declare(_QUEUE, passive=True)
        except (BrokerConnectionError, AMQPError):
            del broker.connection  # the next look makes a new one
            return False
        return bool(declared.method.consumer_count)

    def worker(self, threads: int) -> Worker:
        """A worker of this process; the caller starts and stops it."""
        if isinstance(self.broker, RedisBroker):
            # A page must not wait for a frozen Redis; a worker has nothing better to do.
            self.broker.client.connection_pool.connection_kwargs["socket_timeout"] = 5
        return Worker(self.broker, worker_threads=threads, worker_timeout=500)


def _broker(url: str | None) -> dramatiq.Broker:
    # No TimeLimit: it stops a thread in the middle of a call, which makes outcomes unknown.
    middleware = [AgeLimit(), ShutdownNotifications(), Callbacks(), Pipelines(), Retries()]
    if url is None:
        return StubBroker(middleware=middleware)
    if url.startswith(("amqp://", "amqps://")):
        # A page must not wait for a server that is away: the row is found by a sweep.
        bounded = {"socket_timeout": 2, "connection_attempts": 1, "blocked_connection_timeout": 5}
        address = f"{url}{'&' if '?' in url else '?'}{urlencode(bounded)}"
        return RabbitmqBroker(url=address, middleware=middleware)
    client = redis.Redis.from_url(
        url,
        socket_timeout=CALL_SECONDS,
        socket_connect_timeout=CALL_SECONDS,
        retry=Retry(NoBackoff(), 0),
    )
    return RedisBroker(
        client=client,
        middleware=middleware,
        heartbeat_timeout=_HEARTBEAT_MS,
        maintenance_chance=_LOOKING,
    )
