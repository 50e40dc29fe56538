"""Many sends at once over one thread: libcurl's multi interface, on our strict reading of answers.

A send by `requests` costs some 430 us of CPU, so blocking threads end near 2,300 a second; here
it costs a tenth (`python -m bench.push`). Three things of libcurl are guarded:

- When a kept connection was closed without an answer it sends the request again by itself,
  although it may have been carried out. The body is handed over so that it cannot be rewound:
  libcurl gives up instead, and the outcome is `unknown`.
- Its `select` ends at 1,024 sockets; the system's own selector does not.
- It is bounded in time and size, and follows nothing.
"""

import json
import selectors
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any, Protocol
from urllib.parse import urlencode

import certifi
import pycurl

from bot import transport, verdicts
from bot.reactions import Reaction, reaction_to
from bot.tokens import TokenRefused, Tokens
from bot.transport import errcode_of, read_object
from kernel.metrics import GATEWAY_CALLS
from kernel.outcomes import Outcome

PATHS = {
    "customer": "/cgi-bin/message/custom/send",
    "template": "/cgi-bin/message/template/send",
    "notice": "/cgi-bin/message/subscribe/bizsend",
}
_MOST_BYTES = 65_536
# Before a connection stood nothing can have been done.
_NOT_SENT = {
    pycurl.E_COULDNT_CONNECT,
    pycurl.E_COULDNT_RESOLVE_HOST,
    pycurl.E_COULDNT_RESOLVE_PROXY,
    pycurl.E_SSL_CONNECT_ERROR,
    pycurl.E_PEER_FAILED_VERIFICATION,
}
_EVENTS = {
    pycurl.POLL_IN: selectors.EVENT_READ,
    pycurl.POLL_OUT: selectors.EVENT_WRITE,
    pycurl.POLL_INOUT: selectors.EVENT_READ | selectors.EVENT_WRITE,
}


class Outgoing(Protocol):
    """One message to one openid."""

    @property
    def delivery_id(self) -> int: ...
    @property
    def channel(self) -> str: ...
    @property
    def to(self) -> str: ...
    @property
    def body(self) -> dict[str, Any]: ...


@dataclass
class _Flight:
    """A call in the air, and the handle that carries it."""

    key: int
    path: str
    raw: bytes
    token: str
    handle: Any
    answer: BytesIO = field(default_factory=BytesIO)
    repeated: bool = False


