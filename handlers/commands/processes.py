"""The processes of a host: `flask serve`, `flask worker`, `flask scheduler`."""

import os
import shutil
import signal
import sys
import threading
from pathlib import Path

import click

from handlers.commands.context import CommandContext, Serving

_WORKER_THREADS = 8
METRICS = "PROMETHEUS_MULTIPROC_DIR"


def fresh_metrics(var: Path) -> str:
    """An empty folder in which the processes of a host add up their figures."""
    folder = var / "metrics"
    shutil.rmtree(folder, ignore_errors=True)  # figures of dead processes would count
    folder.mkdir(parents=True)
    return str(folder)


def gunicorn_command(serving: Serving) -> list[str]:
    """The web server's command line; one import of the app serves all its workers."""
    arguments = {
        "--worker-class": "gthread",
        "--workers": str(serving.workers),
        "--threads": str(serving.threads),
        "--bind": f"{serving.host}:{serving.port}",
        "--max-requests": "20000",
        "--max-requests-jitter": "2000",
        "--graceful-timeout": "20",
        "--config": "python:web.server",
    }
    words = [word for pair in arguments.items() for word in pair]
    gunicorn = str(Path(sys.executable).parent / "gunicorn")
    return [gunicorn, *words, "--preload", "--no-control-socket", "app:create_app()"]


@click.command("serve")
@click.pass_obj
def serve(context: CommandContext) -> None:
    """Serve HTTP with gunicorn; replaces this process, so that signals reach it directly."""
    command = gunicorn_command(context.serving)
    environment = {**os.environ}
    if METRICS not in environment:
        environment[METRICS] = fresh_metrics(context.var)
    os.execve(command[0], command, environment)  # noqa: S606 - our own command line


@click.command("worker")
@click.pass_obj
def worker(context: CommandContext) -> None:
    """Do what the queue asks for, until SIGTERM or SIGINT; calls in flight are finished."""
    stopping = _stop_signal(context.stopping)
    running = context.queue.worker(_WORKER_THREADS)
    running.start()
    stopping.wait()
    running.stop(timeout=15_000)


@click.command("scheduler")
@click.pass_obj
def scheduler(context: CommandContext) -> None:
    """Lead or stand by for the timed jobs, until SIGTERM or SIGINT."""
    context.scheduler.run(_stop_signal(context.stopping))


def _stop_signal(stopping: threading.Event) -> threading.Event:
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_args: stopping.set())
    return stopping


COMMANDS = (serve, worker, scheduler)
