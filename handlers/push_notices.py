"""Transactional notices: the job that leaves them in the outbox, and what sends them."""

from functools import partial
from typing import Any

from handlers.tools import Tools
from pushes import notice_sending, sent_notices
from pushes.notice_sending import Desk
from pushes.notice_sources import SOURCES

_PAGES_A_TICK = 20


def leave_notices(tools: Tools) -> None:
    """Leave what members should hear of in the outbox, once each."""
    if not tools.notice_templates:
        return
    for source in SOURCES:
        for _ in range(_PAGES_A_TICK):
            desk = Desk(
                tools.notice_templates, tools.push_rules, tools.links.base_url, tools.clock.now()
            )
            work = partial(notice_sending.run_page, source=source, desk=desk)
            if not tools.database.transaction(work):
                break


def send_notice(tools: Tools, payload: dict[str, Any]) -> tuple[str, str | None]:
    """Make the call of one notice."""
    outcome = tools.notices.send_one(payload["path"], payload["openid"], payload["body"])
    if outcome.message_id is not None:
        note = partial(
            sent_notices.note_message,
            source=payload["source"],
            source_id=payload["source_id"],
            message_id=outcome.message_id,
        )
        tools.database.transaction(note)
    states = {"sent": "sent", "again": "again", "unknown": "unknown"}
    return states.get(outcome.verdict, "failed"), outcome.reason
