"""Followers: an openid that follows, or once followed, the account."""

from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, String, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from kernel import activity
from kernel.activity import BigId
from kernel.db import Base, insert_once


class Follower(Base):
    """What we know of an openid before anybody registers.

    `changed_at` is WeChat's own time of the last follow or unfollow that was applied: callbacks
    arrive in any order, and the later event must win whenever it comes.
    """

    __tablename__ = "follower"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    openid: Mapped[str] = mapped_column(String(64), unique=True)
    subscribed: Mapped[bool] = mapped_column(Boolean)
    scene: Mapped[str | None] = mapped_column(String(64))
    followed_at: Mapped[datetime | None] = mapped_column(index=True)
    unfollowed_at: Mapped[datetime | None] = mapped_column(index=True)
    changed_at: Mapped[datetime]
    created_at: Mapped[datetime]


def find(session: Session, openid: str) -> Follower | None:
    """The follower with that openid, if we ever heard of it."""
    return session.scalar(select(Follower).where(Follower.openid == openid))


def follow(session: Session, openid: str, at: datetime, scene: str | None = None) -> bool:
    """Note that `openid` follows since `at`; False when a later event was applied already.

    The first scene is kept: it says which channel won the follower.
    """
    changed = {"subscribed": True, "followed_at": at}
    if not _change(session, openid, at, changed, first={"scene": scene}):
        return False
    activity.record(session, "follow", at, who=(openid, None), scene=scene)
    return True


def unfollow(session: Session, openid: str, at: datetime) -> bool:
    """Note that `openid` left at `at`; the member, the points and the coupons stay."""
    if not _change(session, openid, at, {"subscribed": False, "unfollowed_at": at}, first={}):
        return False
    activity.record(session, "unfollow", at, who=(openid, None))
    return True


def _change(
    session: Session, openid: str, at: datetime, changed: dict[str, Any], first: dict[str, Any]
) -> bool:
    row = {"openid": openid, "changed_at": at, "created_at": at, **changed, **first}
    if insert_once(session, Follower, row, "openid"):
        return True
    updated = session.execute(
        update(Follower)
        .where(Follower.openid == openid, Follower.changed_at <= at)
        .values(changed_at=at, **changed)
    )
    return bool(updated.rowcount == 1)  # type: ignore[attr-defined]
