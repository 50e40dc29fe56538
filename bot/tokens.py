"""The access token: `stable_token` in normal mode, one copy for all processes.

Normal mode hands the same token to everybody, and an old one works for 5 minutes beside the new,
so no lock is needed and no process can spoil another's token
(developers.weixin.qq.com/doc/service/api/base/api_getstableaccesstoken).
"""

import threading
import time
from collections.abc import Mapping
from typing import Any, Protocol

import redis
import structlog

from bot.transport import GatewayError, OutcomeUnknown, Transport, Unreachable

log = structlog.get_logger(__name__)

# A token is renewed while the platform still takes the old one.
_EARLY_SECONDS = 300
_BREAK_AFTER = 5
_BREAK_SECONDS = 60.0


class TokenRefused(Exception):
    """No token is to be had now: wrong secret, address not allowed, or WeChat is away."""


def key_of(app_id: str) -> str:
    """Where the processes share the token of an account."""
    return f"weiting:token:{app_id}"


class Cache(Protocol):
    """The part of Redis that is used; anything else may be passed in tests."""

    def get(self, name: str) -> Any: ...

    def set(self, name: str, value: str, ex: int) -> Any: ...


class Tokens:
    """Hands out the token of one account. Safe to share between threads."""

    def __init__(
        self, transport: Transport, app_id: str, secret: str, cache: Cache | None
    ) -> None:
        self._transport = transport
        self._credentials = {"appid": app_id, "secret": secret}
        self._cache = cache
        self._name = key_of(app_id)
        self._lock = threading.Lock()
        self._held: tuple[str, float] | None = None
        self._failures = 0
        self._closed_until = 0.0

    def current(self) -> str:
        """A token that should be good. Raises TokenRefused."""
        held = self._held
        if held is not None and time.monotonic() < held[1]:
            return held[0]
        with self._lock:
            if self._held is not None and time.monotonic() < self._held[1]:
                return self._held[0]
            return self._from_cache() or self._fetch()

    def renew(self, refused: str) -> str:
        """Another token than the one that WeChat refused. Raises TokenRefused.

        Only the refused token is given up: a fresh one that another process has put there stays.
        """
        with self._lock:
            if self._held is not None and self._held[0] != refused:
                return self._held[0]
            self._held = None
            shared = self._from_cache()
            if shared is not None and shared != refused:
                return shared
            self._held = None
            return self._fetch()

    def _from_cache(self) -> str | None:
        try:
            shared = self._cache.get(self._name) if self._cache else None
        except redis.RedisError:
            return None  # slower, not wrong: normal mode answers everybody the same token
        if not isinstance(shared, str):
            return None
        self._held = (shared, time.monotonic() + 60)
        return shared

    def _fetch(self) -> str:
        if time.monotonic() < self._closed_until:
            raise TokenRefused("too many failures, waiting")
        body = {"grant_type": "client_credential", "force_refresh": False, **self._credentials}
        try:
            answer = self._transport.post("/cgi-bin/stable_token", {}, body)
            token, seconds = _read(answer)
        except (GatewayError, Unreachable, OutcomeUnknown) as error:
            self._count_failure(error)
            raise TokenRefused(type(error).__name__) from None
        self._failures = 0
        usable = max(60, seconds - _EARLY_SECONDS)
        self._held = (token, time.monotonic() + min(usable, 240))
        self._share(token, usable)
        return token

    def _count_failure(self, error: Exception) -> None:
        self._failures += 1
        if self._failures >= _BREAK_AFTER:
            self._closed_until = time.monotonic() + _BREAK_SECONDS
            self._failures = 0
        # The message of a GatewayError names our address when it is not allowed (40164).
        log.error("token_refused", error=type(error).__name__, answer=str(error)[:200])

    def _share(self, token: str, seconds: int) -> None:
        try:
            if self._cache:
                self._cache.set(self._name, token, ex=seconds)
        except redis.RedisError:
            log.warning("token_not_shared")


def _read(answer: Mapping[str, Any]) -> tuple[str, int]:
    token, seconds = answer.get("access_token"), answer.get("expires_in")
    if not isinstance(token, str) or not token or not isinstance(seconds, int):
        raise OutcomeUnknown("no token in the answer")
    return token, seconds
