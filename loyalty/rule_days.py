"""Kinds of rule fields that are days: a business day, and how many days ago one was."""

# ruff: noqa: ARG002 - a kind need not use all that it is told

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, ClassVar

from sqlalchemy import ColumnElement

from kernel.clock import business_day, day_start
from loyalty.rule_kinds import COMPARE, Kind, Number, Wrong

_WORDS = {">=": "不早于", ">": "晚于", "<=": "不晚于", "<": "早于", "=": "为", "!=": "不为"}


@dataclass(frozen=True)
class Day(Kind):
    """A business day, written 2026-11-20; the column holds a date, or an `instant` in UTC."""

    instant: bool = False
    ops: ClassVar[tuple[str, ...]] = (">=", ">", "<=", "<", "=", "!=", "between")

    def one(self, raw: Any) -> date:
        try:
            found = date.fromisoformat(raw) if isinstance(raw, str) and len(raw) == 10 else None
        except ValueError:
            found = None
        if found is None or not 1900 <= found.year <= 2199:
            raise Wrong("须为日期，如 2026-11-20")
        return found

    def compare(self, column: ColumnElement[Any], op: str, value: Any, at: datetime) -> Any:
        if not self.instant:
            return super().compare(column, op, value, at)
        if op == "between":
            return (column >= day_start(value[0])) & (column < _day_after(value[1]))
        if op == "=":
            return (column >= day_start(value)) & (column < _day_after(value))
        if op in {">=", "<"}:
            return COMPARE[op](column, day_start(value))
        return column >= _day_after(value) if op == ">" else column < _day_after(value)

    def words(self, op: str, value: Any, name: Callable[[Any], str]) -> str:
        if op == "between":
            return f"在 {name(value[0])}至 {name(value[1])}之间"
        return f"{_WORDS[op]} {name(value)}"

    def name(self, value: Any) -> str:
        return f"{value.year} 年 {value.month} 月 {value.day} 日"

    def show(self, raw: Any, at: datetime) -> str:
        day = business_day(raw) if isinstance(raw, datetime) else raw
        # MariaDB answers a bare date with its text.
        return "无" if day is None else self.name(date.fromisoformat(str(day)))


@dataclass(frozen=True)
class DaysAgo(Number):
    """How many business days lie between a day (or an `instant`) and today; 0 is today."""

    low: int = 0
    high: int = 36_500
    unit: str = "天"
    instant: bool = False
    ops: ClassVar[tuple[str, ...]] = (">=", ">", "<=", "<", "=", "!=", "between")

    def compare(self, column: ColumnElement[Any], op: str, value: Any, at: datetime) -> Any:
        # More days ago is an earlier day: the comparison turns round.
        day, turned = Day(instant=self.instant), {">=": "<=", ">": "<", "<=": ">=", "<": ">"}
        if op == "between":
            ends = (_ago(at, value[1]), _ago(at, value[0]))
            return day.compare(column, op, ends, at)
        return day.compare(column, turned.get(op, op), _ago(at, value), at)

    def show(self, raw: Any, at: datetime) -> str:
        day = business_day(raw) if isinstance(raw, datetime) else raw
        return "从未" if day is None else f"{(business_day(at) - day).days} 天"


def _ago(at: datetime, days: int) -> date:
    return business_day(at) - timedelta(days=days)


def _day_after(day: date) -> datetime:
    return day_start(day + timedelta(days=1))
