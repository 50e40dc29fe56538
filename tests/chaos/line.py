"""A line to a server that can be cut for a while, as if the server were gone."""

import contextlib
import socket
import threading


class Line:
    """Listens on a port of its own and carries bytes to a server, unless it is cut."""

    def __init__(self, host: str, port: int) -> None:
        self._server = (host, port)
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = int(self._listener.getsockname()[1])
        self._is_cut = False
        self._open: set[socket.socket] = set()
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """Every connection breaks, and new ones do as soon as they are made."""
        self._is_cut = True
        for one in list(self._open):
            _shut(one)

    def mend(self) -> None:
        """Connections hold again."""
        self._is_cut = False

    def close(self) -> None:
        """Break everything and listen no more."""
        self.cut()
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                if self._is_cut:
                    client.close()
                    continue
                try:
                    upstream = socket.create_connection(self._server, 5)
                except OSError:
                    client.close()
                    continue
                upstream.settimeout(None)
                for one, other in ((client, upstream), (upstream, client)):
                    self._open.add(one)
                    threading.Thread(target=self._carry, args=(one, other), daemon=True).start()

    def _carry(self, one: socket.socket, other: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := one.recv(65_536):
                other.sendall(data)
        _shut(other)
        _shut(one)
        self._open.discard(one)
        one.close()


def _shut(one: socket.socket) -> None:
    with contextlib.suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
