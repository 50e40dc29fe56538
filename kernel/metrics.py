"""Figures for Prometheus; with several web processes they meet in a shared folder."""

import os

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Histogram,
    generate_latest,
    multiprocess,
)

CALLBACKS = Counter(
    "weiting_callbacks", "WeChat callbacks by kind and outcome", ["kind", "outcome"]
)
CALLBACK_SECONDS = Histogram(
    "weiting_callback_seconds",
    "Time from a callback's arrival to its answer",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 4.5),
)
REQUESTS = Counter(
    "weiting_requests", "HTTP requests by endpoint and status", ["endpoint", "status"]
)
GATEWAY_CALLS = Counter(
    "weiting_gateway_calls", "Calls to WeChat by path and errcode", ["path", "code"]
)
DELIVERIES = Counter("weiting_deliveries", "Push deliveries by outcome", ["outcome"])
PROOFS = Counter("weiting_proofs", "Nightly proofs of the books by outcome", ["outcome"])


def exposition() -> bytes:
    """The text format, summed over all processes of this host when a shared folder is set."""
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return generate_latest()
    registry = CollectorRegistry()
    multiprocess.MultiProcessCollector(registry)
    return generate_latest(registry)
