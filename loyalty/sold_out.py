"""A hint for rushes: this process lately heard that a batch is sold out, so why ask again now?

Only a hint. The database decides every claim; the hint spares it the late crowd for a second.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from loyalty.claim_conditions import OutOfStock


class SoldOut:
    """Which batches this process heard are sold out, for `seconds` each; one object a process."""

    def __init__(
        self, seconds: float = 1.0, tell_time: Callable[[], float] = time.monotonic
    ) -> None:
        self._seconds = seconds
        self._tell_time = tell_time
        self._until: dict[int, float] = {}
        self._writing = threading.Lock()

    def check(self, batch_id: int) -> None:
        """Raise OutOfStock if that was heard a moment ago. Costs no lock and no connection."""
        until = self._until.get(batch_id)
        if until is not None and self._tell_time() < until:
            raise OutOfStock

    def note(self, batch_id: int) -> None:
        """Remember that the database just said so."""
        now = self._tell_time()
        with self._writing:
            # A new dict: a reader never meets one that changes under it.
            lively = {batch: until for batch, until in self._until.items() if until > now}
            self._until = {**lively, batch_id: now + self._seconds}

    @contextmanager
    def watch(self, batch_id: int) -> Iterator[None]:
        """Around a transaction that claims: checks before, and notes what the database says."""
        self.check(batch_id)
        try:
            yield
        except OutOfStock:
            self.note(batch_id)
            raise