class Fleet:
    """Calls in flight of one thread; `note` is told of each that was refused or left unclear."""

    def __init__(self, base: str, tokens: Tokens, note: Callable[[str, str], object]) -> None:
        self._base, self._tokens, self._note = base, tokens, note
        self._selector = selectors.DefaultSelector()
        self._multi = pycurl.CurlMulti()
        self._multi.setopt(pycurl.M_SOCKETFUNCTION, self._watch)
        self._multi.setopt(pycurl.M_TIMERFUNCTION, self._wake)
        self._multi.setopt(pycurl.M_MAXCONNECTS, 1_024)
        self._timer: float | None = None
        self._idle: list[Any] = []
        self._flying: dict[Any, _Flight] = {}
        self._landed: list[tuple[int, Outcome]] = []

    def submit(self, calls: Iterable[Outgoing]) -> None:
        """Begin these calls; what surely cannot leave has landed at once."""
        try:
            token = self._tokens.current()
        except TokenRefused:
            self._landed += [
                (call.delivery_id, Outcome("again", "TokenRefused")) for call in calls
            ]
            return
        for call in calls:
            whole = {"touser": call.to, **call.body}
            # Raw UTF-8: escapes such as \u4f60 are refused (40033) or shown as they are.
            raw = json.dumps(whole, ensure_ascii=False, separators=(",", ":")).encode()
            handle = self._idle.pop() if self._idle else self._new_handle()
            self._begin(_Flight(call.delivery_id, PATHS[call.channel], raw, token, handle))

    def collect(self, seconds: float) -> list[tuple[int, Outcome]]:
        """What has landed; waits for the first so long."""
        until = time.monotonic() + seconds
        while True:
            self._turn(until if not self._landed else 0.0)
            if self._landed or not self._flying or time.monotonic() >= until:
                landed, self._landed = self._landed, []
                return landed

    def close(self) -> None:
        """Close all connections, and free what libcurl holds at once.

        Left to the collector, the handles of many lanes would pile up: each holds on to this
        object, and this object to each.
        """
        for handle in self._flying:
            self._multi.remove_handle(handle)
        for handle in (*self._flying, *self._idle):
            handle.close()
        self._flying.clear()
        self._idle.clear()
        self._multi.close()
        self._selector.close()

    def _new_handle(self) -> Any:
        handle = pycurl.Curl()
        connect, read = transport.TIMEOUT_SECONDS
        for option, value in (
            (pycurl.POST, 1),
            (pycurl.HTTPHEADER, ["Content-Type: application/json; charset=utf-8", "Expect:"]),
            (pycurl.CONNECTTIMEOUT_MS, int(connect * 1000)),
            (pycurl.TIMEOUT_MS, int((connect + read) * 1000)),
            (pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_1_1),
            (pycurl.MAXFILESIZE, _MOST_BYTES),
            (pycurl.FOLLOWLOCATION, 0),
            (pycurl.NOSIGNAL, 1),
            (pycurl.CAINFO, certifi.where()),
            (pycurl.SEEKFUNCTION, lambda *_: pycurl.SEEKFUNC_FAIL),
        ):
            handle.setopt(option, value)
        return handle

    def _begin(self, flight: _Flight) -> None:
        flight.answer = BytesIO()
        query = urlencode({"access_token": flight.token})
        handle = flight.handle
        handle.setopt(pycurl.URL, f"{self._base}{flight.path}?{query}")
        handle.setopt(pycurl.POSTFIELDSIZE, len(flight.raw))
        handle.setopt(pycurl.READFUNCTION, BytesIO(flight.raw).read)
        handle.setopt(pycurl.WRITEFUNCTION, flight.answer.write)
        self._flying[handle] = flight
        self._multi.add_handle(handle)

    def _watch(self, event: int, descriptor: int, _multi: Any, _data: Any) -> None:
        known = descriptor in self._selector.get_map()
        if event == pycurl.POLL_REMOVE:
            if known:
                self._selector.unregister(descriptor)
        elif known:
            self._selector.modify(descriptor, _EVENTS[event])
        else:
            self._selector.register(descriptor, _EVENTS[event])

    def _wake(self, milliseconds: int) -> None:
        self._timer = None if milliseconds < 0 else time.monotonic() + milliseconds / 1000

    def _turn(self, until: float) -> None:
        """Wait for sockets or libcurl's timer, let libcurl work, take in what has ended."""
        now = time.monotonic()
        due = until if self._timer is None else min(until, self._timer)
        wait = max(0.0, due - now)
        ready = self._selector.select(wait) if self._selector.get_map() else ()
        if not ready and not self._selector.get_map() and wait and self._timer is None:
            time.sleep(min(wait, 0.01))
        for key, mask in ready:
            bits = (mask & selectors.EVENT_READ and pycurl.CSELECT_IN) | (
                mask & selectors.EVENT_WRITE and pycurl.CSELECT_OUT
            )
            self._multi.socket_action(key.fd, bits)
        if self._timer is not None and time.monotonic() >= self._timer:
            self._timer = None
            self._multi.socket_action(pycurl.SOCKET_TIMEOUT, 0)
        self._land()

    def _land(self) -> None:
        left = 1
        while left:
            left, ended, broken = self._multi.info_read()
            for handle in ended:
                self._answered(self._take(handle))
            for handle, code, _words in broken:
                self._lost(self._take(handle), code)

    def _take(self, handle: Any) -> _Flight:
        self._multi.remove_handle(handle)
        return self._flying.pop(handle)

    def _answered(self, flight: _Flight) -> None:
        status = flight.handle.getinfo(pycurl.RESPONSE_CODE)
        answer = read_object(flight.answer.getvalue()) if status == 200 else None
        code = None if answer is None else errcode_of(answer.get("errcode", 0))
        GATEWAY_CALLS.labels(flight.path, "unclear" if code is None else str(code)).inc()
        if answer is None or code is None:
            what = f"HTTP {status}" if status != 200 else "no JSON"
            self._ends(flight, Outcome("unknown", what), "OutcomeUnknown")
        elif code == 0:
            self._ends(flight, verdicts.taken(answer))
        elif reaction_to(code) is Reaction.REFRESH and not flight.repeated:
            self._again(flight)
        else:
            self._ends(flight, verdicts.refused(code, answer), str(code))

    def _again(self, flight: _Flight) -> None:
        # Refused before anything was done, so the one repeat cannot double an effect.
        try:
            flight.token = self._tokens.renew(flight.token)
        except TokenRefused:
            self._ends(flight, Outcome("again", "TokenRefused"), "TokenRefused")
            return
        flight.repeated = True
        self._begin(flight)

    def _lost(self, flight: _Flight, code: int) -> None:
        early = code == pycurl.E_OPERATION_TIMEDOUT and not flight.handle.getinfo(
            pycurl.REQUEST_SIZE
        )
        if code in _NOT_SENT or early:
            self._ends(flight, Outcome("again", "Unreachable"), "Unreachable")
        else:
            what = "timeout" if code == pycurl.E_OPERATION_TIMEDOUT else "connection lost"
            self._ends(flight, Outcome("unknown", what), "OutcomeUnknown")

    def _ends(self, flight: _Flight, outcome: Outcome, noted: str = "") -> None:
        if noted:
            self._note(flight.path, noted)
        self._idle.append(flight.handle)
        self._landed.append((flight.key, outcome))
