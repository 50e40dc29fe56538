"""Kinds of rule fields: which values they take, how they compare in SQL, how they read.

A kind turns what a person wrote into a checked value, a checked value into a predicate, and both
into Chinese. `!=`, `not_in` and `lacks` are the exact opposites of `=`, `in` and `has`, also where
the member has no value at all; every other comparison with a missing value is not met.
"""

# ruff: noqa: ARG002 - a kind need not use all that it is told

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import ColumnElement, false, func, not_

LIST_LENGTH = 50
TEXT_LENGTH = 100
BIGGEST = 10**12
COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    ">=": operator.ge,
    ">": operator.gt,
    "<=": operator.le,
    "<": operator.lt,
    "=": operator.eq,
}
_SIZES = {">=": "不少于", ">": "多于", "<=": "不超过", "<": "少于", "=": "为", "!=": "不为"}
_OPPOSITE = {"!=": "=", "not_in": "in", "lacks": "has"}


class Wrong(ValueError):
    """What was written cannot be a value of that kind; the text says why, in Chinese."""


@dataclass(frozen=True)
class Kind:
    """What all kinds share. `unit` follows a number; `missing`: a member may have no value."""

    unit: str = ""
    missing: bool = False
    ops: ClassVar[tuple[str, ...]] = (">=", ">", "<=", "<", "=", "!=", "between", "in", "not_in")

    def value(self, op: str, raw: Any) -> Any:
        """The checked value of what was written for `op`. Raises Wrong."""
        if op == "between":
            pair = _listed(raw, self.one)
            if len(pair) != 2 or pair[0] > pair[1]:
                raise Wrong("须为从小到大的两个值")
            return pair
        return _listed(raw, self.one) if op in {"in", "not_in"} else self.one(raw)

    def one(self, raw: Any) -> Any:
        """One checked value. Raises Wrong."""
        raise NotImplementedError

    def met(self, column: ColumnElement[Any], op: str, value: Any, at: datetime) -> Any:
        """The predicate, never NULL; `column` is the member's own value."""
        if op in _OPPOSITE:
            return not_(self.met(column, _OPPOSITE[op], value, at))
        found = self.compare(column, op, value, at)
        return func.coalesce(found, false()) if self.missing else found

    def compare(self, column: ColumnElement[Any], op: str, value: Any, at: datetime) -> Any:
        """The predicate of a value that is there."""
        if op == "between":
            return column.between(*value)
        return column.in_(value) if op == "in" else COMPARE[op](column, value)

    def words(self, op: str, value: Any, name: Callable[[Any], str]) -> str:
        """The comparison as Chinese that follows the title; `name` names a value."""
        if op == "between":
            return f"在 {name(value[0])} 至 {name(value[1])}{self._unit()}之间"
        if op in {"in", "not_in"}:
            return f"{'为' if op == 'in' else '不为'}{either([name(one) for one in value])}"
        return f"{_SIZES[op]} {name(value)}{self._unit()}"

    def _unit(self) -> str:
        return f" {self.unit}" if self.unit else ""

    def name(self, value: Any) -> str:
        """One value of a rule in words, where nobody knows a better name."""
        return str(value)

    def show(self, raw: Any, at: datetime) -> str:
        """The member's own value in words."""
        return "无" if raw is None else f"{self.name(raw)}{self._unit()}"


@dataclass(frozen=True)
class Number(Kind):
    """A whole number between `low` and `high`."""

    low: int = -BIGGEST
    high: int = BIGGEST

    def one(self, raw: Any) -> int:
        if isinstance(raw, bool) or not isinstance(raw, int):
            raise Wrong("须为整数")
        if not self.low <= raw <= self.high:
            raise Wrong(f"须在 {self.low} 至 {self.high} 之间")
        return raw

    def show(self, raw: Any, at: datetime) -> str:
        return super().show(None if raw is None else f"{raw:f}".split(".")[0], at)


