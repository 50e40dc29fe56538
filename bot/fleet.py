"""Many sends at once over one thread: libcurl's multi interface, on our strict reading of answers.

A send by `requests` costs some 430 us of CPU, so blocking threads end near 2,300 a second; here
it costs a tenth (`python -m bench.push`). Three things of libcurl are guarded:

- When a kept connection was closed without an answer it sends the request again by itself,
  although it may have been carried out. The body is handed over so that it cannot be rewound:
  libcurl gives up instead, and the outcome is `unknown`.
- Its `select` ends at 1,024 sockets; the system's own selector does not.
- It is bounded in time and size, and follows nothing.
"""

import select
import time
from collections import Counter
from collections.abc import Callable, Iterable
from io import BytesIO
from typing import Any, Protocol
from urllib.parse import urlencode

import certifi
import pycurl
from pydantic_core import to_json

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
    pycurl.POLL_IN: select.POLLIN,
    pycurl.POLL_OUT: select.POLLOUT,
    pycurl.POLL_INOUT: select.POLLIN | select.POLLOUT,
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


class _Line:
    """A handle of libcurl, used again and again, and the call that it carries now."""

    __slots__ = ("answer", "handle", "key", "path", "raw", "repeated", "token", "url")

    def __init__(self, handle: Any) -> None:
        self.handle = handle
        self.answer = bytearray()
        self.url = ""
        self.key, self.path, self.token, self.raw = 0, "", "", b""
        self.repeated = False
        handle.setopt(pycurl.WRITEFUNCTION, self.answer.extend)

    def load(self, url: str) -> None:
        """Make the handle ready to carry `raw` to `url`."""
        handle = self.handle
        self.answer.clear()
        if url != self.url:
            handle.setopt(pycurl.URL, url)
            self.url = url
        handle.setopt(pycurl.POSTFIELDSIZE, len(self.raw))
        handle.setopt(pycurl.READFUNCTION, BytesIO(self.raw).read)


