"""gunicorn's hooks, besides what `flask serve` puts on its command line."""

from typing import Any

from prometheus_client import multiprocess


def child_exit(_server: Any, worker: Any) -> None:
    """Let go of the figures of a worker that is gone."""
    multiprocess.mark_process_dead(worker.pid)
