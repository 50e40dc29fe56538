"""A worker of the tests: `python -m tests.kernel.worker_process URL NOTES NAME`."""

import sys
import time
from pathlib import Path

from kernel.queue import Queue


def main(url: str, notes: Path, name: str) -> None:
    """Work until killed; the worker called `first` never finishes a job."""

    def note(what: str) -> None:
        with notes.open("a") as file:
            file.write(f"{name} {what}\n")

    def job(item_id: int) -> None:
        note(f"began {item_id}")
        time.sleep(600 if name == "first" else 0)
        note(f"did {item_id}")

    Queue(url, {"job": job}).worker(threads=2).start()
    time.sleep(600)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), sys.argv[3])
