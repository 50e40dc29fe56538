"""THE table of occasions: festivals, terms and days of greetings, and when they are."""

import calendar
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from typing import Protocol

from pushes import holidays_lunar

# The families, in the order in which a day shows them.
KINDS = {
    "statutory": "法定节日",
    "lunar": "传统节日",
    "term": "节气",
    "telecom": "行业日",
    "common": "常用节日",
    "company": "公司日",
}


class Rule(Protocol):
    """Which day an occasion falls on in a year; None when it does not."""

    def day_of(self, year: int) -> date | None: ...


@dataclass(frozen=True)
class Solar:
    """The same date each year; 02-29 is the last of February in other years."""

    month: int
    day: int

    def day_of(self, year: int) -> date:
        """The day in that year."""
        return date(year, self.month, min(self.day, calendar.monthrange(year, self.month)[1]))


@dataclass(frozen=True)
class Lunar:
    """A lunar date; those of the twelfth month belong to the year whose 春节 they lead to."""

    month: int
    day: int

    def day_of(self, year: int) -> date:
        """The day; of the twelfth month it may lie in the December before that year."""
        return holidays_lunar.day_of(year - (self.month == 12), self.month, self.day)


@dataclass(frozen=True)
class Eve:
    """除夕."""

    def day_of(self, year: int) -> date:
        """The day before 春节."""
        return holidays_lunar.eve_of(year)


@dataclass(frozen=True)
class Term:
    """A solar term."""

    name: str

    def day_of(self, year: int) -> date:
        """The day on which the term begins."""
        return holidays_lunar.term_of(year, self.name)


@dataclass(frozen=True)
class Sunday:
    """The n-th Sunday of a month."""

    month: int
    number: int

    def day_of(self, year: int) -> date:
        """The day in that year."""
        first = date(year, self.month, 1)
        return first + timedelta(days=(6 - first.weekday()) % 7 + 7 * (self.number - 1))


@dataclass(frozen=True)
class Once:
    """One day and no other."""

    day: date

    def day_of(self, year: int) -> date | None:
        """The day, in its year."""
        return self.day if self.day.year == year else None


@dataclass(frozen=True)
class Occasion:
    """One line of the table; `solemn` ones bear no marketing, `proposes` is the default."""

    key: str
    name: str
    kind: str
    rule: Rule
    proposes: bool = False
    solemn: bool = False

    def day_of(self, year: int) -> date | None:
        """Its day of a year, see `Lunar` for the days around the turn of one."""
        return self.rule.day_of(year)


_TABLE = (
    Occasion("new-year", "元旦", "statutory", Solar(1, 1), proposes=True),
    Occasion("spring-eve", "除夕", "statutory", Eve()),
    Occasion("spring", "春节", "statutory", Lunar(1, 1), proposes=True),
    Occasion("qingming", "清明", "statutory", Term("清明"), proposes=True, solemn=True),
    Occasion("labour", "劳动节", "statutory", Solar(5, 1), proposes=True),
    Occasion("dragon-boat", "端午", "statutory", Lunar(5, 5), proposes=True),
    Occasion("mid-autumn", "中秋", "statutory", Lunar(8, 15), proposes=True),
    Occasion("national", "国庆", "statutory", Solar(10, 1), proposes=True),
    Occasion("laba", "腊八", "lunar", Lunar(12, 8)),
    Occasion("little-year", "小年", "lunar", Lunar(12, 23)),
    Occasion("lantern", "元宵", "lunar", Lunar(1, 15), proposes=True),
    Occasion("dragon-head", "龙抬头", "lunar", Lunar(2, 2)),
    Occasion("qixi", "七夕", "lunar", Lunar(7, 7), proposes=True),
    Occasion("ghost", "中元", "lunar", Lunar(7, 15), solemn=True),
    Occasion("double-ninth", "重阳", "lunar", Lunar(9, 9), proposes=True),
    Occasion("telecom", "517 电信日", "telecom", Solar(5, 17), proposes=True),
    Occasion("valentine", "情人节", "common", Solar(2, 14)),
    Occasion("women", "妇女节", "common", Solar(3, 8)),
    Occasion("arbor", "植树节", "common", Solar(3, 12)),
    Occasion("consumer", "消费者权益日", "common", Solar(3, 15)),
    Occasion("youth", "青年节", "common", Solar(5, 4)),
    Occasion("mother", "母亲节", "common", Sunday(5, 2)),
    Occasion("children", "儿童节", "common", Solar(6, 1)),
    Occasion("sale-618", "618 购物节", "common", Solar(6, 18)),
    Occasion("father", "父亲节", "common", Sunday(6, 3)),
    Occasion("party", "建党节", "common", Solar(7, 1)),
    Occasion("army", "建军节", "common", Solar(8, 1)),
    Occasion("teacher", "教师节", "common", Solar(9, 10)),
    Occasion("sale-1111", "双十一", "common", Solar(11, 11)),
    Occasion("sale-1212", "双十二", "common", Solar(12, 12)),
    Occasion("memorial", "国家公祭日", "common", Solar(12, 13), solemn=True),
)
# 清明 is above: it is a festival and a day off besides.
_TERMS = tuple(
    Occasion(f"term-{number:02d}", name, "term", Term(name))
    for number, name in enumerate(holidays_lunar.TERMS, 1)
    if name != "清明"
)
OCCASIONS: dict[str, Occasion] = {one.key: one for one in (*_TABLE, *_TERMS)}
_ORDER = list(KINDS)


def between(first: date, last: date, more: Iterable[Occasion] = ()) -> list[tuple[date, Occasion]]:
    """Every occasion on the days from `first` to `last`, both included, in their order.

    `more` are those that a hall has besides, such as company days.
    """
    years = range(first.year, last.year + 1)
    found = [pair for year in years for pair in _of_table(year)]
    found += [(day, one) for year in years for one in more for day in _days_in(one, year)]
    chosen = {pair for pair in found if first <= pair[0] <= last}
    return sorted(chosen, key=lambda pair: (pair[0], _ORDER.index(pair[1].kind), pair[1].key))


def days_of(year: int) -> dict[str, date]:
    """The occasions of a year by their keys; what comes twice in it counts by the first time."""
    found: dict[str, date] = {}
    for day, one in between(date(year, 1, 1), date(year, 12, 31)):
        found.setdefault(one.key, day)
    return found


def names() -> dict[str, str]:
    """What the occasions are called, by their keys."""
    return {key: one.name for key, one in OCCASIONS.items()}


@cache
def _of_table(year: int) -> list[tuple[date, Occasion]]:
    return [(day, one) for one in OCCASIONS.values() for day in _days_in(one, year)]


def _days_in(occasion: Occasion, year: int) -> Iterator[date]:
    """A year of the calendar can have two 腊八, or none; what is lunar may lie across its end."""
    for near in (year - 1, year, year + 1):
        day = occasion.day_of(near)
        if day is not None and day.year == year:
            yield day
