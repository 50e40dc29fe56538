"""Credits of subscription notices: one 允许 of one follower for one template is one message.

developers.weixin.qq.com/doc/service/guide/product/message/subscription_notice: what was allowed
once is used up by one message and has no end; a long-term permission is never used up.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Index, Integer, String, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from kernel.activity import BigId
from kernel.db import Base, insert_once

FOREVER = -1


class NoticeCredit(Base):
    """How many messages of a template a follower still lets us send; -1 without end."""

    __tablename__ = "notice_credit"
    __table_args__ = (Index("ix_notice_credit_template_id_openid", "template_id", "openid"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    key: Mapped[str] = mapped_column(String(130), unique=True)
    openid: Mapped[str] = mapped_column(String(64), index=True)
    template_id: Mapped[str] = mapped_column(String(64))
    credits: Mapped[int] = mapped_column(Integer)
    changed_at: Mapped[datetime]


def allow(session: Session, openid: str, template_id: str, at: datetime) -> None:
    """The follower tapped 允许 once."""
    key = f"{openid}:{template_id}"
    row = {
        "key": key, "openid": openid, "template_id": template_id, "credits": 1, "changed_at": at,
    }  # fmt: skip
    if insert_once(session, NoticeCredit, row, "key"):
        return
    session.execute(
        update(NoticeCredit)
        .where(NoticeCredit.key == key, NoticeCredit.credits != FOREVER)
        .values(credits=NoticeCredit.credits + 1, changed_at=at)
    )


def revoke(session: Session, openid: str, template_id: str, at: datetime) -> None:
    """The follower refused or switched the notice off: what he had allowed is gone."""
    session.execute(
        update(NoticeCredit)
        .where(NoticeCredit.key == f"{openid}:{template_id}")
        .values(credits=0, changed_at=at)
    )


def use(session: Session, openids: Sequence[str], template_id: str, at: datetime) -> None:
    """One message was taken for each of these, or may have been."""
    session.execute(
        update(NoticeCredit)
        .where(
            NoticeCredit.key.in_([f"{openid}:{template_id}" for openid in openids]),
            NoticeCredit.credits > 0,
        )
        .values(credits=NoticeCredit.credits - 1, changed_at=at)
        .execution_options(synchronize_session=False)
    )


def take(session: Session, openid: str, template_id: str, at: datetime) -> bool:
    """Use one up for a message that is about to leave; False when the follower allows none."""
    key = f"{openid}:{template_id}"
    taken = session.execute(
        update(NoticeCredit)
        .where(NoticeCredit.key == key, NoticeCredit.credits > 0)
        .values(credits=NoticeCredit.credits - 1, changed_at=at)
        .execution_options(synchronize_session=False)
    )
    if taken.rowcount == 1:  # type: ignore[attr-defined]
        return True
    left = session.scalar(select(NoticeCredit.credits).where(NoticeCredit.key == key))
    return left == FOREVER


def exhaust(session: Session, openids: Sequence[str], template_id: str, at: datetime) -> None:
    """WeChat says that these allow nothing (43101): it knows better."""
    session.execute(
        update(NoticeCredit)
        .where(NoticeCredit.key.in_([f"{openid}:{template_id}" for openid in openids]))
        .values(credits=0, changed_at=at)
        .execution_options(synchronize_session=False)
    )


def of(session: Session, openid: str) -> dict[str, int]:
    """What one follower still allows, by template."""
    rows = session.execute(
        select(NoticeCredit.template_id, NoticeCredit.credits).where(NoticeCredit.openid == openid)
    )
    return {row.template_id: row.credits for row in rows}


def forget(session: Session, openid: str) -> None:
    """The follower is gone for ever."""
    found = session.scalars(select(NoticeCredit).where(NoticeCredit.openid == openid))
    for credit in found:
        session.delete(credit)
