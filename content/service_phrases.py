"""客服常用语: sentences that staff put into answers with one click, changed by two people."""

import secrets
from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, Integer, String, Text, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from content import changes
from content.changes import Kind
from content.conversation_messages import TEXT_BYTES
from content.reviews import Hand, Review
from content.wording import size
from kernel.activity import BigId
from kernel.db import Base
from kernel.refusals import Invalid, NotFound

_TITLE, _GROUP = 20, 20
_TITLES = {"group_name": "分组", "title": "标题", "text": "内容"}


class ServicePhrase(Base):
    """One sentence, in a group such as 报修; a retired one (`active` false) is offered no more."""

    __tablename__ = "service_phrase"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    code: Mapped[str] = mapped_column(String(40), unique=True)
    group_name: Mapped[str] = mapped_column(String(_GROUP))
    title: Mapped[str] = mapped_column(String(_TITLE))
    text: Mapped[str] = mapped_column(Text)
    position: Mapped[int] = mapped_column(Integer)
    active: Mapped[bool] = mapped_column(Boolean, default=True)
    version: Mapped[int] = mapped_column(Integer, default=1)
    edited_at: Mapped[datetime]

    @property
    def values(self) -> dict[str, Any]:
        """Everything that people may change, by column."""
        return {name: getattr(self, name) for name in _TITLES}


KIND = Kind(
    "service_phrase",
    ServicePhrase,
    "常用语",
    _TITLES,
    retiring="停用常用语",
    called="title",
    channel="reply",
)


def ask_new(session: Session, words: tuple[str, str, str], hand: Hand, note: str = "") -> Review:
    """Ask for a new phrase; `words` = (group, title, text). Raises NotCompliant, Invalid."""
    last = session.scalar(select(func.max(ServicePhrase.position))) or 0
    values = {**_checked(*words), "position": last + 10}
    return changes.ask(session, KIND.new(f"p-{secrets.token_hex(6)}", values), hand, note)


def ask_change(
    session: Session, phrase_id: int, words: tuple[str, str, str], hand: Hand, note: str = ""
) -> Review:
    """Ask for other words. Raises ChangeOpen, NotCompliant, Invalid, NotFound."""
    draft = KIND.change(get(session, phrase_id), _checked(*words))
    return changes.ask(session, draft, hand, note)


def ask_retirement(session: Session, phrase_id: int, hand: Hand, note: str = "") -> Review:
    """Ask for it to be offered no more. Raises ChangeOpen, NotFound."""
    return changes.ask(session, KIND.retirement(get(session, phrase_id)), hand, note)


def get(session: Session, phrase_id: int) -> ServicePhrase:
    """The phrase with that number. Raises NotFound."""
    phrase = session.get(ServicePhrase, phrase_id)
    if phrase is None:
        raise NotFound(phrase=phrase_id)
    return phrase


def every(session: Session) -> list[ServicePhrase]:
    """The phrases in use, by group and order."""
    query = select(ServicePhrase).where(ServicePhrase.active.is_(True))
    return list(
        session.scalars(
            query.order_by(ServicePhrase.group_name, ServicePhrase.position, ServicePhrase.id)
        )
    )


def _checked(group_name: str, title: str, text: str) -> dict[str, str]:
    group_name, title, text = group_name.strip(), title.strip(), text.strip()
    if not 1 <= len(title) <= _TITLE:
        raise Invalid(field="title", reason=f"标题要有 1 至 {_TITLE} 个字")
    if not 1 <= len(group_name) <= _GROUP:
        raise Invalid(field="group_name", reason=f"分组要有 1 至 {_GROUP} 个字")
    if not text or size(text) > TEXT_BYTES:
        raise Invalid(field="text", reason=f"内容要有 1 至 {TEXT_BYTES} 字节")
    return {"group_name": group_name, "title": title, "text": text}
