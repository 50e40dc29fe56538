"""A local WeChat that takes every message after so many milliseconds, and can count the arrivals.

A process of its own, as plain as asyncio allows, so that the clients are what is measured.
"""

import asyncio
import itertools
import json
import multiprocessing
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_TOKEN = b'{"access_token":"t0k3n","expires_in":7200}'
_NUMBERS = itertools.count(1)


class _Line(asyncio.Protocol):
    """One keep-alive connection."""

    def __init__(self, delay: float, arrivals: list[float]) -> None:
        self._delay, self._arrivals = delay, arrivals
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
        if b"token" in path.split(b"?")[0]:
            self._answer(_TOKEN)
        elif path == b"/arrivals":
            self._answer(json.dumps(self._arrivals).encode())
            self._arrivals.clear()
        else:
            self._arrivals.append(time.time())
            body = b'{"errcode":0,"errmsg":"ok","msgid":%d}' % next(_NUMBERS)
            if self._delay:
                asyncio.get_running_loop().call_later(self._delay, self._answer, body)
            else:
                self._answer(body)

    def _answer(self, body: bytes) -> None:
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
        self._out.write(head % len(body) + body)


def _serve(delay: float, pipe: Any) -> None:
    async def run() -> None:
        arrivals: list[float] = []
        server = await asyncio.get_running_loop().create_server(
            lambda: _Line(delay, arrivals), "127.0.0.1", 0, backlog=2048
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
