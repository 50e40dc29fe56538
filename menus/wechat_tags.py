"""Which tag of WeChat's stands for which of ours, and whom WeChat has it on.

Only tags that a menu goes by are carried over. A row of `WechatTagging` is one follower's tag as
WeChat should have it (`wanted`) and as far as that got; putting a tag twice does no harm, so what
is unsure is simply sent again. WeChat's limits: 100 tags an account, 20 a follower, 50 a call.
"""

from datetime import datetime

from sqlalchemy import BigInteger, Boolean, ForeignKey, Index, String, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from kernel.db import Base, insert_once
from loyalty.tags import Tag

MOST_TAGS = 100
NAME_BYTES = 30


class WechatTag(Base):
    """The tag of WeChat's that stands for one of ours; `problem` is why there is none yet."""

    __tablename__ = "wechat_tag"

    tag_id: Mapped[int] = mapped_column(
        ForeignKey("tag.id"), primary_key=True, autoincrement=False
    )
    wechat_id: Mapped[int | None] = mapped_column(BigInteger, unique=True)
    name: Mapped[str] = mapped_column(String(30))
    problem: Mapped[str | None] = mapped_column(String(200))
    changed_at: Mapped[datetime]


class WechatTagging(Base):
    """One follower's tag. `state` is waiting, alone (to be sent by itself, since a batch with it
    was refused), sending, done or failed."""

    __tablename__ = "wechat_tagging"
    __table_args__ = (Index("ix_wechat_tagging_state_tag_id", "state", "tag_id"),)

    tag_id: Mapped[int] = mapped_column(
        ForeignKey("tag.id"), primary_key=True, autoincrement=False
    )
    openid: Mapped[str] = mapped_column(String(64), primary_key=True)
    wanted: Mapped[bool] = mapped_column(Boolean)
    state: Mapped[str] = mapped_column(String(10))
    held_until: Mapped[datetime | None]
    reason: Mapped[str | None] = mapped_column(String(80))
    changed_at: Mapped[datetime]


def ids(session: Session, codes: list[str]) -> dict[str, int]:
    """The ids at WeChat of those of our tags that have one, by code."""
    rows = session.execute(
        select(Tag.code, WechatTag.wechat_id)
        .join(WechatTag, WechatTag.tag_id == Tag.id)
        .where(Tag.code.in_(codes), WechatTag.wechat_id.is_not(None))
    )
    return {row.code: row.wechat_id for row in rows}


def id_of(session: Session, code: str) -> int | None:
    """The id at WeChat of one of our tags; None while it has none."""
    return ids(session, [code]).get(code)


def names(session: Session, codes: list[str]) -> dict[str, str]:
    """What our tags are called, by code; at WeChat they bear the same name."""
    rows = session.execute(select(Tag.code, Tag.name).where(Tag.code.in_(codes)))
    return {row.code: fitting(row.name) for row in rows}


def fitting(name: str) -> str:
    """The name as WeChat takes it: at most 30 bytes, whole characters."""
    return name.encode()[:NAME_BYTES].decode(errors="ignore")


def forget(session: Session, codes: list[str]) -> None:
    """WeChat does not know these tags any more: they are looked for, or made, anew."""
    tags = select(Tag.id).where(Tag.code.in_(codes))
    session.execute(update(WechatTag).where(WechatTag.tag_id.in_(tags)).values(wechat_id=None))
    session.execute(
        update(WechatTagging)
        .where(WechatTagging.tag_id.in_(tags), WechatTagging.wanted.is_(True))
        .values(state="waiting")
    )


def keep(
    session: Session, code: str, wechat_id: int | None, at: datetime, problem: str = ""
) -> None:
    """Note which tag at WeChat is ours, or why there is none."""
    tag = session.scalar(select(Tag).where(Tag.code == code))
    if tag is None:
        return
    row = {
        "tag_id": tag.id,
        "wechat_id": wechat_id,
        "name": fitting(tag.name),
        "problem": problem or None,
        "changed_at": at,
    }
    if not insert_once(session, WechatTag, row, "tag_id"):
        known = session.get_one(WechatTag, tag.id)
        known.wechat_id = wechat_id if wechat_id is not None else known.wechat_id
        known.problem, known.changed_at = problem or None, at
        session.flush()
