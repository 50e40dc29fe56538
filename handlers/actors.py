"""THE table of queue actors: work that leaves the house, named by the row it is about."""

from collections.abc import Callable
from typing import Any

from sqlalchemy.orm import Session

from content import customer_messages
from handlers import menu_jobs, publishing, push_actors
from handlers.push_notices import send_notice
from handlers.tools import Tools
from kernel import outbox, sms
from kernel.sms import SmsRefused, SmsUnknown
from kernel.vault import Unreadable
from pushes import notice_sending


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
        if topic == notice_sending.TOPIC:
            notice_sending.settle(session, payload, ended, reason, now)

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
    notice_sending.TOPIC: send_notice,
}


def sweep_outbox(tools: Tools, _item_id: int = 0) -> None:
    """Find what waits in the outbox and hand it to the queue; call the lost ones unknown."""

    def look(session: Session) -> list[int]:
        now = tools.clock.now()
        outbox.give_up_stale(session, now)
        return outbox.due(session, now)

    for message_id in tools.database.transaction(look):
        tools.put("send_message", message_id)


ACTORS: dict[str, Callable[[Tools, int], None]] = {
    "send_message": send_message,
    "sweep_outbox": sweep_outbox,
    "start_push": push_actors.start_push,
    "freeze_push": push_actors.freeze_push,
    "send_push": push_actors.send_push,
    "send_menus": menu_jobs.send_menus,
    "check_menu": menu_jobs.check_menu,
    "sync_tags": menu_jobs.sync_tags,
    "send_picture": publishing.send_picture,
    "sync_article": publishing.sync_article,
}
