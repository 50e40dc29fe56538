"""What the queue does for pushes: begin one, send what is due of it, close it."""

import os
import secrets
import socket
import time
from collections import deque

import structlog
from sqlalchemy.orm import Session

from handlers import mass_sending
from handlers.sending import Sending, load
from handlers.tools import Tools
from pushes import chunks, life, pushes, retries, switches
from pushes.chunks import Claim

log = structlog.get_logger(__name__)

# An actor ends after so long and asks for its turn again, so that others have theirs.
_TURN_SECONDS = 20.0


def start_push(tools: Tools, push_id: int) -> None:
    """Begin a push whose time has come, and turn its audience into rows; of two, one does."""
    now = tools.clock.now()
    begun = tools.database.patient(
        lambda session: life.begin(session, push_id, now, tools.push_rules)
    )
    if begun.state is not None:
        log.info("push_begun", push=push_id, state=begun.state)
    if begun.state == "running":
        for _ in range(tools.push_rules.lanes):
            tools.put("send_push", push_id)


def freeze_push(tools: Tools, push_id: int) -> None:
    """Turn the audience of an approved push into rows before it begins."""
    now = tools.clock.now()
    tools.database.patient(lambda session: life.freeze(session, push_id, now, tools.push_rules))


def send_push(tools: Tools, push_id: int) -> None:
    """Send chunks of a running push until none is due, or this turn is over."""
    # Random, so that a process which takes over a pid never inherits a lease.
    owner = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(6)}"
    until = time.monotonic() + _TURN_SECONDS
    errors: deque[bool] = deque()
    while not tools.stopping():
        claim = tools.database.transaction(lambda session: _claim(session, tools, push_id, owner))
        if claim is None:
            break
        send_chunk(tools, claim, errors)
        if time.monotonic() > until:
            tools.put("send_push", push_id)
            break
    finish_push(tools, push_id)


def send_chunk(tools: Tools, claim: Claim, errors: deque[bool]) -> None:
    """Send one claimed chunk; `errors` remembers how the calls before it ended."""
    loaded = tools.database.read(lambda session: load(session, claim))
    if loaded.for_mass:
        # Who falls to another channel waits for the next claim of the chunk.
        mass_sending.send_chunk(tools, claim)
    else:
        Sending(tools, loaded.push, claim, loaded.rows, errors=errors).run()


def _claim(session: Session, tools: Tools, push_id: int, owner: str) -> Claim | None:
    push, now = pushes.get(session, push_id), tools.clock.now()
    if push.state != "running":
        return None
    if not push.service and tools.push_rules.is_quiet(now):
        return None
    stopped = switches.stopped(session)
    return chunks.claim(session, push_id, owner, now, without=tuple(stopped))


def finish_push(tools: Tools, push_id: int) -> None:
    """Close a running push in which nobody waits any more; empty a cancelled one."""

    def finish(session: Session) -> bool:
        push, now = pushes.get(session, push_id), tools.clock.now()
        if push.state == "cancelled":
            return retries.drop_waiting(session, push_id, now)
        if push.state == "running" and chunks.is_through(session, push_id):
            pushes.move(session, push_id, "running", "finished", finished_at=now)
        return False

    while tools.database.transaction(finish):
        pass


def sweep_pushes(tools: Tools) -> None:
    """Free what dead workers held, see that running pushes go on, and close what is through."""
    now = tools.clock.now()
    tools.database.transaction(lambda session: chunks.reap(session, now))
    work = tools.database.read(lambda session: _work_left(session, tools))
    for push_id, lanes in work.items():
        if lanes == 0:
            finish_push(tools, push_id)
        for _ in range(lanes):
            tools.put("send_push", push_id)


def _work_left(session: Session, tools: Tools) -> dict[int, int]:
    """Running and cancelled pushes, with how many more workers each could use now."""
    found: dict[int, int] = {}
    now = tools.clock.now()
    for push_id in pushes.in_state(session, "running"):
        waiting, leased = chunks.busy(session, push_id, now)
        if waiting or not leased:
            found[push_id] = max(0, min(waiting, tools.push_rules.lanes - leased))
    for push_id in pushes.in_state(session, "cancelled"):
        if not chunks.is_through(session, push_id):
            found[push_id] = 0
    return found


def start_pushes(tools: Tools) -> None:
    """Hand pushes whose time has come to the queue, and those whose list is to be made."""

    def look(session: Session) -> tuple[list[int], list[int]]:
        return pushes.due(session, tools.clock.now()), pushes.to_freeze(session)

    due, unfrozen = tools.database.read(look)
    for push_id in due:
        tools.put("start_push", push_id)
    for push_id in unfrozen:
        tools.put("freeze_push", push_id)
