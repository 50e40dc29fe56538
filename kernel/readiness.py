"""Whether what a hall stands on answers: the database, Redis, a scheduler that leads, a worker."""

import redis
import structlog
from sqlalchemy import text

from kernel import lease
from kernel.clock import Clock
from kernel.db import Database
from kernel.queue import Queue
from kernel.scheduler import LEASE

log = structlog.get_logger(__name__)


def look(database: Database, cache: redis.Redis, queue: Queue, clock: Clock) -> dict[str, bool]:
    """Each part by its name, and whether it answers now."""
    return {
        "database": _database_answers(database),
        "redis": _redis_answers(cache),
        "scheduler": _scheduler_leads(database, clock),
        "worker": queue.has_workers(),
    }


def _database_answers(database: Database) -> bool:
    try:
        database.read(lambda session: session.execute(text("SELECT 1")))
    except Exception:
        log.exception("database_unreachable")
        return False
    return True


def _redis_answers(cache: redis.Redis) -> bool:
    try:
        return bool(cache.ping())
    except redis.RedisError:
        return False


def _scheduler_leads(database: Database, clock: Clock) -> bool:
    try:
        return database.read(lambda session: lease.held(session, LEASE, clock.now()))
    except Exception:
        log.exception("lease_unreachable")
        return False
