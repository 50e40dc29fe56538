"""Schedules: on which business days a series runs, and at what time of day in Shanghai."""

import calendar
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from kernel.clock import SHANGHAI, business_day
from kernel.refusals import Invalid

KINDS = {
    "daily": "每天",
    "weekly": "每周",
    "monthly": "每月",
    "holiday": "节日前后",
}
WEEKDAYS = "一二三四五六日"
MOST_OFFSET = 60
# A schedule that names no day within so many never will.
_HORIZON = 800

# The days of a year's occasions by their codes, such as {"mid_autumn": 2026-09-25}.
OccasionDays = Callable[[int], Mapping[str, date]]


def no_occasions(_year: int) -> Mapping[str, date]:
    """A hall without a calendar."""
    return {}


def check(schedule: Mapping[str, Any]) -> dict[str, Any]:
    """The schedule as it is kept: {kind, at, and what the kind needs}. Raises Invalid.

    weekly: `weekdays`, 0 is Monday; monthly: `day`, one that a month has not is its last;
    holiday: `code` of an occasion and `offset` in days, negative before it.
    """
    kind = str(schedule.get("kind"))
    if kind not in KINDS:
        raise Invalid(field="kind", reason="请选择多久发一次")
    return {"kind": kind, "at": _time(schedule.get("at")), **_PARTS[kind](schedule)}


def _time(at: object) -> str:
    try:
        found = time.fromisoformat(str(at))
    except ValueError:
        raise Invalid(field="at", reason="请选择几点发送") from None
    return f"{found:%H:%M}"


def _number(schedule: Mapping[str, Any], name: str, least: int, most: int) -> int:
    value = schedule.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise Invalid(field=name, reason=f"请填写 {least} 至 {most}")
    return value


def _weekly(schedule: Mapping[str, Any]) -> dict[str, Any]:
    weekdays = sorted({day for day in schedule.get("weekdays") or () if day in range(7)})
    if not weekdays:
        raise Invalid(field="weekdays", reason="请至少选一天")
    return {"weekdays": weekdays}


def _monthly(schedule: Mapping[str, Any]) -> dict[str, Any]:
    return {"day": _number(schedule, "day", 1, 31)}


def _holiday(schedule: Mapping[str, Any]) -> dict[str, Any]:
    code = str(schedule.get("code") or "")
    if not 1 <= len(code) <= 40:
        raise Invalid(field="code", reason="请选择节日")
    return {"code": code, "offset": _number(schedule, "offset", -MOST_OFFSET, MOST_OFFSET)}


_PARTS: dict[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
    "daily": lambda _schedule: {},
    "weekly": _weekly,
    "monthly": _monthly,
    "holiday": _holiday,
}


def falls_on(schedule: Mapping[str, Any], day: date, occasions: OccasionDays) -> bool:
    """Whether the schedule names that business day."""
    kind = schedule["kind"]
    if kind == "weekly":
        return day.weekday() in schedule["weekdays"]
    if kind == "monthly":
        last = calendar.monthrange(day.year, day.month)[1]
        return bool(day.day == min(schedule["day"], last))
    if kind == "holiday":
        feast = day - timedelta(days=schedule["offset"])
        return occasions(feast.year).get(schedule["code"]) == feast
    return True


def due_at(schedule: Mapping[str, Any], day: date) -> datetime:
    """The instant of that day at which it is due."""
    at = time.fromisoformat(schedule["at"])
    return datetime.combine(day, at, SHANGHAI).astimezone(UTC)


def upcoming(
    schedule: Mapping[str, Any], after: datetime, occasions: OccasionDays
) -> Iterator[datetime]:
    """The instants after `after` at which it is due, for somewhat more than two years."""
    first = business_day(after)
    for number in range(_HORIZON):
        day = first + timedelta(days=number)
        if falls_on(schedule, day, occasions) and (at := due_at(schedule, day)) > after:
            yield at


def words(schedule: Mapping[str, Any], names: Mapping[str, str]) -> str:
    """The schedule as people say it; `names` are those of the occasions."""
    return f"{_WORDS[schedule['kind']](schedule, names)} {schedule['at']}"


def _weekly_words(schedule: Mapping[str, Any], _names: Mapping[str, str]) -> str:
    return "每周" + "、".join(WEEKDAYS[day] for day in schedule["weekdays"])


def _monthly_words(schedule: Mapping[str, Any], _names: Mapping[str, str]) -> str:
    day = schedule["day"]
    return f"每月 {day} 日" + ("（没有这天的月份在最后一天）" if day > 28 else "")


def _holiday_words(schedule: Mapping[str, Any], names: Mapping[str, str]) -> str:
    name, offset = names.get(schedule["code"], schedule["code"]), schedule["offset"]
    if offset == 0:
        return f"{name}当天"
    return f"{name}{'前' if offset < 0 else '后'} {abs(offset)} 天"


_WORDS: dict[str, Callable[[Mapping[str, Any], Mapping[str, str]], str]] = {
    "daily": lambda _schedule, _names: "每天",
    "weekly": _weekly_words,
    "monthly": _monthly_words,
    "holiday": _holiday_words,
}
