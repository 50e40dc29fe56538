"""Where pictures are used: what is used cannot be deleted, and people see where it shows."""

from collections.abc import Collection

from sqlalchemy import BigInteger, ColumnElement, ForeignKey, String, delete, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from kernel.db import Base
from kernel.refusals import Invalid

User = tuple[str, int]  # kind and number of what shows a picture
KIND_NAMES = {
    "article": "已发布的文章",
    "article_revision": "文章草稿",
    "branding": "卷首卷尾",
    "reply_rule": "自动回复",
    "announcement": "公告",
}


class MediaUse(Base):
    """One thing that shows one picture."""

    __tablename__ = "media_use"

    kind: Mapped[str] = mapped_column(String(20), primary_key=True)
    subject_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    media_id: Mapped[int] = mapped_column(
        ForeignKey("media.id"), primary_key=True, autoincrement=False, index=True
    )


def replace(session: Session, user: User, media_ids: Collection[int]) -> None:
    """Say which pictures something shows, and no others. Raises Invalid for one that is gone."""
    wanted, standing = set(media_ids), of(session, user)
    require(session, wanted - standing)
    if standing - wanted:
        gone = MediaUse.media_id.in_(standing - wanted)
        session.execute(delete(MediaUse).where(*_of(user), gone))
    new = sorted(wanted - standing)
    session.add_all(MediaUse(kind=user[0], subject_id=user[1], media_id=one) for one in new)
    session.flush()


def require(session: Session, media_ids: Collection[int], field: str = "blocks") -> None:
    """Hold the pictures, so that nobody deletes one meanwhile. Raises Invalid for one that is
    gone."""
    if not media_ids:
        return
    media = MediaUse.metadata.tables["media"]
    query = select(media.c.id).where(media.c.id.in_(media_ids), media.c.mime.like("image/%"))
    query = query.order_by(media.c.id)
    if len(session.scalars(query.with_for_update(read=True)).all()) != len(set(media_ids)):
        raise Invalid(field=field, reason="有图片已不在素材库里，请重新选择")


def copy(session: Session, source: User, to: User) -> None:
    """What one thing shows, the other one shows now."""
    replace(session, to, of(session, source))


def of(session: Session, user: User) -> set[int]:
    """The pictures that something shows."""
    return set(session.scalars(select(MediaUse.media_id).where(*_of(user))))


def of_media(session: Session, media_id: int, limit: int = 50) -> list[User]:
    """What shows the picture, by kind and number."""
    query = select(MediaUse.kind, MediaUse.subject_id).where(MediaUse.media_id == media_id)
    query = query.order_by(MediaUse.kind, MediaUse.subject_id.desc()).limit(limit)
    return [(row.kind, row.subject_id) for row in session.execute(query)]


def counts(session: Session, media_ids: Collection[int]) -> dict[int, int]:
    """How many things show each of the pictures."""
    query = select(MediaUse.media_id, func.count()).where(MediaUse.media_id.in_(media_ids))
    return {row[0]: row[1] for row in session.execute(query.group_by(MediaUse.media_id))}


def count(session: Session, media_id: int) -> int:
    """How many things show the picture."""
    return counts(session, [media_id]).get(media_id, 0)


def _of(user: User) -> tuple[ColumnElement[bool], ...]:
    return (MediaUse.kind == user[0], MediaUse.subject_id == user[1])
