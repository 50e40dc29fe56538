"""The builder of rules as a form: rows that were sent, rows as JSON, JSON as rows.

A row is a group or a condition; its place is a path such as `-0-1`, and so begin the names of its
fields. Rows keep what was typed as text, so that nothing is lost that is not yet a rule.
"""

import dataclasses
import json
import re
from collections.abc import Mapping
from typing import Any

from werkzeug.datastructures import MultiDict

from kernel.refusals import Invalid
from loyalty.rule_kinds import Number
from loyalty.rules import MOST_DEPTH, MOST_LEAVES
from web.console.rule_picks import Pick

HOW = {
    "all": "同时满足下面每一条",
    "any": "满足下面任意一条",
    "none": "下面每一条都不满足",
    "not_all": "下面不同时满足",
}
EVERYBODY = "everybody"
_PLACE = re.compile(r"(?:-\d{1,2}){0,8}", re.ASCII)
_WHOLE = re.compile(r"-?\d{1,15}", re.ASCII)
_COMMAS = re.compile(r"[,，、\s]+")
_SEVERAL = frozenset({"in", "not_in", "has", "lacks"})
_MOST_ROWS = 2 * MOST_LEAVES
Picks = Mapping[str, Pick]


@dataclasses.dataclass
class Condition:
    """One comparison as it was typed; `raw` is JSON of one that no field here fits."""

    field: str = ""
    op: str = ""
    values: list[str] = dataclasses.field(default_factory=list)
    extras: dict[str, str] = dataclasses.field(default_factory=dict)
    raw: str = ""


@dataclasses.dataclass
class Group:
    """Rows of which all, any or none must hold; `everybody` only at the top."""

    how: str = "all"
    rows: list["Row"] = dataclasses.field(default_factory=list)


Row = Condition | Group


def sent(form: MultiDict[str, str]) -> Group:
    """The rows of a form, in their order; what has no place in a group is left out."""
    top = Group(_text(form, "rule-how") or "all")
    found: dict[str, Group] = {"": top}
    for place in form.getlist("rule-at")[:_MOST_ROWS]:
        above = found.get(place.rpartition("-")[0])
        if above is None or not place or not _PLACE.fullmatch(place):
            continue
        how = _text(form, f"rule{place}-how")
        if how:
            found[place] = Group(how)
        above.rows.append(found[place] if how else _condition(form, f"rule{place}"))
    return top


def _condition(form: MultiDict[str, str], name: str) -> Condition:
    extras = {key: _text(form, f"{name}-{key}") for key in ("days", "batch", "product")}
    return Condition(
        field=_text(form, f"{name}-field"),
        op=_text(form, f"{name}-op"),
        values=[_clean(text) for text in form.getlist(f"{name}-value")[:_MOST_ROWS]],
        extras={key: text for key, text in extras.items() if text},
        raw=_text(form, f"{name}-raw"),
    )


def _text(form: MultiDict[str, str], name: str) -> str:
    return _clean(form.get(name, ""))


def _clean(text: str) -> str:
    return text.replace("\x00", "").strip()


def as_json(top: Group, picks: Picks) -> dict[str, Any] | None:
    """The rule that the rows say, as JSON that nobody has checked; None for no rows at all."""
    if top.how == EVERYBODY:
        return {"all": []}
    return _group(top, picks) if top.rows else None


def _group(group: Group, picks: Picks) -> dict[str, Any]:
    parts = [
        _group(row, picks) if isinstance(row, Group) else _leaf(row, picks) for row in group.rows
    ]
    if group.how == "none":
        return {"not": parts[0] if len(parts) == 1 else {"any": parts}}
    return {"not": {"all": parts}} if group.how == "not_all" else {group.how: parts}


def _leaf(row: Condition, picks: Picks) -> dict[str, Any]:
    pick = picks.get(row.field)
    if pick is None:
        return _loaded(row.raw) if row.raw else {"field": row.field}
    op = row.op if row.op in pick.ops else next(iter(pick.ops))
    extras = {one.name: row.extras[one.name] for one in pick.extras if one.name in row.extras}
    arguments = {name: _whole(text) if name == "days" else text for name, text in extras.items()}
    return {"field": row.field, **arguments, "op": op, "value": _value(row, op, pick)}


