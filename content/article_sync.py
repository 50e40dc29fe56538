"""Articles on their way to WeChat: a row a sync, each call at most once.

States: `waiting` → `drafting` → `drafted` → `submitting` → `submitted` → `published`, or `failed`
with its reason, or `unknown`. The state before a call is committed before the call; when no clear
answer came, `unknown` is looked into at WeChat by the draft's own address, `marker`, and only what
surely was not done is done again. A sync that only drafts ends with `drafted`.
"""

from datetime import datetime, timedelta

from sqlalchemy import Boolean, ForeignKey, Index, Integer, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from content import media_uses, media_wechat
from content.article_revisions import ArticleRevision
from content.reviews import Hand
from kernel import audit
from kernel.activity import BigId
from kernel.db import Base, insert_once
from kernel.refusals import NotFound, Refused

CALLING = timedelta(minutes=3)
LOOKING = timedelta(minutes=1)
# So long WeChat may need; afterwards somebody has to look.
PATIENCE = timedelta(hours=24)
MOST_TRIES = 8
STATE_NAMES = {
    "waiting": "等待同步",
    "drafting": "正在建草稿",
    "drafted": "已在草稿箱",
    "submitting": "正在提交发布",
    "submitted": "微信审核发布中",
    "published": "已发布到微信",
    "failed": "未成功",
    "unknown": "结果待核实",
}
ENDED = ("published", "failed")


