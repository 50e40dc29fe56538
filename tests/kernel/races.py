"""Work that several threads begin at one moment."""

import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def at_once(count: int, work: Callable[[int], T]) -> list[T | Exception]:
    """What `work(0) … work(count - 1)`, started together, returned or raised."""
    barrier = threading.Barrier(count)
    answers: dict[int, T | Exception] = {}

    def run(number: int) -> None:
        barrier.wait()
        try:
            answers[number] = work(number)
        except Exception as error:
            answers[number] = error

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [answers[number] for number in range(count)]
