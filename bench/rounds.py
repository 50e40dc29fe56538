"""Measured rounds: processes with threads that do one thing each, started at the same moment."""

import multiprocessing
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from statistics import median
from typing import Any

Setup = Callable[[str], Callable[[int], object]]


def measure(url: str, setup: Setup, items: Sequence[int], shape: tuple[int, int]) -> float:
    """Items a second; `shape` = (processes, threads in each), `setup(url)` gives a thread's deed.

    The clock runs from the moment all are ready until the last is done.
    """
    processes, threads = shape
    context = multiprocessing.get_context("fork")
    gate, results = context.Barrier(processes + 1), context.SimpleQueue()
    children = [
        context.Process(
            target=_work, args=(url, setup, items[n::processes], threads, (gate, results))
        )
        for n in range(processes)
    ]
    for child in children:
        child.start()
    gate.wait()
    began = time.perf_counter()
    failures = [results.get() for _ in children]
    passed = time.perf_counter() - began
    for child in children:
        child.join()
    if any(failures):
        raise SystemExit(
            f"a round failed, its figures mean nothing: {next(filter(None, failures))}"
        )
    return len(items) / passed


def _work(url: str, setup: Setup, items: Sequence[int], threads: int, ends: Any) -> None:
    gate, results = ends
    deeds = [setup(url) for _ in range(threads)]

    def run(n: int) -> None:
        for item in items[n::threads]:
            deeds[n](item)

    gate.wait()
    try:
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(run, range(threads)))
    except Exception as error:
        results.put(repr(error))
    else:
        results.put(None)


def show(results: dict[str, list[float]], unit: str) -> dict[str, float]:
    """Print the median of each variant; returns them."""
    medians = {name: median(figures) for name, figures in results.items()}
    for name, figure in medians.items():
        print(f"  {name:34} {figure:9,.0f} {unit}/s")
    return medians
