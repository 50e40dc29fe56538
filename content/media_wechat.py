"""What WeChat calls our pictures: permanent and temporary media ids, addresses in bodies.

`use` is `material` (permanent, for covers and replies), `temporary` (kept three days by WeChat)
or `body` (an address from media/uploadimg). States: `waiting` → `sending` → `ready` | `failed`.
An upload that may have been taken is simply done again: a second copy harms nobody.
"""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta

from sqlalchemy import ForeignKey, Index, Integer, String, UniqueConstraint, or_, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from kernel.activity import BigId
from kernel.db import Base, insert_once

TEMPORARY_LIFE = timedelta(days=3)
_RENEWED_BEFORE = timedelta(hours=12)
_SENDING = timedelta(minutes=3)
_MOST_TRIES = 6
_NEVER = datetime(9000, 1, 1, tzinfo=UTC)
USES = {"material": "永久素材", "temporary": "临时素材（3 天）", "body": "正文图片"}
STATE_NAMES = {"waiting": "等待上传", "sending": "上传中", "ready": "可用", "failed": "未成功"}


class WechatMedia(Base):
    """One picture at WeChat for one use; temporary ones are sent anew before they expire."""

    __tablename__ = "wechat_media"
    __table_args__ = (
        UniqueConstraint("media_id", "use"),
        Index("ix_wechat_media_state_due_at", "state", "due_at"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    media_id: Mapped[int] = mapped_column(ForeignKey("media.id"))
    use: Mapped[str] = mapped_column(String(10))
    state: Mapped[str] = mapped_column(String(10))
    wechat_id: Mapped[str] = mapped_column(String(128), default="")
    url: Mapped[str] = mapped_column(String(500), default="")
    expires_at: Mapped[datetime | None]
    due_at: Mapped[datetime]
    tries: Mapped[int] = mapped_column(Integer, default=0)
    reason: Mapped[str] = mapped_column(String(200), default="")


def want(session: Session, media_ids: Collection[int], use: str, at: datetime) -> None:
    """Ask for the pictures to be at WeChat; a repeat changes nothing."""
    for media_id in sorted(set(media_ids)):
        row = {
            "media_id": media_id,
            "use": use,
            "state": "waiting",
            "wechat_id": "",
            "url": "",
            "due_at": at,
            "tries": 0,
            "reason": "",
        }
        insert_once(session, WechatMedia, row, "media_id,use")


def revive(session: Session, media_ids: Collection[int], at: datetime) -> None:
    """Try those that failed anew: somebody has looked into it."""
    session.execute(
        update(WechatMedia)
        .where(WechatMedia.media_id.in_(media_ids), WechatMedia.state == "failed")
        .values(state="waiting", due_at=at, tries=0)
        .execution_options(synchronize_session=False)
    )


def of_media(session: Session, media_id: int) -> list[WechatMedia]:
    """What WeChat has of a picture."""
    query = select(WechatMedia).where(WechatMedia.media_id == media_id)
    return list(session.scalars(query.order_by(WechatMedia.use)))


def ready(session: Session, media_ids: Collection[int], use: str, at: datetime) -> dict[int, str]:
    """The address (of a body's picture) or media id of those that WeChat has now."""
    rows = session.scalars(
        select(WechatMedia).where(
            WechatMedia.media_id.in_(media_ids),
            WechatMedia.use == use,
            WechatMedia.wechat_id + WechatMedia.url != "",
            or_(WechatMedia.expires_at.is_(None), WechatMedia.expires_at > at),
        )
    )
    return {row.media_id: row.url if use == "body" else row.wechat_id for row in rows}


def failures(session: Session, media_ids: Collection[int], use: str) -> list[str]:
    """Why some of the pictures will not come to WeChat by themselves."""
    query = select(WechatMedia.reason).where(
        WechatMedia.media_id.in_(media_ids),
        WechatMedia.use == use,
        WechatMedia.state == "failed",
    )
    return list(session.scalars(query))


def due(session: Session, at: datetime, limit: int = 20) -> list[int]:
    """What is to be sent now: new ones, temporary ones that expire soon, and lost ones."""
    query = select(WechatMedia.id).where(
        WechatMedia.state.in_(("waiting", "sending", "ready")), WechatMedia.due_at <= at
    )
    return list(session.scalars(query.order_by(WechatMedia.due_at).limit(limit)))


def claim(session: Session, row_id: int, at: datetime) -> WechatMedia | None:
    """Mark one `sending`; None when somebody else did, or it is not due."""
    claimed = session.execute(
        update(WechatMedia)
        .where(
            WechatMedia.id == row_id,
            WechatMedia.state.in_(("waiting", "sending", "ready")),
            WechatMedia.due_at <= at,
        )
        .values(state="sending", due_at=at + _SENDING, tries=WechatMedia.tries + 1)
        .execution_options(synchronize_session=False)
    )
    if claimed.rowcount != 1:  # type: ignore[attr-defined]
        return None
    return session.get_one(WechatMedia, row_id, populate_existing=True)


def settle(session: Session, row_id: int, wechat_id: str, url: str, at: datetime) -> None:
    """WeChat has it; a temporary one is due again twelve hours before it expires."""
    row = session.get_one(WechatMedia, row_id, with_for_update=True)
    row.state, row.tries, row.reason = "ready", 0, ""
    row.wechat_id, row.url = wechat_id[:128], url[:500]
    row.expires_at = at + TEMPORARY_LIFE if row.use == "temporary" else None
    row.due_at = row.expires_at - _RENEWED_BEFORE if row.expires_at else _NEVER


def fail(session: Session, row_id: int, reason: str, at: datetime, *, final: bool) -> None:
    """It did not come about: again later, unless that cannot help or was tried enough."""
    row = session.get_one(WechatMedia, row_id, with_for_update=True)
    row.reason = reason[:200]
    if final or row.tries >= _MOST_TRIES:
        row.state = "failed"
    else:
        row.state, row.due_at = "waiting", at + timedelta(seconds=15 * 2**row.tries)
