"""A line to the database on which a COMMIT now and then arrives, but its answer does not."""

import contextlib
import multiprocessing
import random
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy.engine import make_url

from kernel.db import Database


@contextmanager
def losing(database: Database, share: float) -> Iterator[tuple[str, Any]]:
    """(the address through the line, how many answers it has eaten so far)."""
    url = make_url(database.engine.url.render_as_string(hide_password=False))
    context = multiprocessing.get_context("fork")
    eaten = context.Value("i", 0)
    listener = socket.create_server(("127.0.0.1", 0), backlog=64)
    port = listener.getsockname()[1]
    assert url.host
    assert url.port
    line = context.Process(
        target=_serve, args=(listener, (url.host, url.port), share, eaten), daemon=True
    )
    line.start()
    listener.close()
    try:
        shown = url.set(host="127.0.0.1", port=port)
        yield shown.render_as_string(hide_password=False), eaten
    finally:
        line.kill()
        line.join()


def _serve(listener: socket.socket, server: tuple[str, int], share: float, eaten: Any) -> None:
    dice = random.Random(3)
    while True:
        client, _ = listener.accept()
        upstream = socket.create_connection(server)
        eat = threading.Event()
        threading.Thread(target=_up, args=(client, upstream, eat, (dice, share))).start()
        threading.Thread(target=_down, args=(client, upstream, eat, eaten)).start()


def _up(client: socket.socket, upstream: socket.socket, eat: threading.Event, chance: Any) -> None:
    dice, share = chance
    with contextlib.suppress(OSError):
        while data := client.recv(65_536):
            if b"COMMIT" in data and dice.random() < share:
                eat.set()
            upstream.sendall(data)
    _cut(upstream)


def _down(
    client: socket.socket, upstream: socket.socket, eat: threading.Event, eaten: Any
) -> None:
    with contextlib.suppress(OSError):
        while data := upstream.recv(65_536):
            if eat.is_set():
                with eaten.get_lock():
                    eaten.value += 1
                break
            client.sendall(data)
    _cut(client)
    _cut(upstream)


def _cut(line: socket.socket) -> None:
    # Closing alone would leave the other thread's read, and the peer, hanging.
    with contextlib.suppress(OSError):
        line.shutdown(socket.SHUT_RDWR)