def _loaded(raw: str) -> dict[str, Any]:
    try:
        found = json.loads(raw[:2_000])
    except (ValueError, RecursionError):
        found = None
    return found if isinstance(found, dict) else {"field": ""}


def _value(row: Condition, op: str, pick: Pick) -> Any:
    texts = [text for text in row.values if text]
    if op in _SEVERAL and pick.shape != "choice":
        texts = [text for each in texts for text in _COMMAS.split(each) if text]
    found = [_one(text, pick) for text in texts]
    if op in _SEVERAL or op == "between":
        return found
    return found[0] if found else ""


def _one(text: str, pick: Pick) -> Any:
    if pick.shape == "flag":
        return {"yes": True, "no": False}.get(text, text)
    if pick.shape == "choice":
        return next((value for value, _ in pick.options if str(value) == text), _level(text, pick))
    return _whole(text) if pick.shape == "number" else text


def _level(text: str, pick: Pick) -> Any:
    # A tier that is no longer offered still has its number.
    return _whole(text) if isinstance(pick.field.kind, Number) else text


def _whole(text: str) -> Any:
    return int(text) if _WHOLE.fullmatch(text) else text


def rows_of(rule: Any, picks: Picks) -> Group | None:
    """A rule as rows; None for one of a shape that only its JSON can say."""
    if rule is None:
        return Group()
    if rule == {"all": []}:
        return Group(EVERYBODY)
    try:
        row = _row(rule, picks, 0)
    except (TypeError, ValueError, AttributeError):
        return None
    return row if isinstance(row, Group) else Group("all", [row])


def _row(rule: Any, picks: Picks, depth: int) -> Row:
    if depth > MOST_DEPTH or not isinstance(rule, dict):
        raise ValueError
    if "field" in rule:
        return _read(rule, picks)
    ((how, inner),) = rule.items()
    if how == "not":
        part = _row(inner, picks, depth + 1)
        if isinstance(part, Group) and part.how in {"all", "any"}:
            return Group("not_all" if part.how == "all" else "none", part.rows)
        return Group("none", [part])
    if how not in {"all", "any"}:
        raise ValueError
    return Group(how, [_row(one, picks, depth + 1) for one in inner])


def _read(rule: dict[str, Any], picks: Picks) -> Condition:
    pick, op = picks.get(rule["field"]), str(rule.get("op", ""))
    if pick is None or op not in pick.ops:
        return Condition(raw=json.dumps(rule, ensure_ascii=False))
    value = rule.get("value")
    values = [_shown(one) for one in (value if isinstance(value, list) else [value])]
    if op in _SEVERAL and pick.shape != "choice":
        values = ["、".join(values)]
    extras = {one.name: str(rule[one.name]) for one in pick.extras if one.name in rule}
    return Condition(str(rule["field"]), op, values, extras)


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else str(value)


def refuse_unfinished(group: Group, picks: Picks, place: str = "") -> None:
    """Raises Invalid for the first row that is not yet filled in, with its place in words."""
    for number, row in enumerate(group.rows, 1):
        here = f"{place}第 {number} 条"
        if isinstance(row, Group):
            if not row.rows:
                raise Invalid(field="rule", reason=f"{here}：这一组里还没有条件")
            refuse_unfinished(row, picks, f"{here}里的")
        elif not row.raw and (reason := _unfinished(row, picks)):
            raise Invalid(field="rule", reason=f"{here}：{reason}")


def _unfinished(row: Condition, picks: Picks) -> str:
    pick = picks.get(row.field)
    if pick is None:
        return "请选择条件"
    for extra in pick.extras:
        if extra.needed and not row.extras.get(extra.name):
            return f"请填写{extra.label}"
    filled = sum(1 for text in row.values if text)
    if filled < (2 if row.op == "between" else 1):
        return "请选择" if pick.shape in {"choice", "flag"} else "请填写要比较的值"
    return ""
