"""Redis, bounded: it makes things fast and shared, it is never the truth."""

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

CALL_SECONDS = 0.3


def connect(url: str) -> redis.Redis:
    """A client whose every call answers or fails within 0.3 s.

    redis-py repeats failed calls by default: a dead server then costs 3 to 7 seconds a call, and
    WeChat gives the webhook five.
    """
    return redis.Redis.from_url(
        url,
        socket_timeout=CALL_SECONDS,
        socket_connect_timeout=CALL_SECONDS,
        retry=Retry(NoBackoff(), 0),
        decode_responses=True,
    )
