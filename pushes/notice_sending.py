"""Transactional notices leave the house: each row of a source once, only to whom may be told.

A row is decided about in the transaction that leaves its message in the outbox; a kill, a second
scheduler and a repeated look change nothing. What is older than a day is told no more.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from sqlalchemy import select
from sqlalchemy.orm import Session

from kernel import outbox
from kernel.db import insert_once
from kernel.outcomes import Outcome
from loyalty.followers import Follower
from pushes import credits, notice_kinds, sent_notices
from pushes.notice_kinds import KINDS, NoticeTemplate, Templates
from pushes.notice_sources import SOURCES, Found, Look
from pushes.sent_notices import NoticeCursor, SentNotice
from pushes.settings import PushRules

TOPIC = "push_notice"
PAGE = 200
_FRESH = timedelta(days=1)
# Longer than any transaction that writes notices.
_SETTLED = timedelta(minutes=2)
_PATHS = {"notice": "message/subscribe/bizsend", "template": "message/template/send"}
NO_CREDIT = "43101"


class NoticeSender(Protocol):
    """Sends one message by a path below /cgi-bin/; the gateway to WeChat does."""

    def send_one(self, path: str, openid: str, body: dict[str, Any]) -> Outcome: ...


class NoSender:
    """Sends nothing, and says so: for a process that was given no gateway."""

    def send_one(self, path: str, openid: str, body: dict[str, Any]) -> Outcome:
        """A refusal."""
        del path, openid, body
        return Outcome("refused", "no gateway")


@dataclass(frozen=True)
class Desk:
    """What the hall sends of each kind, its rules, the address before its pages, the instant."""

    templates: Templates
    rules: PushRules
    base_url: str
    at: datetime


def run_page(session: Session, source: str, desk: Desk) -> int:
    """Decide about the next rows of a source; how many. 0 means that none waits."""
    cursor = _cursor(session, source, desk.at)
    is_quiet = desk.rules.is_quiet(desk.at)
    kinds = [
        kind for kind in desk.templates if not (is_quiet and KINDS[kind].reminds)
    ]  # what only reminds waits for the morning
    look = Look(cursor.after_id, desk.at - _FRESH, kinds, PAGE)
    found = SOURCES[source].page(session, look) if kinds else []
    for one in found:
        _decide(session, source, one, desk)
    if not found and not is_quiet and desk.at >= cursor.next_at:
        cursor.after_id = cursor.next_id
        cursor.next_id = SOURCES[source].newest(session)
        cursor.next_at = desk.at + _SETTLED
        session.flush()
    return len(found)


def _cursor(session: Session, source: str, at: datetime) -> NoticeCursor:
    cursor = session.get(NoticeCursor, source, with_for_update=True)
    if cursor is None:
        # A hall that switches notices on does not tell what happened long ago.
        after = SOURCES[source].before(session, at - _FRESH)
        row = {"source": source, "after_id": after, "next_id": after, "next_at": at}
        insert_once(session, NoticeCursor, row, "source")
        cursor = session.get_one(
            NoticeCursor, source, with_for_update=True, populate_existing=True
        )
    return cursor


def _decide(session: Session, source: str, one: Found, desk: Desk) -> None:
    template = desk.templates[one.kind]
    data = notice_kinds.fill(template, one.facts)
    why = _why_not(session, one, template, data, desk.at)
    row = {
        "source": source, "source_id": one.source_id, "member_id": one.member_id,
        "kind": one.kind, "channel": template.channel, "reason": why, "message_id": None,
        "state": "skipped" if why else "left", "at": desk.at,
    }  # fmt: skip
    if not insert_once(session, SentNotice, row, "source,source_id") or why:
        return
    body: dict[str, Any] = {"template_id": template.template_id, "data": data}
    if template.page:
        body["page" if template.channel == "notice" else "url"] = desk.base_url + template.page
    if template.channel == "template":
        # WeChat refuses a second message of one name for ten minutes.
        body["client_msg_id"] = f"{source}-{one.source_id}-{int(one.at.timestamp())}"
    payload = {
        "openid": one.openid, "path": _PATHS[template.channel], "body": body,
        "source": source, "source_id": one.source_id,
    }  # fmt: skip
    reference = sent_notices.reference_of(source, one.source_id)
    outbox.post(session, TOPIC, reference, payload, desk.at)


def _why_not(
    session: Session, one: Found, template: NoticeTemplate, data: Any, at: datetime
) -> str | None:
    """Why the member is not told, as deliveries say it; a credit is taken when he is."""
    if notice_kinds.unfit(data):
        return "unfit"  # WeChat would refuse it, and stop more than this one
    if template.channel == "notice":
        taken = credits.take(session, one.openid, template.template_id, at)
        return None if taken else "no_credit"
    follows = select(Follower.subscribed).where(Follower.openid == one.openid)
    return None if session.scalar(follows) else "unfollowed"


def settle(
    session: Session, payload: dict[str, Any], state: str, reason: str | None, at: datetime
) -> None:
    """Write down how a message ended; a credit that WeChat does not know is none."""
    sent_notices.settle(session, payload["source"], payload["source_id"], state, reason)
    if reason == NO_CREDIT:
        credits.exhaust(session, [payload["openid"]], payload["body"]["template_id"], at)