@dataclass(frozen=True)
class Level(Number):
    """A rung of a ladder: a number that has a name."""

    low: int = 0
    high: int = 99

    def words(self, op: str, value: Any, name: Callable[[Any], str]) -> str:
        if op == "between":
            return f"为{name(value[0])}至{name(value[1])}"
        if op in {"in", "not_in"}:
            return super().words(op, value, name)
        before, after = {
            ">=": ("为", "及以上"),
            "<=": ("为", "及以下"),
            ">": ("高于", ""),
            "<": ("低于", ""),
            "=": ("为", ""),
            "!=": ("不为", ""),
        }[op]
        return f"{before}{name(value)}{after}"

    def name(self, value: Any) -> str:
        return "普通会员" if value == 0 else f" {value} 级" if isinstance(value, int) else value

    def show(self, raw: Any, at: datetime) -> str:
        return self.name(raw).strip()


@dataclass(frozen=True)
class Named(Kind):
    """One of a few values that have names, such as the days of a week."""

    names: Mapping[Any, str] = field(default_factory=dict)
    ops: ClassVar[tuple[str, ...]] = ("=", "!=", "in", "not_in")

    def one(self, raw: Any) -> Any:
        if isinstance(raw, bool) or not isinstance(raw, int | str) or raw not in self.names:
            raise Wrong("不是可选的值")
        return raw

    def words(self, op: str, value: Any, name: Callable[[Any], str]) -> str:
        several = value if isinstance(value, tuple) else (value,)
        return f"{'为' if op in {'=', 'in'} else '不为'}{either([name(one) for one in several])}"

    def name(self, value: Any) -> str:
        return self.names.get(value, str(value))


@dataclass(frozen=True)
class Text(Named):
    """A short text, compared exactly; where there are names, one of those that have one."""

    def one(self, raw: Any) -> str:
        if self.names:
            return str(super().one(raw))
        if not isinstance(raw, str) or not raw or raw != raw.strip() or "\x00" in raw:
            raise Wrong("须为前后无空格的文字")
        if len(raw) > TEXT_LENGTH or not raw.isprintable():
            raise Wrong(f"须为 {TEXT_LENGTH} 字以内的文字")
        return raw

    def name(self, value: Any) -> str:
        return self.names.get(value) or f"“{value}”"


@dataclass(frozen=True)
class Flag(Kind):
    """Yes or no, with the words for both; the column is a predicate."""

    yes: str = "是"
    no: str = "否"
    ops: ClassVar[tuple[str, ...]] = ("=",)

    def one(self, raw: Any) -> bool:
        if not isinstance(raw, bool):
            raise Wrong("须为 true 或 false")
        return raw

    def compare(self, column: ColumnElement[Any], op: str, value: Any, at: datetime) -> Any:
        return column if value else not_(column)

    def words(self, op: str, value: Any, name: Callable[[Any], str]) -> str:
        return self.yes if value else self.no

    def show(self, raw: Any, at: datetime) -> str:
        return self.yes if raw else self.no


@dataclass(frozen=True)
class Codes(Text):
    """A set of codes, such as tags; the column counts those that the member has."""

    ops: ClassVar[tuple[str, ...]] = ("has", "lacks")

    def value(self, op: str, raw: Any) -> tuple[str, ...]:
        return _listed(raw if isinstance(raw, list) else [raw], self.one)

    def compare(self, column: ColumnElement[Any], op: str, value: Any, at: datetime) -> Any:
        return column > 0

    def words(self, op: str, value: Any, name: Callable[[Any], str]) -> str:
        return f"{'含' if op == 'has' else '不含'}{either([name(one) for one in value])}"

    def show(self, raw: Any, at: datetime) -> str:
        return f"有 {raw} 个" if raw else "没有"


def _listed(raw: Any, one: Callable[[Any], Any]) -> tuple[Any, ...]:
    if not isinstance(raw, list) or not raw:
        raise Wrong("须为列表")
    if len(raw) > LIST_LENGTH:
        raise Wrong(f"最多 {LIST_LENGTH} 个值")
    return tuple(one(item) for item in raw)


def either(words: list[str]) -> str:
    """A, B or C in Chinese."""
    return "或".join(("、".join(words[:-1]), words[-1])) if len(words) > 1 else words[0]
