"""Keeps the state behind one lock, tells who waits for changes, and writes the state file."""

import sys
import threading
import time
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from emulator.state import State

CODEC = TypeAdapter(State)


class UnusableStateFile(RuntimeError):
    """The state file cannot be read or written; the text says why."""


class Store:
    """The state, its lock, a counter of revisions and the snapshot file.

    Raises `UnusableStateFile` at construction for a corrupt file or a folder that cannot be
    written. The file is replaced whole, so a crash leaves the old one or the new one.
    """

    def __init__(self, path: Path | None, delay_seconds: float) -> None:
        self.lock = threading.RLock()
        self.state = load(path) if path else State()
        self.revision = 0
        self.closing = threading.Event()
        self._changed = threading.Condition(self.lock)
        self._path = path
        self._delay_seconds = delay_seconds
        self._saved_revision = 0
        self._writer: threading.Thread | None = None
        if path:
            save(path, self.state)
            self._writer = threading.Thread(target=self._write_on, name="snapshots", daemon=True)
            self._writer.start()

    def touch(self) -> None:
        """Say that the state changed: wakes those who wait and schedules a snapshot."""
        with self._changed:
            self.revision += 1
            self._changed.notify_all()

    def wait_beyond(self, revision: int, seconds: float) -> int:
        """Wait until the revision differs from `revision`, at most `seconds`; returns it."""
        deadline = time.monotonic() + seconds
        with self._changed:
            while self.revision == revision and not self.closing.is_set():
                left = deadline - time.monotonic()
                if left <= 0 or not self._changed.wait(left):
                    break
            return self.revision

    def replace(self, state: State) -> None:
        """Forget everything and begin with `state`."""
        with self.lock:
            self.state = state
            self.touch()

    def close(self) -> None:
        """Write what is not yet written and let everyone who waits go."""
        self.closing.set()
        with self._changed:
            self._changed.notify_all()
        if self._writer:
            self._writer.join(5)
        self.save_now()

    def save_now(self) -> None:
        """Write the snapshot if anything changed since the last one."""
        if self._path is None:
            return
        with self.lock:
            revision = self.revision
            if revision == self._saved_revision:
                return
            content = CODEC.dump_json(self.state)
        try:
            write_whole(self._path, content)
        except OSError as error:
            # The emulator goes on in memory; the next change tries again.
            sys.stderr.write(f"emulator: cannot write {self._path}: {error.strerror}\n")
        self._saved_revision = revision

    def _write_on(self) -> None:
        while not self.closing.is_set():
            if self.wait_beyond(self._saved_revision, 1.0) == self._saved_revision:
                continue
            # Collects a burst of changes into one write.
            self.closing.wait(self._delay_seconds)
            self.save_now()


def load(path: Path) -> State:
    """The state in `path`, or a fresh one where there is no file yet."""
    try:
        return CODEC.validate_json(path.read_bytes())
    except FileNotFoundError:
        return State()
    except ValidationError as error:
        first = error.errors(include_url=False)[0]["msg"]
        raise UnusableStateFile(
            f"the state file {path} is damaged ({first}): mend it, or move it away to start anew"
        ) from error
    except OSError as error:
        raise UnusableStateFile(f"cannot read the state file {path}: {error.strerror}") from error


def save(path: Path, state: State) -> None:
    """Write `state` to `path`, making its folder; the first write proves that we may."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, CODEC.dump_json(state))
    except OSError as error:
        raise UnusableStateFile(f"cannot write the state file {path}: {error.strerror}") from error


def write_whole(path: Path, content: bytes) -> None:
    """Replace the file in one step."""
    beside = path.with_name(path.name + ".part")
    beside.write_bytes(content)
    beside.replace(path)
