"""How the connection to WeChat is doing: the token that is shared, and the last refusals.

Kept in Redis, for people to look at and nothing else: lost with it, nothing is wrong.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import redis

from bot.tokens import key_of

_KEPT = 10
_CODE = 20
_PATH = 80


@dataclass(frozen=True)
class Fault:
    """A call that WeChat refused (`code` is its errcode), or that had no clear answer."""

    path: str
    code: str
    at: datetime


@dataclass(frozen=True)
class Condition:
    """`token_seconds`: how long the shared token is still used; None when there is none.

    `known` is False while Redis is away.
    """

    known: bool = False
    token_seconds: int | None = None
    faults: tuple[Fault, ...] = ()


class Vitals:
    """Notes what goes wrong and tells it; `store` is Redis or anything that fits."""

    def __init__(self, store: Any, app_id: str, now: Callable[[], datetime]) -> None:
        self._store = store
        self._token = key_of(app_id)
        self._faults = f"weiting:faults:{app_id}"
        self._now = now

    def note(self, path: str, code: str) -> None:
        """Keep a refusal beside the last few; never fails."""
        said = json.dumps([path[:_PATH], code[:_CODE], self._now().isoformat()])
        try:
            self._store.lpush(self._faults, said)
            self._store.ltrim(self._faults, 0, _KEPT - 1)
        except redis.RedisError:
            return

    def look(self) -> Condition:
        """The condition as Redis knows it."""
        try:
            seconds = int(self._store.ttl(self._token))
            said = self._store.lrange(self._faults, 0, _KEPT - 1)
        except (redis.RedisError, TypeError, ValueError):
            return Condition()
        return Condition(
            known=True,
            token_seconds=seconds if seconds >= 0 else None,
            faults=tuple(found for one in said if (found := _read(one)) is not None),
        )


def _read(said: str) -> Fault | None:
    try:
        path, code, at = json.loads(said)
        return Fault(str(path), str(code), datetime.fromisoformat(at))
    except (ValueError, TypeError):
        return None
