"""A member's own answers as fields of rules: what the hall asks, and the birthday."""

import re
from collections.abc import Iterable
from typing import Any

from sqlalchemy import ColumnElement, extract, func, literal, select
from sqlalchemy.orm import Session

from loyalty.members import Member
from loyalty.profiles import ProfileField, ProfileValue
from loyalty.rule_days import Day
from loyalty.rule_fields import Asked, Field, one
from loyalty.rule_kinds import Flag, Kind, Named, Number, Text, Wrong

MONTHS = {number: f" {number} 月" for number in range(1, 13)}
BIRTHDAY = "birthday"
_CODE = re.compile(r"[a-z][a-z0-9_]{0,29}")


def find(code: str, raw: Any) -> Field | None:
    """A hall's own field, where nobody has said of which kind: the value tells."""
    if not _CODE.fullmatch(code):
        return None
    sample = raw[0] if isinstance(raw, list) and raw else raw
    if isinstance(sample, int):
        return profile_field(code, f"资料“{code}”", "number")
    try:
        Day().one(sample)
    except Wrong:
        return profile_field(code, f"资料“{code}”", "text")
    return profile_field(code, f"资料“{code}”", "date")


def profile_field(code: str, title: str, kind: str) -> Field:
    """The rule field of one of the hall's own profile fields."""
    kinds: dict[str, tuple[Kind, Any]] = {
        "number": (Number(missing=True), ProfileValue.number_value),
        "date": (Day(missing=True), ProfileValue.day_value),
    }
    found, column = kinds.get(kind, (Text(missing=True), ProfileValue.text_value))

    def value(_asked: Asked) -> ColumnElement[Any]:
        return _answer(code, column)

    called = select(ProfileField.title).where(ProfileField.code == code).scalar_subquery()
    return Field(f"profile.{code}", title, found, value, called=called)


def _answer(code: str, column: Any) -> ColumnElement[Any]:
    return one(
        select(column).where(ProfileValue.member_id == Member.id, ProfileValue.field_code == code)
    )


def of_profile(session: Session) -> list[Field]:
    """The hall's own profile fields with their titles, for `BASE.with_fields`."""
    known = session.scalars(select(ProfileField).order_by(ProfileField.position))
    return [profile_field(field.code, field.title, field.kind) for field in known]


def _birth_month(_asked: Asked) -> ColumnElement[Any]:
    return one(
        select(extract("month", ProfileValue.day_value)).where(
            ProfileValue.member_id == Member.id, ProfileValue.field_code == BIRTHDAY
        )
    )


def _birthday_is_near(asked: Asked) -> ColumnElement[Any]:
    return func.coalesce(_birth_month(asked) == asked.today.month, literal(False))


FIELDS: Iterable[Field] = (
    Field("birthday.month", "生日月份", Named(names=MONTHS, missing=True), _birth_month),
    Field("birthday.this_month", "", Flag(yes="本月生日", no="本月不过生日"), _birthday_is_near),
)