class ArticleSync(Base):
    """One revision's way to WeChat; `step` is the call that an `unknown` is about."""

    __tablename__ = "article_sync"
    __table_args__ = (
        Index("ix_article_sync_state_due_at", "state", "due_at"),
        Index("ix_article_sync_article_id_id", "article_id", "id"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    article_id: Mapped[int] = mapped_column(ForeignKey("article.id"))
    revision_id: Mapped[int] = mapped_column(ForeignKey("article_revision.id"))
    open_for: Mapped[int | None] = mapped_column(BigId, unique=True)
    publishes: Mapped[bool] = mapped_column(Boolean)
    state: Mapped[str] = mapped_column(String(12))
    step: Mapped[str] = mapped_column(String(10), default="")
    marker: Mapped[str] = mapped_column(String(200), default="", index=True)
    draft_id: Mapped[str] = mapped_column(String(128), default="")
    publish_id: Mapped[str] = mapped_column(String(64), default="", index=True)
    wechat_article_id: Mapped[str] = mapped_column(String(128), default="")
    url: Mapped[str] = mapped_column(String(500), default="")
    reason: Mapped[str] = mapped_column(String(200), default="")
    tries: Mapped[int] = mapped_column(Integer, default=0)
    due_at: Mapped[datetime]
    asked_by: Mapped[int | None] = mapped_column(ForeignKey("operator.id"))
    asked_at: Mapped[datetime]
    called_at: Mapped[datetime | None]
    settled_at: Mapped[datetime | None]


class SyncRunning(Refused):
    """The article is on its way already; fact: `state` in words."""

    code = "sync_running"


class SyncState(Refused):
    """The sync is not in a state that allows this; fact: `state` in words."""

    code = "sync_state"


def ask(
    session: Session, revision: ArticleRevision, hand: Hand, *, publishes: bool = True
) -> ArticleSync:
    """Bring a published revision to WeChat: into the drafts, and on to publication if it is so.

    Raises SyncRunning. WeChat cannot change what it has published: each publication is a new
    article there.
    """
    row = {
        "article_id": revision.article_id,
        "revision_id": revision.id,
        "open_for": revision.article_id,
        "publishes": publishes,
        "state": "waiting",
        "step": "",
        "marker": "",
        "draft_id": _draft_of(session, revision.article_id),
        "publish_id": "",
        "wechat_article_id": "",
        "url": "",
        "reason": "",
        "tries": 0,
        "due_at": hand.at,
        "asked_by": hand.by,
        "asked_at": hand.at,
    }
    if not insert_once(session, ArticleSync, row, "open_for"):
        standing = session.scalars(
            select(ArticleSync).where(ArticleSync.open_for == revision.article_id)
        ).first()
        raise SyncRunning(state=STATE_NAMES[standing.state] if standing else "")
    subject, by = f"article:{revision.article_id}", (hand.by, None)
    audit.write(session, "article.sync_asked", subject, hand.at, by=by, revision=revision.id)
    query = select(ArticleSync).where(ArticleSync.open_for == revision.article_id)
    return session.scalars(query).one()


def retry(session: Session, sync_id: int, hand: Hand) -> ArticleSync:
    """Try what failed anew, from where it got to. Raises SyncState, SyncRunning, NotFound."""
    row = _hold(session, sync_id)
    _require(row, "failed")
    busy = session.scalar(select(ArticleSync.id).where(ArticleSync.open_for == row.article_id))
    if busy is not None:
        raise SyncRunning(state="")
    media_wechat.revive(session, media_uses.of(session, ("article", row.article_id)), hand.at)
    row.state, row.step = "waiting", ""
    row.open_for, row.tries, row.due_at, row.asked_at = row.article_id, 0, hand.at, hand.at
    _audit(session, "article.sync_retried", row, hand)
    return row


def give_up(session: Session, sync_id: int, hand: Hand) -> ArticleSync:
    """Somebody looked and decided: it goes no further by itself. Raises SyncState, NotFound."""
    row = _hold(session, sync_id)
    _require(row, "waiting", "unknown", "drafted")
    _end(row, "failed", "已人工终止", hand.at)
    _audit(session, "article.sync_given_up", row, hand)
    return row


def of_article(session: Session, article_id: int, limit: int = 20) -> list[ArticleSync]:
    """The syncs of an article, newest first."""
    query = select(ArticleSync).where(ArticleSync.article_id == article_id)
    return list(session.scalars(query.order_by(ArticleSync.id.desc()).limit(limit)))


def due(session: Session, at: datetime, limit: int = 10) -> list[int]:
    """What a worker should go on with."""
    query = select(ArticleSync.id).where(ArticleSync.state.not_in(ENDED), ArticleSync.due_at <= at)
    return list(session.scalars(query.order_by(ArticleSync.due_at).limit(limit)))


def claim(session: Session, sync_id: int, marker: str, at: datetime) -> ArticleSync | None:
    """Take the next step of a sync, committed before its call; None when nothing is due.

    A row found in the middle of a call is what its worker lost: its outcome is unknown.
    """
    row = _hold(session, sync_id)
    if row.state in ENDED or row.due_at > at:
        return None
    if row.state in {"drafting", "submitting"}:
        row.step = "draft" if row.state == "drafting" else "submit"
        row.state = "unknown"
    if row.state == "waiting":
        row.state, row.called_at = "drafting", at
        row.marker = row.marker or marker
    elif row.state == "drafted":
        row.state, row.called_at = "submitting", at
    row.due_at = at + CALLING
    session.flush()
    return row


def drafted(session: Session, sync_id: int, draft_id: str, at: datetime) -> None:
    """WeChat keeps the draft."""
    row = _hold(session, sync_id)
    row.state, row.draft_id, row.tries, row.reason = "drafted", draft_id[:128], 0, ""
    row.due_at = at
    if not row.publishes:
        row.due_at, row.open_for, row.settled_at = at + timedelta(days=36_500), None, at


def submitted(session: Session, sync_id: int, publish_id: str, at: datetime) -> None:
    """WeChat took the order to publish; how it went is asked later, or told by an event."""
    row = _hold(session, sync_id)
    if row.state == "published":
        return  # the event was faster than the answer
    row.state, row.publish_id, row.tries = "submitted", publish_id[:64], 0
    row.due_at = at + LOOKING


def published(session: Session, sync_id: int, article: tuple[str, str], at: datetime) -> None:
    """WeChat shows it, as (article id, address)."""
    row = _hold(session, sync_id)
    row.wechat_article_id, row.url = article[0][:128], article[1][:500]
    _end(row, "published", "", at)


def failed(session: Session, sync_id: int, reason: str, at: datetime) -> None:
    """It surely will not be published by itself."""
    row = _hold(session, sync_id)
    if row.state != "published":
        _end(row, "failed", reason, at)


def unknown(session: Session, sync_id: int, reason: str, at: datetime) -> None:
    """No clear answer: WeChat is asked in a while what it has."""
    row = _hold(session, sync_id)
    if row.state in ENDED:
        return
    if row.state in {"drafting", "submitting"}:
        row.step = "draft" if row.state == "drafting" else "submit"
    row.state, row.reason, row.due_at = "unknown", reason[:200], at + LOOKING


def again(session: Session, sync_id: int, reason: str, at: datetime) -> None:
    """Surely not done, and worth another try: later each time, and not for ever."""
    row = _hold(session, sync_id)
    if row.state in ENDED:
        return
    back = {"drafting": "waiting", "submitting": "drafted"}
    if row.state == "unknown":
        row.state = "waiting" if row.step == "draft" else "drafted"
    row.state, row.reason = back.get(row.state, row.state), reason[:200]
    row.tries += 1
    row.due_at = at + timedelta(seconds=15 * 2 ** min(row.tries, 8))
    if row.tries >= MOST_TRIES:
        _end(row, "failed", reason, at)


def wait(session: Session, sync_id: int, at: datetime) -> None:
    """Its pictures are not at WeChat yet."""
    row = _hold(session, sync_id)
    row.state, row.due_at = "waiting", at + timedelta(seconds=5)


def look_later(session: Session, sync_id: int, at: datetime) -> None:
    """WeChat is still at it; after a day somebody has to look."""
    row = _hold(session, sync_id)
    if row.state in ENDED:
        return
    row.due_at = at + LOOKING
    if at - (row.called_at or row.asked_at) > PATIENCE:
        _end(row, "failed", "一天内没有结果，请到公众平台核实后再决定", at)


def by_publish_id(session: Session, publish_id: str) -> ArticleSync | None:
    """The sync that WeChat's event is about."""
    if not publish_id:
        return None
    return session.scalar(select(ArticleSync).where(ArticleSync.publish_id == publish_id))


def _draft_of(session: Session, article_id: int) -> str:
    # A draft that was never published is changed in place, not left behind.
    last = session.scalar(
        select(ArticleSync)
        .where(ArticleSync.article_id == article_id)
        .order_by(ArticleSync.id.desc())
        .limit(1)
    )
    if last is None or last.state not in {"drafted", "failed"} or last.publish_id:
        return ""
    return last.draft_id if last.step != "submit" else ""


def _hold(session: Session, sync_id: int) -> ArticleSync:
    row = session.scalar(
        select(ArticleSync)
        .where(ArticleSync.id == sync_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if row is None:
        raise NotFound(sync=sync_id)
    return row


def _require(row: ArticleSync, *states: str) -> None:
    if row.state not in states:
        raise SyncState(state=STATE_NAMES[row.state])


def _end(row: ArticleSync, state: str, reason: str, at: datetime) -> None:
    row.state, row.reason, row.settled_at, row.open_for = state, reason[:200], at, None


def _audit(session: Session, action: str, row: ArticleSync, hand: Hand) -> None:
    subject, by = f"article:{row.article_id}", (hand.by, None)
    audit.write(session, action, subject, hand.at, by=by, sync=row.id)
