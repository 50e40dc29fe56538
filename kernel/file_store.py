"""Files by the digest of their content: the port, and a folder that several hosts may share.

Nothing is ever changed under a name, so a file can be kept by browsers for ever. A deletion is
only ever done by the sweep of what no row names, a day later: an upload of the same bytes may be
on its way meanwhile.
"""

import contextlib
import os
import re
import secrets
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

_DIGEST = re.compile(r"[0-9a-f]{64}", re.ASCII)


class FileGone(Exception):
    """No file of that name: never kept, or swept."""


class FileStore(Protocol):
    """Keeps bytes under the SHA-256 of them, in hex."""

    def put(self, digest: str, content: bytes) -> None: ...

    def get(self, digest: str) -> bytes:
        """The bytes. Raises FileGone."""
        ...

    def old(self, seconds: float) -> Iterator[str]:
        """The names of files that were last put longer ago than that."""
        ...

    def drop(self, digest: str) -> None: ...


class FolderStore:
    """Files in a folder, two letters of the name a sub-folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, digest: str, content: bytes) -> None:
        """Keep the bytes; nobody ever sees half of them. A repeat makes them young again."""
        path = self._path(digest)
        path.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(FileNotFoundError):
            os.utime(path)
            return
        half = path.with_name(f".{digest}.{secrets.token_hex(4)}")
        half.write_bytes(content)
        half.replace(path)

    def get(self, digest: str) -> bytes:
        """The bytes. Raises FileGone, also for what is no name of a file."""
        if not _DIGEST.fullmatch(digest):
            raise FileGone(digest[:64])
        try:
            return self._path(digest).read_bytes()
        except FileNotFoundError:
            raise FileGone(digest) from None

    def old(self, seconds: float) -> Iterator[str]:
        """The names of files that were last put longer ago than that."""
        before = time.time() - seconds  # the file system's own clock, not the business's
        for path in sorted(self._folder.glob("??/*")):
            with contextlib.suppress(FileNotFoundError):
                if _DIGEST.fullmatch(path.name) and path.stat().st_mtime < before:
                    yield path.name

    def drop(self, digest: str) -> None:
        """Delete the file, if it is there."""
        self._path(digest).unlink(missing_ok=True)

    def _path(self, digest: str) -> Path:
        if not _DIGEST.fullmatch(digest):
            raise ValueError("not the digest of a file")
        return self._folder / digest[:2] / digest
