"""A branch as a form: hours and exceptions as lines that people type."""

import re
from collections.abc import Mapping
from typing import Any

from content import opening_hours
from content.branch_changes import Form
from content.branches import Branch
from content.opening_hours import Days
from kernel.refusals import Invalid
from web.console.fields import Fields

DAYS = tuple(enumerate("一二三四五六日"))
_DEGREES = re.compile(r"-?\d{1,3}(\.\d{1,10})?", re.ASCII)
_CLOSED = frozenset({"休息", "closed", "-"})
_SPAN = re.compile(r"(\d{1,2}:\d{2})\s*[-–—~至]\s*(\d{1,2}:\d{2})", re.ASCII)
_TEXTS = ("name", "district", "address", "phone", "hours")


def read(fields: Fields) -> Form:
    """The branch that a posted form means. Raises Invalid."""
    texts = {name: fields.text(name) for name in _TEXTS}
    week = [_spans(fields.text(f"week-{n}"), "week", f"周{name}") for n, name in DAYS]
    return Form(
        **texts,
        latitude=_degrees(fields, "latitude"),
        longitude=_degrees(fields, "longitude"),
        week=week if any(week) else [],
        days=_days(fields.text("days")),
        services=tuple(fields.text("services").split("\n")),
    )


def filled(branch: Branch) -> Mapping[str, Any]:
    """The form of a branch as it is."""
    values = {name: getattr(branch, name) for name in ("code", *_TEXTS, "latitude", "longitude")}
    if branch.week and branch.hours == opening_hours.words(branch.week):
        values["hours"] = ""  # so that it follows the times that are typed
    for number, spans in enumerate(branch.week):
        values[f"week-{number}"] = _typed(spans)
    days = [f"{day} {_typed(spans) or '休息'}" for day, spans in branch.days.items()]
    return {
        **values,
        "days": "\n".join(days),
        "services": "\n".join(branch.services),
        "seen": branch.version,
    }


def _degrees(fields: Fields, name: str) -> float:
    text = fields.text(name)
    if not _DEGREES.fullmatch(text):
        raise Invalid(field=name, reason="请填写度数，如 38.914")
    return float(text)


def _days(text: str) -> Days:
    days = {}
    for line in text.split("\n")[:100]:
        day, _, hours = line.strip().partition(" ")
        if day:
            days[day] = _spans(hours, "days", day[:20])
    return days


def _spans(text: str, field: str, name: str) -> list[list[str]]:
    text = text.strip()
    if not text or text in _CLOSED:
        return []
    spans = [[begins.zfill(5), ends.zfill(5)] for begins, ends in _SPAN.findall(text)]
    if _SPAN.sub("", text).strip(" ,，、;；"):
        raise Invalid(
            field=field, reason=f"{name}看不懂“{text[:30]}”，请写成 8:30-12:00 14:00-18:00"
        )
    return spans


def _typed(spans: list[list[str]]) -> str:
    return " ".join("-".join(span) for span in spans)
