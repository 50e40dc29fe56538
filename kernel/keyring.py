"""Secrets of our own, made once: `python -m kernel.keyring var/secrets` fills what is missing.

Each secret is a file that only its owner can read; the environment overrides it.
"""

import base64
import os
import secrets
import string
import sys
from collections.abc import Callable
from pathlib import Path

_LETTERS = string.ascii_letters + string.digits


def _key() -> str:
    return base64.b64encode(secrets.token_bytes(32)).decode()


# A real account brings the first three; until then the emulator shares these.
MAKERS: dict[str, Callable[[], str]] = {
    "wechat__app_secret": lambda: secrets.token_hex(16),
    "wechat__token": lambda: secrets.token_hex(12),
    "wechat__aes_key": lambda: "".join(secrets.choice(_LETTERS) for _ in range(43)),
    "security__session_key": lambda: secrets.token_urlsafe(32),
    "security__field_keys": lambda: f"k1:{_key()}",
    "security__lookup_key": _key,
}


def ensure(folder: Path) -> list[str]:
    """Make the missing secrets and return their names; existing ones are never touched."""
    folder.mkdir(parents=True, exist_ok=True)
    made = []
    for name, make in MAKERS.items():
        # O_EXCL: of two that start at once, one makes the key and the other keeps it.
        try:
            handle = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            continue
        with os.fdopen(handle, "w") as file:
            file.write(make())
        made.append(name)
    return made


def main() -> None:
    """Fill the folder named on the command line."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "var/secrets")
    try:
        ensure(folder)
    except OSError as error:
        sys.exit(f"无法写入 {folder}：{error.strerror}（请检查目录权限）")


if __name__ == "__main__":
    main()
