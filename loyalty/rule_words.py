"""Rules in words: one Chinese sentence that a marketer and a member both read alike."""

from collections.abc import Mapping
from typing import Any

from loyalty.rule_kinds import Flag
from loyalty.rule_trees import Group, Leaf, Rule

Names = Mapping[tuple[str, Any], str]
_OPPOSITE = {
    ">=": "<", "<": ">=", ">": "<=", "<=": ">", "=": "!=", "!=": "=",
    "in": "not_in", "not_in": "in", "has": "lacks", "lacks": "has",
}  # fmt: skip


def sentence(rule: Rule, names: Names) -> str:
    """The rule as a sentence without a full stop."""
    if isinstance(rule, Leaf):
        return _leaf(rule, rule.op, rule.value, names)
    if isinstance(rule, Group):
        return _joined(rule.how, [_inner(part, names) for part in rule.parts])
    part = rule.part
    if isinstance(part, Leaf) and _turns(part):
        value = not part.value if isinstance(part.field.kind, Flag) else part.value
        op = "=" if isinstance(part.field.kind, Flag) else _OPPOSITE[part.op]
        return _leaf(part, op, value, names)
    return f"不满足（{sentence(part, names)}）"


def _turns(leaf: Leaf) -> bool:
    if isinstance(leaf.field.kind, Flag):
        return True
    # Where a value may be missing, only `=`, `in` and `has` have an opposite in one word.
    kept = {"=", "!=", "in", "not_in", "has", "lacks"}
    return leaf.op in (kept if leaf.field.kind.missing else set(_OPPOSITE))


def _inner(rule: Rule, names: Names) -> str:
    text = sentence(rule, names)
    return f"（{text}）" if isinstance(rule, Group) and len(rule.parts) > 1 else text


def _joined(how: str, texts: list[str]) -> str:
    if not texts:
        return "不限"
    if len(texts) == 1:
        return texts[0]
    link = "，且" if how == "all" else "，或"
    return f"{'，'.join(texts[:-1])}{link}{texts[-1]}"


def _leaf(leaf: Leaf, op: str, value: Any, names: Names) -> str:
    def name(one: Any) -> str:
        return leaf.field.kind.name(names.get((leaf.field.code, one), one))

    return f"{title(leaf, names)}{leaf.field.kind.words(op, value, name)}"


def title(leaf: Leaf, names: Names) -> str:
    """What a leaf asks about, with its arguments."""
    known, arguments = leaf.field, leaf.arguments
    filled = {
        name: code if name == "days" else f"“{names.get((name, code), code)}”"
        for name, code in arguments.items()
    }
    for argument in known.arguments:
        filled.setdefault(argument.name, known.bare or "")
    text = names.get(("title", known.code)) or known.title.format(**filled)
    if "days" in arguments and "{days}" not in known.title:
        return f"近 {arguments['days']} 天{text}"
    return text
