"""Serves the emulator: quietly, many calls at once, ending cleanly when told to."""

import logging
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING

from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from emulator.app import create_app
from emulator.platform import Platform
from emulator.settings import Settings

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment


class QuietHandler(WSGIRequestHandler):
    """Writes no line per request; HTTP/1.1, so that SDKs keep their connections."""

    protocol_version = "HTTP/1.1"

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Nothing."""

    def connection_dropped(
        self,
        error: BaseException,  # noqa: ARG002 (werkzeug's signature)
        environ: "WSGIEnvironment | None" = None,  # noqa: ARG002
    ) -> None:
        """Do not wait for a next request on a connection that is gone."""
        self.close_connection = True


def open_server(settings: Settings) -> tuple[BaseWSGIServer, Platform]:
    """A bound server and its platform.

    Raises OSError when the port is taken, `UnusableStateFile` for a bad state file.
    """
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    # Bound by us: werkzeug would write advice and exit when the port is taken. And bound
    # first, so that a second emulator does not touch the state file of the first.
    with socket.create_server((settings.host, settings.port), family=family, backlog=256) as own:
        app = create_app(settings)
        server = make_server(
            settings.host,
            own.getsockname()[1],
            app,
            threaded=True,
            request_handler=QuietHandler,
            fd=own.fileno(),
        )
    platform: Platform = app.extensions["platform"]
    return server, platform


def serve(settings: Settings, announce: Callable[[], None]) -> None:
    """Serve until SIGTERM or SIGINT; `announce` is called once calls are answered."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server, platform = open_server(settings)

    def stop(_number: int, _frame: FrameType | None) -> None:
        # shutdown() waits for serve_forever, which runs on this very thread.
        threading.Thread(target=server.shutdown, daemon=True).start()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    announce()
    try:
        server.serve_forever(poll_interval=0.1)
    finally:
        server.server_close()
        platform.close()


@contextmanager
def run_in_thread(settings: Settings) -> Iterator[str]:
    """For tests: serve on a thread, yields the base URL (use port 0 for a free one)."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server, platform = open_server(settings)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http://{settings.host}:{server.port}"
    finally:
        server.shutdown()
        thread.join(5)
        server.server_close()
        platform.close()
