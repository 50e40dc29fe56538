"""A load generator: pre-built requests over keep-alive connections, latencies kept."""

import asyncio
import time
from dataclasses import dataclass


@dataclass(frozen=True)
class Result:
    """What a run measured; seconds and milliseconds."""

    requests: int
    failed: int
    seconds: float
    p50_ms: float
    p99_ms: float

    @property
    def per_second(self) -> float:
        """Requests a second."""
        return self.requests / self.seconds


class _Connection(asyncio.Protocol):
    """Sends the next request as soon as the last one is answered."""

    def __init__(self, work: "_Work") -> None:
        self._work = work
        self._buffer = b""
        self._began = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._next()

    def _next(self) -> None:
        request = next(self._work.requests, None)
        if request is None:
            self._transport.close()
            return
        self._began = time.perf_counter()
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, found, body = self._buffer.partition(b"\r\n\r\n")
        if not found:
            return
        length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        if len(body) < length:
            return
        self._buffer = body[length:]
        self._work.latencies.append(time.perf_counter() - self._began)
        self._work.failed += not (head.startswith(b"HTTP/1.1 200") and length > 20)
        self._next()

    def connection_lost(self, _error: Exception | None) -> None:
        self._work.open -= 1
        if not self._work.open:
            self._work.done.set()


class _Work:
    def __init__(self, requests: list[bytes], connections: int) -> None:
        self.requests = iter(requests)
        self.latencies: list[float] = []
        self.failed = 0
        self.open = connections
        self.done = asyncio.Event()


async def _run(port: int, requests: list[bytes], connections: int) -> Result:
    loop = asyncio.get_running_loop()
    work = _Work(requests, connections)
    began = time.perf_counter()
    for _ in range(connections):
        await loop.create_connection(lambda: _Connection(work), "127.0.0.1", port)
    await work.done.wait()
    seconds = time.perf_counter() - began
    ordered = sorted(work.latencies)
    return Result(
        len(ordered),
        work.failed,
        seconds,
        ordered[len(ordered) // 2] * 1000,
        ordered[int(len(ordered) * 0.99)] * 1000,
    )


def run(port: int, requests: list[bytes], connections: int = 64) -> Result:
    """Send every request once over that many connections to a loopback port."""
    return asyncio.run(_run(port, requests, connections))


def post(path: str, body: str) -> bytes:
    """The bytes of a POST."""
    raw = body.encode()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: text/xml\r\n"
        f"Content-Length: {len(raw)}\r\nConnection: keep-alive\r\n\r\n"
    )
    return head.encode() + raw