class Fleet:
    """Calls in line of one thread; `note` is told of each that was refused or left unclear."""

    def __init__(self, base: str, tokens: Tokens, note: Callable[[str, str], object]) -> None:
        self._base, self._tokens, self._note = base, tokens, note
        # poll(2), not epoll: libcurl asks for a socket anew with each call, and here that costs
        # no system call; it knows no bound either, unlike libcurl's own select.
        self._poll = select.poll()
        self._multi = pycurl.CurlMulti()
        self._multi.setopt(pycurl.M_SOCKETFUNCTION, self._watch)
        self._multi.setopt(pycurl.M_TIMERFUNCTION, self._wake)
        self._multi.setopt(pycurl.M_MAXCONNECTS, 1_024)
        self._timer: float | None = None
        self._urls: dict[tuple[str, str], str] = {}
        self._idle: list[_Line] = []
        self._flying: dict[Any, _Line] = {}
        self._landed: list[tuple[int, Outcome]] = []
        self._codes: Counter[tuple[str, str]] = Counter()

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
            line = self._idle.pop() if self._idle else _Line(_new_handle())
            line.key, line.path, line.repeated = call.delivery_id, PATHS[call.channel], False
            # Raw UTF-8: escapes such as \u4f60 are refused (40033) or shown as they are.
            line.raw = to_json({"touser": call.to, **call.body})
            self._begin(line, token)

    def collect(self, seconds: float) -> list[tuple[int, Outcome]]:
        """What has landed; waits for the first so long."""
        until = time.monotonic() + seconds
        while True:
            self._turn(until if not self._landed else 0.0)
            if self._landed or not self._flying or time.monotonic() >= until:
                landed, self._landed = self._landed, []
                self._count()
                return landed

    def close(self) -> None:
        """Close all connections, and free what libcurl holds at once.

        Left to the collector, the handles of many lanes would pile up: each holds on to this
        object, and this object to each.
        """
        for line in self._flying.values():
            self._multi.remove_handle(line.handle)
        for line in (*self._flying.values(), *self._idle):
            line.handle.close()
        self._flying.clear()
        self._idle.clear()
        self._multi.close()

    def _begin(self, line: "_Line", token: str) -> None:
        line.token = token
        url = self._urls.get((line.path, token))
        if url is None:
            query = urlencode({"access_token": token})
            url = self._urls[line.path, token] = f"{self._base}{line.path}?{query}"
        line.load(url)
        self._flying[line.handle] = line
        self._multi.add_handle(line.handle)

    def _watch(self, event: int, descriptor: int, _multi: Any, _data: Any) -> None:
        if event == pycurl.POLL_REMOVE:
            self._poll.unregister(descriptor)
        else:
            self._poll.register(descriptor, _EVENTS[event])

    def _wake(self, milliseconds: int) -> None:
        self._timer = None if milliseconds < 0 else time.monotonic() + milliseconds / 1000

    def _turn(self, until: float) -> None:
        """Wait for sockets or libcurl's timer, let libcurl work, take in what has ended."""
        due = until if self._timer is None else min(until, self._timer)
        wait = max(0.0, due - time.monotonic())
        for descriptor, mask in self._poll.poll(wait * 1000):
            # Of a socket that failed, reading tells how.
            bits = (mask & ~select.POLLOUT and pycurl.CSELECT_IN) | (
                mask & select.POLLOUT and pycurl.CSELECT_OUT
            )
            self._multi.socket_action(descriptor, bits)
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

    def _take(self, handle: Any) -> _Line:
        self._multi.remove_handle(handle)
        return self._flying.pop(handle)

    def _answered(self, line: _Line) -> None:
        status = line.handle.getinfo(pycurl.RESPONSE_CODE)
        answer = read_object(line.answer) if status == 200 else None
        code = None if answer is None else errcode_of(answer.get("errcode", 0))
        self._codes[line.path, "unclear" if code is None else str(code)] += 1
        if answer is None or code is None:
            what = f"HTTP {status}" if status != 200 else "no JSON"
            self._ends(line, Outcome("unknown", what), "OutcomeUnknown")
        elif code == 0:
            self._ends(line, verdicts.taken(answer))
        elif reaction_to(code) is Reaction.REFRESH and not line.repeated:
            self._again(line)
        else:
            self._ends(line, verdicts.refused(code, answer), str(code))

    def _again(self, line: _Line) -> None:
        # Refused before anything was done, so the one repeat cannot double an effect.
        try:
            token = self._tokens.renew(line.token)
        except TokenRefused:
            self._ends(line, Outcome("again", "TokenRefused"), "TokenRefused")
            return
        line.repeated = True
        self._begin(line, token)

    def _lost(self, line: _Line, code: int) -> None:
        early = code == pycurl.E_OPERATION_TIMEDOUT and not line.handle.getinfo(
            pycurl.REQUEST_SIZE
        )
        if code in _NOT_SENT or early:
            self._ends(line, Outcome("again", "Unreachable"), "Unreachable")
        else:
            what = "timeout" if code == pycurl.E_OPERATION_TIMEDOUT else "connection lost"
            self._ends(line, Outcome("unknown", what), "OutcomeUnknown")

    def _ends(self, line: _Line, outcome: Outcome, noted: str = "") -> None:
        if noted:
            self._note(line.path, noted)
        self._idle.append(line)
        self._landed.append((line.key, outcome))

    def _count(self) -> None:
        for (path, code), times in self._codes.items():
            GATEWAY_CALLS.labels(path, code).inc(times)
        self._codes.clear()


def _new_handle() -> Any:
    handle = pycurl.Curl()
    connect, read = transport.TIMEOUT_SECONDS
    for option, value in (
        (pycurl.POST, 1),
        (pycurl.HTTPHEADER, ["Content-Type: application/json; charset=utf-8", "Expect:"]),
        (pycurl.CONNECTTIMEOUT_MS, int(connect * 1000)),
        (pycurl.TIMEOUT_MS, int((connect + read) * 1000)),
        (pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_1_1),
        (pycurl.MAXFILESIZE, _MOST_BYTES),
        # The least that libcurl takes; by default each handle holds on to four times as much.
        (pycurl.UPLOAD_BUFFERSIZE, 16_384),
        (pycurl.FOLLOWLOCATION, 0),
        (pycurl.NOSIGNAL, 1),
        (pycurl.CAINFO, certifi.where()),
        (pycurl.SEEKFUNCTION, lambda *_: pycurl.SEEKFUNC_FAIL),
    ):
        handle.setopt(option, value)
    return handle
