"""A mass send on its way: one call for all recipients of a chunk."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from content.article_sync import ArticleSync
from handlers.tools import Tools
from kernel.metrics import DELIVERIES
from kernel.outcomes import Outcome
from loyalty.followers import Follower
from pushes import aftermath, bodies, calls, chunks, deliveries, life, pushes, switches
from pushes.channels import MASS_LEAST
from pushes.chunks import Claim
from pushes.deliveries import Delivery, Settled
from pushes.messages import Reader
from pushes.pushes import Push

log = structlog.get_logger(__name__)

_BUSY_PAUSE = timedelta(seconds=5)
_MINUTE = timedelta(seconds=61)
# WeChat takes a name again only after a minute; asked sooner it says so.
_SAME_NAME_TOO_SOON = "45066"


@dataclass(frozen=True)
class _Ready:
    """What was committed before the call."""

    push: Push
    recipients: list[tuple[int, str]]
    media_id: str
    tag_id: int | None
    stop: str | None = None


def send_chunk(tools: Tools, claim: Claim) -> None:
    """Send one claimed chunk of a mass send, once."""
    ready = tools.database.transaction(lambda session: _begin(session, tools, claim))
    outcome = None
    if ready.recipients and ready.stop is None:
        outcome = _call(tools, claim, ready)
        DELIVERIES.labels(outcome.verdict).inc(len(ready.recipients))
    tools.database.transaction(lambda session: _end(session, tools, claim, ready, outcome))


def _begin(session: Session, tools: Tools, claim: Claim) -> _Ready:
    now = tools.clock.now()
    push = pushes.get(session, claim.push_id)
    waiting = deliveries.pending_of(session, claim.push_id, claim.no, by_mass=True)
    nothing = _Ready(push, [], "", None)
    if push.state != "running" or not waiting or "mass" in switches.stopped(session):
        return nothing
    if not chunks.renew(session, claim, now):
        return nothing
    content = push.variants[claim.variant]["contents"]["mass"]
    media_id = _draft_of(session, content)
    tag_id, stop = _tag_of(session, tools, push)
    if content["kind"] == "article" and not media_id:
        stop = "文章不在微信草稿箱里，请先同步，再继续发送"
    if stop is not None:
        return _Ready(push, [], "", None, stop)
    chunks.begin(session, claim, waiting)
    recipients = _recipients(session, claim, now)
    if tag_id is None and len(recipients) < MASS_LEAST:
        alone = [_alone(push, row_id) for row_id, _ in recipients]
        deliveries.settle(session, claim.claim_no, alone, now)
        recipients = []
    return _Ready(push, recipients, media_id, tag_id)


def _draft_of(session: Session, content: dict[str, object]) -> str:
    """The draft at WeChat of the article that is to go out; empty when there is none."""
    if content["kind"] != "article":
        return ""
    query = (
        select(ArticleSync.draft_id)
        .where(ArticleSync.article_id == content["article_id"], ArticleSync.state == "drafted")
        .order_by(ArticleSync.id.desc())
        .limit(1)
    )
    return session.scalar(query) or ""


def _tag_of(session: Session, tools: Tools, push: Push) -> tuple[int | None, str | None]:
    if not push.audience.get("by_tag"):
        return None, None
    tag_id = tools.wechat_tag(session, push.audience["tag"])
    return tag_id, None if tag_id else "微信里还没有这个标签，请先同步标签"


def _recipients(session: Session, claim: Claim, now: datetime) -> list[tuple[int, str]]:
    """Those who still follow, as (delivery id, openid); the others are not sent it."""
    rows = session.execute(
        select(Delivery.id, Delivery.openid, Follower.subscribed)
        .outerjoin(Follower, Follower.openid == Delivery.openid)
        .where(
            Delivery.push_id == claim.push_id,
            Delivery.chunk_no == claim.no,
            Delivery.state == "sending",
            Delivery.claim_no == claim.claim_no,
        )
        .order_by(Delivery.id)
    ).all()
    left = [Settled(row.id, "skipped", "mass", "unfollowed") for row in rows if not row.subscribed]
    deliveries.settle(session, claim.claim_no, left, now)
    return [(row.id, row.openid) for row in rows if row.subscribed]


def _alone(push: Push, row_id: int) -> Settled:
    if further := calls.next_channel(push, "mass"):
        return Settled(row_id, "pending", further)
    return Settled(row_id, "failed", "mass", "alone")


def _call(tools: Tools, claim: Claim, ready: _Ready) -> Outcome:
    push = ready.push
    link = tools.links.of_variant(push, claim.variant)
    content = push.variants[claim.variant]["contents"]["mass"]
    body = bodies.mass(content, Reader(link=link), ready.media_id)
    # The name holds the push's birth, so that it stays new after the database was reset.
    name = f"push-{push.id}-{int(push.created_at.timestamp())}-{claim.no}"
    if ready.tag_id is not None:
        return tools.mass.send_to_tag(ready.tag_id, body, name)
    return tools.mass.send_to_many([openid for _, openid in ready.recipients], body, name)


def _end(
    session: Session, tools: Tools, claim: Claim, ready: _Ready, outcome: Outcome | None
) -> None:
    now, wait, pause = tools.clock.now(), _BUSY_PAUSE, ready.stop
    if outcome is not None:
        ids = [row_id for row_id, _ in ready.recipients]
        aftermath.settle_mass(session, claim, ids, _settled(ready.push, outcome), now)
        chunks.note_message(session, claim, outcome.message_id)
        if outcome.reason == _SAME_NAME_TOO_SOON:
            wait = _MINUTE
        if outcome.verdict == "stop":
            pause = f"微信返回 {outcome.reason}，整个推送先停下"
    chunks.release(session, claim, now + wait)
    if pause is not None:
        life.pause_by_itself(session, claim.push_id, pause, now)
        log.error("push_paused", push=claim.push_id, reason=pause)


def _settled(push: Push, outcome: Outcome) -> Settled:
    if outcome.verdict == "refused" and (further := calls.next_channel(push, "mass")):
        return Settled(0, "pending", further)
    states = {"sent": "sent", "refused": "failed", "unknown": "unknown"}
    state = states.get(outcome.verdict, "pending")
    return Settled(0, state, "mass", None if state in {"sent", "pending"} else outcome.reason)
