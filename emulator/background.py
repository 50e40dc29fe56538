"""Work the platform does a moment later: the events that tell how a send went."""

import threading
import time
from collections import deque
from collections.abc import Callable

Work = Callable[[], object]


class Background:
    """A few threads that run work `delay_seconds` after it was handed over, in order."""

    def __init__(self, delay_seconds: float, workers: int = 4) -> None:
        self._delay_seconds = delay_seconds
        self._workers = workers
        self._changed = threading.Condition()
        self._queue: deque[tuple[float, Work]] = deque()
        self._busy = 0
        self._closed = False
        self._threads: list[threading.Thread] = []

    def hand_over(self, work: Work) -> None:
        """Run `work` soon; what it raises is not looked at."""
        with self._changed:
            if self._closed:
                return
            self._queue.append((time.monotonic() + self._delay_seconds, work))
            if len(self._threads) < self._workers:
                name = f"events-{len(self._threads)}"
                thread = threading.Thread(target=self._run, name=name, daemon=True)
                self._threads.append(thread)
                thread.start()
            self._changed.notify_all()

    def drain(self, seconds: float) -> bool:
        """Wait until nothing is left to do; False when it took longer."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._queue and not self._busy, seconds)

    def close(self, seconds: float = 1.0) -> None:
        """Drop what has not begun and wait a little for what has."""
        with self._changed:
            self._closed = True
            self._queue.clear()
            self._changed.notify_all()
        for thread in self._threads:
            thread.join(seconds)

    def _take(self) -> Work | None:
        with self._changed:
            while not self._closed:
                if not self._queue:
                    self._changed.wait()
                    continue
                left = self._queue[0][0] - time.monotonic()
                if left <= 0:
                    self._busy += 1
                    return self._queue.popleft()[1]
                self._changed.wait(left)
            return None

    def _run(self) -> None:
        while work := self._take():
            try:
                work()
            finally:
                with self._changed:
                    self._busy -= 1
                    self._changed.notify_all()
