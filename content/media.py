"""The media library: pictures, voices and videos that operators uploaded, by their digest."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ForeignKey, Integer, String, delete, or_, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from content import media_uses
from content.inline import clean
from content.media_images import Picture
from content.media_recordings import Recording, kind_of
from content.media_wechat import WechatMedia
from content.reviews import Hand
from kernel import audit
from kernel.activity import BigId
from kernel.db import Base, insert_once
from kernel.refusals import Invalid, NotFound, Refused

KIND_NAMES = {"image": "图片", "voice": "语音", "video": "视频"}
_MIMES = {"image": "image/%", "voice": "audio/%", "video": "video/%"}
NAME_LETTERS, ALT_LETTERS = 80, 100


class Media(Base):
    """One picture, voice or video; `alt` is what it shows or says. `size` is in bytes.

    Voices and videos have no size in pixels and nothing small.
    """

    __tablename__ = "media"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    small_digest: Mapped[str] = mapped_column(String(64), index=True)
    mime: Mapped[str] = mapped_column(String(40))
    width: Mapped[int] = mapped_column(Integer)
    height: Mapped[int] = mapped_column(Integer)
    size: Mapped[int] = mapped_column(Integer)
    name: Mapped[str] = mapped_column(String(NAME_LETTERS))
    alt: Mapped[str] = mapped_column(String(ALT_LETTERS))
    uploaded_by: Mapped[int | None] = mapped_column(ForeignKey("operator.id"))
    uploaded_at: Mapped[datetime]

    @property
    def kind(self) -> str:
        """What WeChat calls it: image, voice or video."""
        return kind_of(self.mime)


class MediaInUse(Refused):
    """Something shows it; fact: `count`, how many."""

    code = "media_in_use"


@dataclass(frozen=True)
class Label:
    """What people call a picture, and what it shows."""

    name: str
    alt: str = ""


def add(session: Session, picture: Picture | Recording, label: Label, hand: Hand) -> Media:
    """Name a picture that `keep` has put into the store; the same twice is one. Raises Invalid."""
    row = {
        "digest": picture.digest,
        "small_digest": picture.small_digest,
        "mime": picture.mime,
        "width": picture.width,
        "height": picture.height,
        "size": len(picture.content),
        "name": _name(label.name),
        "alt": _alt(label.alt),
        "uploaded_by": hand.by,
        "uploaded_at": hand.at,
    }
    new = insert_once(session, Media, row, "digest")
    found = session.scalars(select(Media).where(Media.digest == picture.digest)).one()
    if new:
        by = (hand.by, None)
        audit.write(session, "media.added", f"media:{found.id}", hand.at, by=by, name=found.name)
    return found


def label(session: Session, media_id: int, wanted: Label, hand: Hand) -> Media:
    """Name it, say what it shows. Raises Invalid, NotFound."""
    found = get(session, media_id)
    name, alt = _name(wanted.name), _alt(wanted.alt)
    pairs = {"名称": [found.name, name], "说明": [found.alt, alt]}
    changes = {title: pair for title, pair in pairs.items() if pair[0] != pair[1]}
    found.name, found.alt = name, alt
    if changes:
        subject, by = f"media:{media_id}", (hand.by, None)
        audit.write(session, "media.labelled", subject, hand.at, by=by, changes=changes)
    return found


def remove(session: Session, media_id: int, hand: Hand) -> None:
    """Take it out of the library; the sweep deletes its file. Raises MediaInUse, NotFound."""
    found = session.scalar(select(Media).where(Media.id == media_id).with_for_update())
    if found is None:
        raise NotFound(media=media_id)
    used = media_uses.count(session, media_id)
    if used:
        raise MediaInUse(count=used)
    session.execute(delete(WechatMedia).where(WechatMedia.media_id == media_id))
    session.delete(found)
    subject, by = f"media:{media_id}", (hand.by, None)
    audit.write(session, "media.removed", subject, hand.at, by=by, name=found.name)


def get(session: Session, media_id: int) -> Media:
    """The picture with that number. Raises NotFound."""
    found = session.get(Media, media_id)
    if found is None:
        raise NotFound(media=media_id)
    return found


def by_digest(session: Session, digest: str) -> Media:
    """The picture with those bytes. Raises NotFound."""
    found = session.scalar(select(Media).where(Media.digest == digest))
    if found is None:
        raise NotFound(media=digest[:64])
    return found


def is_gone(session: Session, digest: str) -> bool:
    """Whether no picture has those bytes any more, neither large nor small."""
    named = or_(Media.digest == digest, Media.small_digest == digest)
    return session.scalar(select(Media.id).where(named).limit(1)) is None


def search(
    session: Session,
    words: str = "",
    before_id: int | None = None,
    limit: int = 24,
    kind: str = "image",
) -> list[Media]:
    """What is of the kind and holds the words in its name or description, newest first, a page at
    a time; `kind` of "" is every kind."""
    query = select(Media).order_by(Media.id.desc()).limit(limit)
    if kind:
        query = query.where(Media.mime.like(_MIMES.get(kind, "none")))
    if before_id is not None:
        query = query.where(Media.id < before_id)
    if words:
        query = query.where(
            or_(
                Media.name.contains(words, autoescape=True),
                Media.alt.contains(words, autoescape=True),
            )
        )
    return list(session.scalars(query))


def _name(name: str) -> str:
    # Only what stands behind the last slash: a name is shown, and never a path.
    name = " ".join(clean(name.replace("\\", "/").rpartition("/")[2]).split())
    return name[:NAME_LETTERS] or "未命名"


def _alt(alt: str) -> str:
    alt = " ".join(clean(alt).split())
    if len(alt) > ALT_LETTERS:
        raise Invalid(field="alt", reason=f"说明最多 {ALT_LETTERS} 字")
    return alt
