"""What the emulator's tests stand on: an emulator without a socket, and a callback to post to."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from xml.etree import ElementTree

from emulator.app import create_app
from emulator.platform import Platform
from emulator.settings import Settings
from emulator.state import User

PROGRESS = "weiting-progress-000000000000000000000000001"
CHECKIN = "weiting-checkin-0000000000000000000000000004"


class Wechat:
    """An emulator in this process, spoken to as the product would."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.app = create_app(settings)
        self.client = self.app.test_client()
        self.platform: Platform = self.app.extensions["platform"]
        self._token = ""

    def control(self, path: str, **body: Any) -> Any:
        """POST /control/…"""
        return self.client.post(f"/control/{path}", json=body).get_json()

    def read(self, path: str, **query: Any) -> Any:
        """GET /control/…"""
        return self.client.get(f"/control/{path}", query_string=query).get_json()

    def ask_token(self, **changes: str) -> dict[str, Any]:
        """GET /cgi-bin/token"""
        query = {
            "grant_type": "client_credential",
            "appid": self.settings.app_id,
            "secret": self.settings.app_secret,
        }
        return self.get_raw("/cgi-bin/token", **query | changes)

    def ask_stable(self, *, force: bool = False) -> dict[str, Any]:
        """POST /cgi-bin/stable_token"""
        body = {
            "grant_type": "client_credential",
            "appid": self.settings.app_id,
            "secret": self.settings.app_secret,
            "force_refresh": force,
        }
        answer: dict[str, Any] = self.client.post("/cgi-bin/stable_token", json=body).get_json()
        return answer

    def get_raw(self, path: str, **query: str) -> dict[str, Any]:
        """GET without adding a token."""
        return read_json(self.client.get(path, query_string=query).data)

    def errcode(self, token: str) -> int:
        """What a harmless call with this token is answered."""
        answer = self.get_raw("/cgi-bin/getcallbackip", access_token=token)
        return int(answer.get("errcode", 0))

    @property
    def token(self) -> str:
        """A token that works at this moment."""
        self._token = str(self.ask_stable()["access_token"])
        return self._token

    def get(self, path: str, **query: str) -> dict[str, Any]:
        """GET an API with a token."""
        return self.get_raw(path, access_token=self.token, **query)

    def call(self, path: str, **body: Any) -> dict[str, Any]:
        """POST raw UTF-8 JSON to an API with a token."""
        content = json.dumps(body, ensure_ascii=False).encode()
        return self.post_bytes(path, content)

    def post_bytes(self, path: str, content: bytes) -> dict[str, Any]:
        """POST these bytes to an API with a token."""
        query = {"access_token": self.token}
        return read_json(self.client.post(path, query_string=query, data=content).data)

    def add_follower(self, nickname: str = "小李", **more: Any) -> User:
        """A user who follows."""
        openid = self.control("users", nickname=nickname, **more)["openid"]
        self.control("follow", openid=openid)
        return self.platform.state.users[openid]

    def advance(self, seconds: float) -> None:
        """Time goes by."""
        self.control("clock", advance_seconds=seconds)


def read_json(content: bytes) -> dict[str, Any]:
    """The answer's object."""
    answer = json.loads(content.decode("utf-8"))
    assert isinstance(answer, dict)
    return answer


@contextmanager
def open_wechat(**options: Any) -> Iterator[Wechat]:
    """An emulator with short waits."""
    quick: dict[str, Any] = {
        "delivery_timeout_seconds": 0.25,
        "retry_pause_seconds": 0.01,
        "job_delay_seconds": 0.01,
        "long_poll_seconds": 0.5,
        "mode": "plain",
    }
    wechat = Wechat(Settings(**quick | options))
    try:
        yield wechat
    finally:
        wechat.platform.close()


@dataclass
class Received:
    """One request that reached the callback."""

    query: dict[str, str]
    body: bytes

    @property
    def xml(self) -> dict[str, str]:
        """The elements of the body."""
        return {each.tag: each.text or "" for each in ElementTree.fromstring(self.body)}


Answering = Callable[[Received], bytes]


@dataclass
class Callback:
    """A callback on loopback: `answer` makes the body, `status` and `delay` may be set."""

    url: str
    answer: Answering = lambda _received: b"success"
    status: int = 200
    delay: float = 0.0
    received: list[Received] = field(default_factory=list)


def reply_text(received: Received, content: str) -> bytes:
    """A plain text reply to a plain push."""
    return (
        f"<xml><ToUserName><![CDATA[{received.xml['FromUserName']}]]></ToUserName>"
        f"<FromUserName><![CDATA[{received.xml['ToUserName']}]]></FromUserName>"
        f"<CreateTime>{int(time.time())}</CreateTime><MsgType><![CDATA[text]]></MsgType>"
        f"<Content><![CDATA[{content}]]></Content></xml>"
    ).encode()


@contextmanager
def open_callback() -> Iterator[Callback]:
    """A callback server on a thread."""

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_args: object) -> None:
            """Quiet."""

        def do_GET(self) -> None:
            query = dict(parse_qsl(urlsplit(self.path).query))
            self.send(200, query.get("echostr", "page").encode())

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            received = Received(dict(parse_qsl(urlsplit(self.path).query)), body)
            callback.received.append(received)
            time.sleep(callback.delay)
            self.send(callback.status, callback.answer(received))

        def send(self, status: int, body: bytes) -> None:
            try:
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
            except OSError:
                pass  # the emulator hung up after its time limit, which is what is tested

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    callback = Callback(f"http://127.0.0.1:{server.server_port}/wechat")
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield callback
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
