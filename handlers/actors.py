"""THE table of queue actors: work that leaves the house, named by the row it is about."""

import secrets
import socket
from collections.abc import Callable
from typing import Any

import structlog
from sqlalchemy.orm import Session

from content import customer_messages
from handlers import menu_jobs, publishing
from handlers.tools import Tools
from kernel import outbox, sms
from kernel.metrics import DELIVERIES
from kernel.outcomes import Outcome
from kernel.sms import SmsRefused, SmsUnknown
from kernel.vault import Unreadable
from pushes import deliveries, pushes

log = structlog.get_logger(__name__)

# One run of an actor sends at most so many chunks, then makes room for others.
_CHUNKS_A_RUN = 20
_OUTCOME_STATES = {
    "sent": "sent",
    "again": "pending",
    "refused": "failed",
    "stop": "pending",
    "unknown": "unknown",
}


def send_message(tools: Tools, message_id: int) -> None:
    """Send one outbox message, at most once."""
    claimed = tools.database.transaction(
        lambda session: outbox.claim(session, message_id, tools.clock.now())
    )
    if claimed is None:
        return
    topic, payload = claimed
    state, reason = SENDERS[topic](tools, payload)
    now = tools.clock.now()

    def settle(session: Session) -> None:
        if state == "again" and outbox.postpone(session, message_id, now):
            return
        ended = "failed" if state == "again" else state
        outbox.settle(session, message_id, ended, now, reason)
        if topic == customer_messages.TOPIC:
            customer_messages.settle(session, payload["reference"], ended, reason)

    tools.database.transaction(settle)


def _send_sms(tools: Tools, payload: dict[str, str]) -> tuple[str, str | None]:
    try:
        phone, message = sms.unseal(tools.vault, payload["sealed"])
        tools.sms.send(phone, message)
    except Unreadable as error:  # sealed under a key that is gone; trying again cannot help
        return "failed", f"unreadable: {error}"[:200]
    except SmsRefused as error:
        return "failed", str(error)[:200]
    except SmsUnknown as error:
        return "unknown", str(error)[:200]
    return "sent", None


def _send_to_customer(tools: Tools, payload: dict[str, Any]) -> tuple[str, str | None]:
    outcome = tools.customers.send_custom(payload["openid"], payload["body"])
    states = {"sent": "sent", "again": "again", "unknown": "unknown"}
    return states.get(outcome.verdict, "failed"), outcome.reason or None


SENDERS: dict[str, Callable[[Tools, dict[str, Any]], tuple[str, str | None]]] = {
    "sms": _send_sms,
    customer_messages.TOPIC: _send_to_customer,
}


def sweep_outbox(tools: Tools, _item_id: int = 0) -> None:
    """Find what waits in the outbox and hand it to the queue; call the lost ones unknown."""

    def look(session: Session) -> list[int]:
        now = tools.clock.now()
        outbox.give_up_stale(session, now)
        return outbox.due(session, now)

    for message_id in tools.database.transaction(look):
        tools.put("send_message", message_id)


def start_push(tools: Tools, push_id: int) -> None:
    """Turn an approved push into rows, one a recipient; of two that try, one does."""

    def start(session: Session) -> bool:
        now = tools.clock.now()
        if not pushes.move(session, push_id, "approved", "running", started_at=now):
            return False
        total = deliveries.snapshot(session, push_id, tools.chunk)
        if total < 2:
            reason = "群发至少需要两位正在关注的会员"
            pushes.move(session, push_id, "running", "failed", reason=reason, total=total)
            return False
        return pushes.move(session, push_id, "running", "running", total=total)

    if tools.database.transaction(start):
        tools.put("send_push", push_id)


def send_push(tools: Tools, push_id: int) -> None:
    """Send waiting chunks of a running push, each recipient at most once."""
    owner = f"{socket.gethostname()}:{secrets.token_hex(8)}"
    for _ in range(_CHUNKS_A_RUN):
        outcome = _send_chunk(tools, push_id, owner)
        if outcome is None or outcome.verdict in {"again", "stop"}:
            break
    else:
        tools.put("send_push", push_id)
    finish_push(tools, push_id)


def _send_chunk(tools: Tools, push_id: int, owner: str) -> Outcome | None:
    chunk_no = tools.database.transaction(lambda session: _claim(session, push_id, owner, tools))
    if chunk_no is None:
        return None
    push, rows = tools.database.transaction(
        lambda session: (
            pushes.get(session, push_id),
            deliveries.begin(session, push_id, chunk_no, owner, tools.clock.now()),
        )
    )
    if not rows:
        return None
    # The name holds the push's birth, so that it stays new after the database was reset.
    name = f"push-{push_id}-{int(push.created_at.timestamp())}-{chunk_no}"
    outcome = tools.mass.send_to_many([openid for _, openid in rows], push.body, name)
    ids = [row_id for row_id, _ in rows]
    tools.database.transaction(
        lambda session: _settle(session, tools, (push_id, owner), ids, outcome)
    )
    DELIVERIES.labels(outcome.verdict).inc(len(ids))
    return outcome


def _claim(session: Session, push_id: int, owner: str, tools: Tools) -> int | None:
    if pushes.get(session, push_id).state != "running":
        return None
    return deliveries.claim(session, push_id, owner, tools.clock.now())


def _settle(
    session: Session, tools: Tools, whose: tuple[int, str], ids: list[int], outcome: Outcome
) -> None:
    push_id, owner = whose
    state = _OUTCOME_STATES[outcome.verdict]
    result = (state, outcome.reason, outcome.message_id)
    deliveries.settle(session, ids, owner, result, tools.clock.now())
    if outcome.verdict == "stop":
        reason = f"微信返回 {outcome.reason}"
        pushes.move(session, push_id, "running", "paused", reason=reason)


def finish_push(tools: Tools, push_id: int) -> None:
    """Close a running push in which nobody waits any more."""

    def finish(session: Session) -> None:
        states = deliveries.counts(session, push_id)
        if not any(states.get(state) for state in deliveries.UNSETTLED):
            now = tools.clock.now()
            pushes.move(session, push_id, "running", "finished", finished_at=now)

    tools.database.transaction(finish)


ACTORS: dict[str, Callable[[Tools, int], None]] = {
    "send_message": send_message,
    "sweep_outbox": sweep_outbox,
    "start_push": start_push,
    "send_push": send_push,
    "send_menus": menu_jobs.send_menus,
    "check_menu": menu_jobs.check_menu,
    "sync_tags": menu_jobs.sync_tags,
    "send_picture": publishing.send_picture,
    "sync_article": publishing.sync_article,
}
