"""Faults on demand: what a network and a busy platform do to a caller.

Sits outside the Flask app as WSGI middleware, since some faults are no HTTP at all.
"""

import json
import secrets
import socket
import struct
import threading
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from emulator.errcodes import TEXTS

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

KINDS = ("errcode", "delay", "hang_after_acting", "garbage", "empty", "html_502", "reset")
BAD_GATEWAY = b"<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>"
NEVER_FAULTY = ("/control", "/phone", "/static", "/healthz")


@dataclass
class Fault:
    """One fault: `times` calls of `endpoint` ("*" = every API), each with `probability`.

    `act` makes errcode, garbage, empty, html_502 and reset perform the call first, so that
    only its answer is lost.
    """

    endpoint: str
    kind: str
    errcode: int = -1
    errmsg: str = ""
    seconds: float = 3.0
    times: int = 1
    probability: float = 1.0
    act: bool = False


class Faults:
    """The faults that are waiting to happen."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: list[Fault] = []

    def add(self, fault: Fault) -> None:
        with self._lock:
            self._waiting.append(fault)

    def clear(self) -> None:
        with self._lock:
            self._waiting.clear()

    def list_waiting(self) -> list[dict[str, Any]]:
        """The faults with the `times` still to come."""
        with self._lock:
            return [asdict(fault) for fault in self._waiting]

    def take(self, path: str) -> Fault | None:
        """The fault that hits this call, if any, one of its `times` used up."""
        if path.startswith(NEVER_FAULTY) or path == "/":
            return None
        with self._lock:
            for fault in self._waiting:
                if fault.endpoint in {path, "*"} and draw(fault.probability):
                    fault.times -= 1
                    if fault.times <= 0:
                        self._waiting.remove(fault)
                    return fault
        return None


def draw(probability: float) -> bool:
    """True as often as `probability` says."""
    return secrets.randbelow(1_000_000) < probability * 1_000_000


class FaultyWire:
    """The app behind a wire that misbehaves on demand."""

    def __init__(self, app: "WSGIApplication", faults: Faults) -> None:
        self._app = app
        self._faults = faults

    def __call__(self, environ: "WSGIEnvironment", start: "StartResponse") -> Iterable[bytes]:
        fault = self._faults.take(environ.get("PATH_INFO", ""))
        if fault is None:
            return self._app(environ, start)
        if fault.kind == "delay":
            time.sleep(fault.seconds)
            return self._app(environ, start)
        if fault.kind == "hang_after_acting":
            answer = self._app(environ, start)
            time.sleep(fault.seconds)
            return answer
        if fault.act:
            self._act_unheard(environ)
        else:
            drain_body(environ)
        return answer_badly(fault, environ, start)

    def _act_unheard(self, environ: "WSGIEnvironment") -> None:
        answer = self._app(environ, lambda *_args: lambda _data: None)
        close = getattr(answer, "close", None)
        if close:
            close()


def drain_body(environ: "WSGIEnvironment") -> None:
    """Read what the caller sends, or it would see a reset instead of our answer."""
    length = environ.get("CONTENT_LENGTH") or "0"
    if length.isdecimal():
        environ["wsgi.input"].read(int(length))


def answer_badly(
    fault: Fault, environ: "WSGIEnvironment", start: "StartResponse"
) -> Iterable[bytes]:
    """The answer of a fault that answers something else than the platform would."""
    if fault.kind == "reset":
        reset_connection(environ)
    status, mime, body = "200 OK", "application/json; encoding=utf-8", b""
    if fault.kind == "errcode":
        errmsg = fault.errmsg or TEXTS.get(fault.errcode, "error")
        body = json.dumps({"errcode": fault.errcode, "errmsg": errmsg}).encode()
    elif fault.kind == "garbage":
        body = b'{"errcode":0,"errm\xff\xfe\x00'
    elif fault.kind == "html_502":
        status, mime, body = "502 Bad Gateway", "text/html", BAD_GATEWAY
    start(status, [("Content-Type", mime), ("Content-Length", str(len(body)))])
    return [body]


def reset_connection(environ: "WSGIEnvironment") -> None:
    """Close the socket so that the caller sees ECONNRESET; raises ConnectionResetError."""
    connection = environ.get("werkzeug.socket")
    if isinstance(connection, socket.socket):
        # Lingering for 0 seconds sends RST instead of FIN.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()
    raise ConnectionResetError("reset on demand")
