"""A local WeChat that takes every message after so many milliseconds, and can count the arrivals.

A process of its own, as plain as asyncio allows, so that the clients are what is measured.
"""

import asyncio
import itertools
import json
import multiprocessing
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_TOKEN = b'{"access_token":"t0k3n","expires_in":7200}'
_NUMBERS = itertools.count(1)


_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
_TICK = 0.001


class _Desk:
    """Answers to be given when their time has come: all wait alike, so the first is due first."""

    def __init__(self, delay: float) -> None:
        self.delay = delay
        self.arrivals: list[float] = []
        self._due: deque[tuple[float, Any, bytes]] = deque()

    def give(self, out: Any, body: bytes) -> None:
        """Answer after the delay."""
        answer = _HEAD % len(body) + body
        if not self.delay:
            out.write(answer)
            return
        if not self._due:
            asyncio.get_running_loop().call_later(self.delay, self._tick)
        self._due.append((time.monotonic() + self.delay, out, answer))

    def _tick(self) -> None:
        # One timer for all: a timer for each answer would cost as much as the answer.
        now = time.monotonic()
        while self._due and self._due[0][0] <= now:
            _, out, answer = self._due.popleft()
            out.write(answer)
        if self._due:
            asyncio.get_running_loop().call_later(_TICK, self._tick)


class _Line(asyncio.Protocol):
    """One keep-alive connection."""

    def __init__(self, desk: _Desk) -> None:
        self._desk = desk
        self._buffer = b""
        self._out: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._out = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            head = self._buffer[:end].lower()
            at = head.find(b"content-length:")
            length = int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
            if len(self._buffer) < end + 4 + length:
                return
            path = self._buffer[: self._buffer.find(b"\r\n")].split(b" ")[1]
            self._buffer = self._buffer[end + 4 + length :]
            self._take(path)

    def _take(self, path: bytes) -> None:
        arrivals = self._desk.arrivals
        if b"token" in path.split(b"?")[0]:
            self._out.write(_HEAD % len(_TOKEN) + _TOKEN)
        elif path == b"/arrivals":
            told = json.dumps(arrivals).encode()
            self._out.write(_HEAD % len(told) + told)
            arrivals.clear()
        else:
            arrivals.append(time.time())
            body = b'{"errcode":0,"errmsg":"ok","msgid":%d}' % next(_NUMBERS)
            self._desk.give(self._out, body)


def _serve(delay: float, pipe: Any) -> None:
    async def run() -> None:
        desk = _Desk(delay)
        server = await asyncio.get_running_loop().create_server(
            lambda: _Line(desk), "127.0.0.1", 0, backlog=2048
        )
        pipe.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(run())


@contextmanager
def answering(milliseconds: int) -> Iterator[str]:
    """The address of a stub that answers after so long."""
    ours, theirs = multiprocessing.get_context("spawn").Pipe()
    context = multiprocessing.get_context("spawn")
    process = context.Process(target=_serve, args=(milliseconds / 1000, theirs), daemon=True)
    process.start()
    try:
        yield f"http://127.0.0.1:{ours.recv()}"
    finally:
        process.kill()
        process.join()
