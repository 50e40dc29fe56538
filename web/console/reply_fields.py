"""The form of a reply rule: what the browser sends as values, and values as the domain's form."""

import secrets
from collections.abc import Mapping
from typing import Any

from werkzeug.datastructures import MultiDict

from content.reply_forms import KINDS
from content.reply_rules import Form, ReplyRule, values_of
from kernel.refusals import Invalid
from web.console.fields import Fields

UNITS = {"60": "分钟", "3600": "小时", "86400": "天"}
# The fields of one reply; each row of the form sends all of them, so that they stay in step.
PARTS = ("text", "title", "description", "url", "picture", "media_id", "code", "key")
BEGINNINGS = {"words": ["text"], "follow": ["follow", "scan"], "default": ["default"]}
_MOST_ROWS = 40


def typed(form: MultiDict[str, str]) -> dict[str, Any]:
    """Everything that was typed, to be shown again or read."""
    fields = Fields(form)
    plain = (
        "name", "code", "mode", "priority", "starts_at", "ends_at", "hours_from", "hours_until",
        "with_tag", "without_tag", "cool_down", "cool_down_unit", "scenes", "seen",
    )  # fmt: skip
    return {
        **{name: fields.text(name) for name in plain},
        "kinds": [kind for kind in KINDS if fields.flag(f"kinds-{kind}")],
        "weekdays": [day for day in range(1, 8) if fields.flag(f"weekdays-{day}")],
        "patterns": _patterns(form),
        "replies": _replies(form),
    }


def _rows(form: MultiDict[str, str], name: str) -> list[str]:
    return [_clean(text) for text in form.getlist(name)[:_MOST_ROWS]]


def _clean(text: str) -> str:
    # Half a surrogate pair can be neither stored nor sent.
    kept = text.replace("\r\n", "\n").replace("\x00", "").strip()
    return kept.encode("utf-8", "ignore").decode("utf-8")


def _patterns(form: MultiDict[str, str]) -> list[dict[str, str]]:
    rows = zip(_rows(form, "pattern_kind"), _rows(form, "pattern_text"), strict=False)
    return [{"kind": kind, "text": text} for kind, text in rows if text]


def _replies(form: MultiDict[str, str]) -> list[dict[str, str]]:
    columns = {part: _rows(form, f"reply_{part}") for part in PARTS}
    found = []
    for number, kind in enumerate(_rows(form, "reply_kind")):
        row = {
            part: values[number] if number < len(values) else ""
            for part, values in columns.items()
        }
        if kind:
            found.append({"kind": kind, **row})
    return found


def read(values: Mapping[str, Any]) -> Form:
    """The domain's form of what was typed. Raises Invalid for what is no number or moment."""
    fields = Fields({name: text for name, text in values.items() if isinstance(text, str)})
    return Form(
        name=fields.text("name"),
        replies=list(values["replies"]),
        kinds=list(values["kinds"]),
        patterns=list(values["patterns"]),
        scenes=fields.text("scenes").split("\n"),
        mode=fields.text("mode"),
        priority=fields.number("priority", 100),
        starts_at=fields.moment_or_none("starts_at"),
        ends_at=fields.moment_or_none("ends_at"),
        hours_from=fields.text("hours_from")[:5],
        hours_until=fields.text("hours_until")[:5],
        weekdays=list(values["weekdays"]),
        with_tag=fields.text("with_tag"),
        without_tag=fields.text("without_tag"),
        cool_down_seconds=_cool_down(fields),
    )


def _cool_down(fields: Fields) -> int:
    unit = fields.text("cool_down_unit") or "60"
    if unit not in UNITS:
        raise Invalid(field="cool_down", reason="请选择分钟、小时或天")
    seconds = fields.number("cool_down", 0) * int(unit)
    if not 0 <= seconds <= 30 * 86_400:
        raise Invalid(field="cool_down", reason="间隔要在 0 到 30 天之间")
    return seconds


def code_of(values: Mapping[str, Any]) -> str:
    """The code that was typed; a new one for none: only menus ever name it."""
    return str(values["code"]).lower() or f"r-{secrets.token_hex(4)}"


def empty(tab: str) -> dict[str, Any]:
    """A new rule, as one begins it from a tab of the list."""
    return {
        "kinds": BEGINNINGS.get(tab, ["text"]),
        "patterns": [],
        "replies": [{"kind": "text"}],
        "weekdays": [],
        "mode": "first",
        "priority": "100",
        "cool_down_unit": "60",
    }


def filled(rule: ReplyRule) -> dict[str, Any]:
    """A revision as the form shows it."""
    values = values_of(rule)
    seconds = rule.cool_down_seconds
    unit = next((one for one in reversed(UNITS) if seconds and seconds % int(one) == 0), "60")
    return {
        **values,
        "code": rule.code,
        "scenes": "\n".join(rule.scenes),
        "cool_down": seconds // int(unit) or "",
        "cool_down_unit": unit,
        "seen": mark_of(rule),
    }


def mark_of(rule: ReplyRule) -> str:
    """What tells one saving of a revision from the next."""
    return rule.changed_at.isoformat()
