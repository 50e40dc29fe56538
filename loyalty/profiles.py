"""Profiles: what a hall wants to know of its members, as fields that it defines itself.

A value lies in the column of its kind, so that rules compare numbers as numbers, days as days.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Date,
    ForeignKey,
    Index,
    Integer,
    String,
    delete,
    select,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, Session, mapped_column

from kernel import activity, audit
from kernel.db import Base, TryAgain, insert_once
from kernel.refusals import Invalid

KINDS = {"text": "文字", "number": "整数", "date": "日期", "choice": "单选"}
TEXT_LENGTH = 100
CHOICES = 50
NUMBER_LIMIT = 10**15
_CHANGEABLE = ("title", "choices", "required", "position", "active")
_CODE = re.compile(r"[a-z][a-z0-9_]{0,29}")
_NUMBER = re.compile(r"-?\d{1,16}", re.ASCII)
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_COLUMNS = {
    "text": "text_value",
    "choice": "text_value",
    "number": "number_value",
    "date": "day_value",
}

Value = str | int | date


class ProfileField(Base):
    """One question to members; `kind` never changes, since values lie in its column."""

    __tablename__ = "profile_field"

    code: Mapped[str] = mapped_column(String(30), primary_key=True)
    title: Mapped[str] = mapped_column(String(20))
    kind: Mapped[str] = mapped_column(String(10))
    choices: Mapped[list[str]] = mapped_column(JSON)
    required: Mapped[bool] = mapped_column(Boolean)
    position: Mapped[int] = mapped_column(Integer)
    active: Mapped[bool] = mapped_column(Boolean)


class ProfileValue(Base):
    """One member's answer, in the column of the field's kind."""

    __tablename__ = "profile_value"
    __table_args__ = (
        Index("ix_profile_value_text", "field_code", "text_value"),
        Index("ix_profile_value_number", "field_code", "number_value"),
        Index("ix_profile_value_day", "field_code", "day_value"),
    )

    member_id: Mapped[int] = mapped_column(
        ForeignKey("member.id"), primary_key=True, autoincrement=False
    )
    field_code: Mapped[str] = mapped_column(ForeignKey("profile_field.code"), primary_key=True)
    text_value: Mapped[str | None] = mapped_column(String(TEXT_LENGTH))
    number_value: Mapped[int | None] = mapped_column(BigInteger)
    day_value: Mapped[date | None] = mapped_column(Date)
    saved_at: Mapped[datetime]

    def value(self) -> Value | None:
        """The answer, whichever column it is in."""
        if self.text_value is not None:
            return self.text_value
        return self.number_value if self.number_value is not None else self.day_value


@dataclass(frozen=True)
class Question:
    """A field as an operator fills it in."""

    code: str
    title: str
    kind: str
    choices: tuple[str, ...] = ()
    required: bool = False
    position: int = 0
    active: bool = True


def define(session: Session, question: Question, at: datetime, *, by: int | None) -> ProfileField:
    """Add a field, or change one that is there: all but its code and kind.

    A choice that was taken away stays with those who chose it. Raises Invalid with the field.
    """
    _check(question)
    field = session.get(ProfileField, question.code, with_for_update=True)
    if field is not None and field.kind != question.kind:
        raise Invalid(field="kind", reason="字段类型不能修改，请另建一个字段")
    action = "profile_field.added" if field is None else "profile_field.changed"
    before = None if field is None else audit.values(field, _CHANGEABLE)
    field = field or ProfileField(code=question.code, kind=question.kind)
    field.title, field.choices = question.title.strip(), list(question.choices)
    field.required, field.position = question.required, question.position
    field.active = question.active
    session.add(field)
    try:
        session.flush()
    except IntegrityError as error:  # a colleague has just added it
        raise TryAgain from error
    changes = audit.changes(before, audit.values(field, _CHANGEABLE), _CHANGEABLE)
    subject = f"profile_field:{question.code}"
    audit.write(session, action, subject, at, by=(by, None), changes=changes)
    return field


def _check(question: Question) -> None:
    if not _CODE.fullmatch(question.code):
        raise Invalid(field="code", reason="代码用小写字母、数字和下划线，字母开头")
    if not 1 <= len(question.title.strip()) <= 20:
        raise Invalid(field="title", reason="请填写名称（20 字以内）")
    if question.kind not in KINDS:
        raise Invalid(field="kind", reason="没有这种字段类型")
    fits = all(choice == _clean(choice) and choice for choice in question.choices)
    unique = len(set(question.choices)) == len(question.choices)
    enough = 2 <= len(question.choices) <= CHOICES
    if question.kind == "choice" and not (fits and unique and enough):
        raise Invalid(field="choices", reason=f"请填写 2 至 {CHOICES} 个不同的选项")
    if question.kind != "choice" and question.choices:
        raise Invalid(field="choices", reason="只有单选字段才有选项")


def fields(session: Session, *, with_inactive: bool = False) -> Sequence[ProfileField]:
    """The fields in their order."""
    query = select(ProfileField).order_by(ProfileField.position, ProfileField.code)
    if not with_inactive:
        query = query.where(ProfileField.active.is_(True))
    return session.scalars(query).all()


def save(session: Session, member_id: int, answers: Mapping[str, str], at: datetime) -> list[str]:
    """Save what a member filled in, by field code; an empty answer removes the value.

    Returns the codes that changed. Fields that are not named stay as they are. Raises Invalid:
    an unknown or inactive field, a value that is none of its kind, a required one left empty.
    """
    known = {field.code: field for field in fields(session)}
    parsed: dict[str, Value | None] = {}
    for code, text in answers.items():
        if code not in known:
            raise Invalid(field=code[:30], reason="没有这个字段")
        parsed[code] = parse(known[code], text)
    stored = read(session, member_id)
    changed = [code for code, value in parsed.items() if stored.get(code) != value]
    for code in changed:
        _put(session, (member_id, known[code]), parsed[code], at)
    if changed:
        who = (None, member_id)
        activity.record(session, "profile.changed", at, who=who, fields=changed)
    return changed


def _put(
    session: Session, place: tuple[int, ProfileField], value: Value | None, at: datetime
) -> None:
    member_id, field = place
    session.execute(
        delete(ProfileValue).where(
            ProfileValue.member_id == member_id, ProfileValue.field_code == field.code
        )
    )
    if value is None:
        return
    row = {"text_value": None, "number_value": None, "day_value": None}
    insert_once(
        session,
        ProfileValue,
        {
            **row,
            "member_id": member_id,
            "field_code": field.code,
            "saved_at": at,
            _COLUMNS[field.kind]: value,
        },
        "member_id,field_code",
    )


def parse(field: ProfileField, text: str) -> Value | None:
    """The value behind what a person typed; None for nothing. Raises Invalid with the field.

    A day is written 2026-02-03, a number with digits only: nothing is guessed.
    """
    kept = _clean(text)
    if not kept:
        if field.required:
            raise Invalid(field=field.code, reason=f"请填写{field.title}")
        return None
    reading = {"text": _text, "choice": _choice, "number": _number, "date": _day}[field.kind]
    value = reading(field, kept)
    if value is None:
        raise Invalid(field=field.code, reason=f"{field.title}填写有误")
    return value


def _text(_field: ProfileField, text: str) -> Value | None:
    return text if len(text) <= TEXT_LENGTH else None


def _choice(field: ProfileField, text: str) -> Value | None:
    return text if text in field.choices else None


def _number(_field: ProfileField, text: str) -> Value | None:
    if not _NUMBER.fullmatch(text) or abs(int(text)) > NUMBER_LIMIT:
        return None
    return int(text)


def _day(_field: ProfileField, text: str) -> Value | None:
    if not _DAY.fullmatch(text):
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _clean(text: str) -> str:
    kept = "".join(char for char in text if unicodedata.category(char)[0] != "C")
    return " ".join(kept.split())


def read(session: Session, member_id: int) -> dict[str, Value | None]:
    """The member's answers by field code, those of inactive fields too."""
    rows = session.scalars(select(ProfileValue).where(ProfileValue.member_id == member_id))
    return {row.field_code: row.value() for row in rows}


def missing(session: Session, member_id: int) -> list[ProfileField]:
    """Required fields that the member has not answered."""
    answered = read(session, member_id)
    return [field for field in fields(session) if field.required and field.code not in answered]


def erase(session: Session, member_id: int) -> None:
    """Remove every answer of the member."""
    session.execute(delete(ProfileValue).where(ProfileValue.member_id == member_id))
