"""A platform that answers what a test tells it to, over real HTTP."""

import json
import socket
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from bot.client import Client
from bot.gateway import Gateway
from bot.tokens import Cache, Tokens
from bot.transport import Transport

APP_ID, SECRET = "wx5823bf96d3bd56c7", "s3cr3t-s3cr3t-s3cr3t-s3cr3t-s3cr"
TOKEN, MASS, MENU = (
    f"/cgi-bin/{name}" for name in ("stable_token", "message/mass/send", "menu/get")
)


@dataclass(frozen=True)
class Call:
    """One request that arrived."""

    method: str
    path: str
    query: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body read as JSON."""
        return json.loads(self.body)


@dataclass(frozen=True)
class Page:
    """An answer that is not plain JSON with status 200."""

    body: bytes = b""
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()


class Hang:
    """No answer at all."""


class Reset:
    """The connection is cut after the request was read."""


Answer = dict[str, Any] | bytes | Page | type[Hang] | type[Reset]


@dataclass
class Platform:
    """Answers by path: the scripted ones in their order, and the last of them for ever."""

    url: str = ""
    calls: list[Call] = field(default_factory=list)
    scripts: dict[str, list[Answer]] = field(default_factory=lambda: defaultdict(list))
    over: threading.Event = field(default_factory=threading.Event)

    def will(self, path: str, *answers: Answer) -> None:
        """Script the answers of a path."""
        self.scripts[path] = list(answers)

    def count(self, path: str) -> int:
        """How often a path was called."""
        return sum(call.path == path for call in self.calls)

    def last(self, path: str) -> Call:
        """The last call of a path."""
        return [call for call in self.calls if call.path == path][-1]

    def tokens(self, cache: Cache | None = None) -> Tokens:
        """The tokens of one process."""
        return Tokens(Transport(self.url), APP_ID, SECRET, cache)

    def gateway(self, cache: Cache | None = None) -> Gateway:
        """The gateway of one process."""
        return Gateway(Client(APP_ID, self.tokens(cache), Transport(self.url)))

    def next_answer(self, path: str) -> Answer:
        """What this call gets."""
        script = self.scripts[path]
        if not script:
            return {"errcode": 0, "errmsg": "ok"}
        return script.pop(0) if len(script) > 1 else script[0]


class _Server(ThreadingHTTPServer):
    # Whoever finds the queue of connections full tries again only after a second.
    request_queue_size = 256


def token(text: str = "T1", seconds: int = 7200) -> dict[str, Any]:
    """A good answer of the token endpoint."""
    return {"access_token": text, "expires_in": seconds}


@contextmanager
def open_platform() -> Iterator[Platform]:
    """A platform on a thread, which hands out the token T1."""
    platform = Platform()
    platform.will(TOKEN, token())
    server = _Server(("127.0.0.1", 0), _handler(platform))
    platform.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield platform
    finally:
        platform.over.set()
        server.shutdown()
        server.server_close()
        thread.join(5)


def _handler(platform: Platform) -> Callable[..., BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_args: object) -> None:
            """Quiet."""

        def answer(self) -> None:
            parts = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            query = dict(parse_qsl(parts.query, keep_blank_values=True))
            platform.calls.append(Call(self.command, parts.path, query, body))
            answer = platform.next_answer(parts.path)
            if answer is Hang:
                platform.over.wait(10)
            elif answer is Reset:
                self.connection.shutdown(socket.SHUT_RDWR)
            else:
                assert not isinstance(answer, type)
                self.send(answer)

        do_GET = do_POST = answer

        def send(self, answer: dict[str, Any] | bytes | Page) -> None:
            if isinstance(answer, dict):
                answer = json.dumps(answer, ensure_ascii=False).encode()
            page = answer if isinstance(answer, Page) else Page(answer)
            self.send_response(page.status)
            for name, value in page.headers:
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(page.body)))
            self.end_headers()
            self.wfile.write(page.body)

    return Handler
