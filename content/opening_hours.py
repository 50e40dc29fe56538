"""When a branch is open: seven weekdays of spans, and single days that differ.

`week` is seven lists of spans such as `["08:30", "18:30"]`, Monday first; `days` names single
days: `{"2027-02-06": []}` is closed, spans replace those of the weekday. Shanghai time.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

from kernel.clock import SHANGHAI
from kernel.refusals import Invalid

Week = list[list[list[str]]]
Days = dict[str, list[list[str]]]
_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d|24:00", re.ASCII)
_MOST_SPANS, _MOST_DAYS = 4, 60
_NAMES = "一二三四五六日"


def check(week: Any, days: Any) -> tuple[Week, Days]:
    """The hours as they are kept; without a week only the text is known. Raises Invalid."""
    if not isinstance(week, list) or len(week) not in {0, 7}:
        raise Invalid(field="week", reason="请填写周一至周日的营业时间")
    if not isinstance(days, Mapping) or len(days) > _MOST_DAYS:
        raise Invalid(field="days", reason=f"特殊日期最多 {_MOST_DAYS} 天")
    checked = [
        _spans(spans, "week", f"周{name}") for name, spans in zip(_NAMES, week, strict=False)
    ]
    return checked, {_day(day): _spans(days[day], "days", str(day)) for day in sorted(days)}


def read_week(value: object) -> Week:
    """The week of a file: `{1-5: 9:00-12:00 14:00-18:00, 6: 9:00-12:00}`. Raises Invalid."""
    if not isinstance(value, Mapping):
        raise Invalid(field="week", reason="week must be a mapping such as {1-7: 9:00-18:00}")
    week: Week = [[] for _ in _NAMES]
    for days, spans in value.items():
        found = re.fullmatch(r"([1-7])(?:-([1-7]))?", str(days))
        times = [span.split("-") for span in str(spans).split()]
        if not found or any(len(span) != 2 for span in times):
            raise Invalid(field="week", reason=f"week: {days}: {spans} cannot be read")
        first = int(found[1])
        for number in range(first, int(found[2] or first) + 1):
            week[number - 1] = [[at.strip().zfill(5) for at in span] for span in times]
    return check(week, {})[0]


def _day(text: Any) -> str:
    try:
        return date.fromisoformat(str(text)).isoformat()
    except ValueError:
        raise Invalid(field="days", reason=f"日期“{str(text)[:20]}”不对") from None


def _spans(spans: Any, field: str, name: str) -> list[list[str]]:
    if not isinstance(spans, list) or len(spans) > _MOST_SPANS:
        raise Invalid(field=field, reason=f"{name}最多 {_MOST_SPANS} 段")
    last = ""
    for span in spans:
        good = isinstance(span, list) and len(span) == 2
        good = good and all(isinstance(at, str) and _TIME.fullmatch(at) for at in span)
        if not good or not last <= span[0] < span[1]:
            raise Invalid(field=field, reason=f"{name}的时间不对，请按 08:30–18:00 的样子依次填写")
        last = span[1]
    return [list(span) for span in spans]


def is_open(week: Week, days: Days, at: datetime) -> bool | None:
    """Whether it is open; None where only the text is known."""
    local = at.astimezone(SHANGHAI)
    spans = _of_day(week, days, local.date())
    if spans is None:
        return None
    now = local.strftime("%H:%M")
    return any(begins <= now < ends for begins, ends in spans)


def next_change(week: Week, days: Days, at: datetime) -> datetime | None:
    """When it opens or closes next, within a week; None where that is not known."""
    local = at.astimezone(SHANGHAI)
    for ahead in range(8):
        day = local.date() + timedelta(days=ahead)
        for span in _of_day(week, days, day) or ():
            for moment in (_instant(day, text) for text in span):
                if moment > local:
                    return moment
    return None


def words(week: Week) -> str:
    """The week in words, days with the same hours together: 周一至周五 09:00–17:30，周末休息."""
    runs: list[tuple[int, int, list[list[str]]]] = []
    for number, spans in enumerate(week):
        if runs and runs[-1][2] == spans:
            runs[-1] = (runs[-1][0], number, spans)
        else:
            runs.append((number, number, spans))
    return "，".join(f"{_days(first, last)} {_hours(spans)}" for first, last, spans in runs)


def _days(first: int, last: int) -> str:
    if (first, last) == (0, 6):
        return "每天"
    if first == last:
        return f"周{_NAMES[first]}"
    joint = "、周" if last == first + 1 else "至周"
    return f"周{_NAMES[first]}{joint}{_NAMES[last]}"


def _hours(spans: Sequence[Sequence[str]]) -> str:
    return "、".join(f"{a.lstrip('0')}–{b.lstrip('0')}" for a, b in spans) or "休息"


def _of_day(week: Week, days: Days, day: date) -> list[list[str]] | None:
    special = days.get(day.isoformat())
    if special is not None:
        return special
    return week[day.weekday()] if week else None


def _instant(day: date, text: str) -> datetime:
    if text == "24:00":
        return datetime.combine(day + timedelta(days=1), time.min, SHANGHAI)
    return datetime.combine(day, time.fromisoformat(text), SHANGHAI)
