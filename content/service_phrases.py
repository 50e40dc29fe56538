"""客服常用语: sentences that staff put into their answers with one click."""

from datetime import datetime

from sqlalchemy import Boolean, Integer, String, Text, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from content.conversation_messages import TEXT_BYTES
from content.wording import size
from kernel import audit
from kernel.activity import BigId
from kernel.db import Base
from kernel.refusals import Invalid, NotFound

_TITLE, _GROUP = 20, 20


class ServicePhrase(Base):
    """One sentence, in a group such as 报修."""

    __tablename__ = "service_phrase"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    group_name: Mapped[str] = mapped_column(String(_GROUP))
    title: Mapped[str] = mapped_column(String(_TITLE))
    text: Mapped[str] = mapped_column(Text)
    position: Mapped[int] = mapped_column(Integer)
    active: Mapped[bool] = mapped_column(Boolean)
    changed_at: Mapped[datetime]


def add(
    session: Session, group_name: str, title: str, text: str, hand: tuple[int, datetime]
) -> ServicePhrase:
    """A new phrase; `hand` = (operator, instant). Raises Invalid."""
    by, at = hand
    values = _checked(group_name, title, text)
    last = session.scalar(select(func.max(ServicePhrase.position))) or 0
    phrase = ServicePhrase(**values, position=last + 10, active=True, changed_at=at)
    session.add(phrase)
    session.flush()  # its number, for the log
    changes = {name: [None, value] for name, value in _named(values).items()}
    _note(session, "service_phrase.added", phrase, (by, at), changes)
    return phrase


def change(
    session: Session, phrase_id: int, words: tuple[str, str, str], by: int, at: datetime
) -> ServicePhrase:
    """Other words; `words` = (group, title, text). Raises Invalid, NotFound."""
    phrase = get(session, phrase_id)
    values = _checked(*words)
    before = {name: getattr(phrase, name) for name in values}
    for name, value in values.items():
        setattr(phrase, name, value)
    phrase.changed_at = at
    shown = _named(before)
    changes = {
        name: [shown[name], value]
        for name, value in _named(values).items()
        if shown[name] != value
    }
    _note(session, "service_phrase.changed", phrase, (by, at), changes)
    return phrase


def retire(session: Session, phrase_id: int, by: int, at: datetime) -> None:
    """Offer it no more. Raises NotFound."""
    phrase = get(session, phrase_id)
    phrase.active, phrase.changed_at = False, at
    _note(session, "service_phrase.retired", phrase, (by, at), {"状态": ["使用中", "已停用"]})


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


def _named(values: dict[str, str]) -> dict[str, str]:
    names = {"group_name": "分组", "title": "标题", "text": "内容"}
    return {names[name]: value for name, value in values.items()}


def _note(
    session: Session,
    action: str,
    phrase: ServicePhrase,
    hand: tuple[int, datetime],
    changes: dict[str, list[str]] | dict[str, list[str | None]],
) -> None:
    by, at = hand
    subject = f"service_phrase:{phrase.id}"
    audit.write(session, action, subject, at, by=(by, None), changes=changes)
