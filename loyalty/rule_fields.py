"""What a rule can ask about: a field, its arguments, and the vocabulary that holds them."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from types import MappingProxyType
from typing import Any

from sqlalchemy import ColumnElement, Select, func

from kernel.clock import business_day, day_start
from loyalty.members import Member
from loyalty.rule_kinds import Kind, Text, Wrong

MOST_DAYS = 3_660


@dataclass(frozen=True)
class Asked:
    """One question to a field: its arguments and value, as of an instant."""

    arguments: Mapping[str, Any]
    value: Any
    at: datetime

    @property
    def today(self) -> date:
        """The business day of the question."""
        return business_day(self.at)

    @property
    def days(self) -> int | None:
        """The argument `days`, if it was given."""
        found = self.arguments.get("days")
        return None if found is None else int(found)

    @property
    def since(self) -> datetime | None:
        """The first instant of a window of `days` business days that ends with today."""
        return None if self.days is None else day_start(self.today - timedelta(self.days - 1))


@dataclass(frozen=True)
class Argument:
    """Something that a field wants to know besides the value: `days` is a number, others codes."""

    name: str
    needed: bool = False

    def parse(self, raw: Any) -> Any:
        """The checked argument. Raises Wrong."""
        if self.name != "days":
            return Text().one(raw)
        if isinstance(raw, bool) or not isinstance(raw, int) or not 1 <= raw <= MOST_DAYS:
            raise Wrong(f"天数须为 1 至 {MOST_DAYS} 的整数")
        return raw


Naming = Callable[[Any], ColumnElement[Any]]


@dataclass(frozen=True)
class Field:
    """One thing known of a member.

    `column` is the member's own value as SQL, correlated to Member. `title` may name arguments in
    braces; `bare` is the title without any. `name_of` finds the name of a value, `names` those of
    arguments, `called` that of the field itself; `shown` is another column for people to read.
    `options` lists the values one may choose from, `argument_options` those of arguments: queries
    of (value, name).
    """

    code: str
    title: str
    kind: Kind
    column: Callable[[Asked], Any]
    arguments: tuple[Argument, ...] = ()
    bare: str | None = None
    name_of: Naming | None = None
    names: Mapping[str, Naming] = field(default_factory=dict)
    called: ColumnElement[Any] | None = None
    shown: Callable[[Asked], Any] | None = None
    options: Select[Any, Any] | None = None
    argument_options: Mapping[str, Select[Any, Any]] = field(default_factory=dict)


@dataclass(frozen=True)
class Vocabulary:
    """All fields a rule may use, by code; `families` make fields of an open set, by prefix."""

    fields: Mapping[str, Field]
    families: Mapping[str, Callable[[str, Any], Field | None]] = field(default_factory=dict)

    def find(self, code: str, raw: Any) -> Field | None:
        """The field with that code; `raw`, the value it is compared with, may tell its kind."""
        known = self.fields.get(code)
        if known is not None:
            return known
        prefix, dot, rest = code.partition(".")
        family = self.families.get(prefix) if dot else None
        return family(rest, raw) if family else None

    def with_fields(self, more: Iterable[Field]) -> "Vocabulary":
        """This vocabulary and more fields; a code that stands already is replaced."""
        fields = {**self.fields, **{one.code: one for one in more}}
        return Vocabulary(MappingProxyType(fields), self.families)


def vocabulary_of(
    fields: Iterable[Field],
    families: Mapping[str, Callable[[str, Any], Field | None]] = MappingProxyType({}),
) -> Vocabulary:
    """A vocabulary of those fields."""
    return Vocabulary(MappingProxyType({one.code: one for one in fields}), families)


def total(query: Select[Any]) -> ColumnElement[Any]:
    """The one number that a query over a member's rows finds; 0 for none."""
    return func.coalesce(query.correlate(Member).scalar_subquery(), 0)


def one(query: Select[Any]) -> ColumnElement[Any]:
    """The one value that a query over a member's rows finds; NULL for none."""
    return query.correlate(Member).scalar_subquery()
