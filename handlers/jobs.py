"""THE table of timed jobs: every few seconds, what is due?"""

from collections.abc import Callable

from sqlalchemy.orm import Session

from handlers.actors import Tools, finish_push, sweep_outbox
from handlers.nightly import prove, run_nightly
from handlers.pruning import prune
from handlers.unfinished import carry_out, free_coupons
from pushes import deliveries, pushes


def start_pushes(tools: Tools) -> None:
    """Hand approved pushes to the queue."""
    for push_id in tools.database.read(lambda session: pushes.in_state(session, "approved")):
        tools.put("start_push", push_id)


def sweep_pushes(tools: Tools) -> None:
    """Free what dead workers held; see that running pushes go on, and close the finished ones."""

    def look(session: Session) -> list[tuple[int, dict[str, int]]]:
        deliveries.reap(session, tools.clock.now())
        running = pushes.in_state(session, "running")
        return [(push_id, deliveries.counts(session, push_id)) for push_id in running]

    for push_id, states in tools.database.transaction(look):
        if states.get("leased") or states.get("sending"):
            continue  # somebody is at it
        if states.get("pending"):
            tools.put("send_push", push_id)
        else:
            finish_push(tools, push_id)


# name → (seconds between two runs, what runs)
JOBS: dict[str, tuple[float, Callable[[Tools], object]]] = {
    "start_pushes": (2.0, start_pushes),
    "sweep_pushes": (5.0, sweep_pushes),
    "sweep_outbox": (3.0, sweep_outbox),
    "carry_out": (5.0, carry_out),
    "free_coupons": (60.0, free_coupons),
    "run_nightly": (5.0, run_nightly),
    "prove": (60.0, prove),
    "prune": (3600.0, prune),
}
