"""Rules: who is meant, as a tree that is checked when it is written and compiled to SQL.

A rule is `{"all": […]}`, `{"any": […]}`, `{"not": …}` or a leaf such as
`{"field": "check_ins.count", "days": 30, "op": ">=", "value": 10}`. `{"all": []}` at the top means
everybody. The fields are those of a vocabulary; nothing a person wrote is ever run as code.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import ColumnElement, and_, case, not_, or_, select, true
from sqlalchemy.orm import Session

from kernel.refusals import Invalid, NotFound, Refused
from loyalty import rule_words
from loyalty.members import Member
from loyalty.reasons import Condition
from loyalty.rule_fields import Field, Vocabulary
from loyalty.rule_kinds import Flag, Wrong
from loyalty.rule_trees import EVERYBODY, Group, Leaf, Not, Rule, leaves_of
from loyalty.rule_words import Names
from loyalty.vocabulary import BASE

MOST_DEPTH = 6
MOST_LEAVES = 50
_GROUPS: dict[str, Literal["all", "any"]] = {"all": "all", "any": "any"}


class RuleInvalid(Invalid):
    """The rule cannot be used; facts: `field`, `place` of the fault and `reason`, in Chinese."""

    code = "rule_invalid"


class RuleNotMet(Refused):
    """The member does not meet a condition; facts: `condition` and the member's own `value`."""

    code = "rule_not_met"


class _Spoken:
    """The vocabulary of this process; one house is one process."""

    vocabulary = BASE


def speak(vocabulary: Vocabulary) -> None:
    """Say, once, where the house is put together, which fields its rules may name."""
    _Spoken.vocabulary = vocabulary


def spoken() -> Vocabulary:
    """The fields that the rules of this house may name, for whoever writes one."""
    return _Spoken.vocabulary


def parse(value: Any, *, vocabulary: Vocabulary | None = None) -> Rule:
    """The rule that the JSON value means, in the house's vocabulary unless another is given.

    Raises RuleInvalid with the place of the fault.
    """
    if value == {"all": []}:
        return EVERYBODY
    return _Reader(vocabulary or _Spoken.vocabulary).read(value, ())


@dataclass
class _Reader:
    vocabulary: Vocabulary
    leaves: int = field(default=0)

    def read(self, value: Any, place: tuple[int, ...]) -> Rule:
        if not isinstance(value, dict):
            raise _wrong(place, "须为一个条件")
        if len(place) >= MOST_DEPTH:
            raise _wrong(place, f"条件最多 {MOST_DEPTH} 层")
        if "field" in value:
            return self._leaf(value, place)
        if len(value) != 1:
            raise _wrong(place, "须为 all、any、not 之一或一个条件")
        name, inner = next(iter(value.items()))
        if name == "not":
            return Not(self.read(inner, (*place, 1)))
        if name not in _GROUPS or not isinstance(inner, list) or not inner:
            raise _wrong(place, "须为 all、any、not 之一，且不为空")
        parts = [self.read(part, (*place, number)) for number, part in enumerate(inner, 1)]
        return Group(_GROUPS[name], tuple(parts))

    def _leaf(self, value: dict[str, Any], place: tuple[int, ...]) -> Leaf:
        self.leaves += 1
        if self.leaves > MOST_LEAVES:
            raise _wrong(place, f"条件最多 {MOST_LEAVES} 个")
        code, op = value["field"], value.get("op")
        known = self.vocabulary.find(code, value.get("value")) if isinstance(code, str) else None
        if known is None:
            raise _wrong(place, "没有这个字段")
        if not isinstance(op, str) or op not in known.kind.ops:
            raise _wrong(place, "此字段不能这样比较")
        try:
            arguments = _arguments(known, value)
            return Leaf(known, op, known.kind.value(op, value.get("value")), arguments)
        except Wrong as wrong:
            raise _wrong(place, str(wrong)) from wrong


def _arguments(known: Field, value: dict[str, Any]) -> dict[str, Any]:
    names = {argument.name for argument in known.arguments}
    if set(value) - names - {"field", "op", "value"}:
        raise Wrong("有不认识的参数")
    missing = [one.name for one in known.arguments if one.needed and one.name not in value]
    if missing:
        raise Wrong(f"缺少参数 {missing[0]}")
    return {one.name: one.parse(value[one.name]) for one in known.arguments if one.name in value}


def _wrong(place: tuple[int, ...], reason: str) -> RuleInvalid:
    where_it_is = " › ".join(("规则", *(f"第 {number} 项" for number in place)))
    return RuleInvalid(field="rule", place=where_it_is, reason=reason)


def explain(rule: Rule, names: Names | None = None) -> str:
    """The rule as one Chinese sentence, without a full stop; `names` as of `names_of`."""
    return rule_words.sentence(rule, names or {})


def names_of(session: Session, rule: Rule) -> Names:
    """The names of the tiers, tags and batches that the rule refers to, in one statement."""
    wanted = dict(_namings(leaves_of(rule)))
    if not wanted:
        return {}
    row = session.execute(select(*wanted.values())).one()
    return {key: str(name) for key, name in zip(wanted, row, strict=True) if name is not None}


def _namings(leaves: Iterable[Leaf]) -> Iterator[tuple[tuple[str, Any], ColumnElement[Any]]]:
    for leaf in leaves:
        known = leaf.field
        if known.called is not None:
            yield ("title", known.code), known.called
        values = leaf.value if isinstance(leaf.value, tuple) else (leaf.value,)
        for one in values if known.name_of else ():
            assert known.name_of is not None
            yield (known.code, one), known.name_of(one)
        for argument, naming in known.names.items():
            if argument in leaf.arguments:
                code = leaf.arguments[argument]
                yield (argument, code), naming(code)


def where(rule: Rule, at: datetime) -> ColumnElement[bool]:
    """The rule as a predicate over Member, as of `at`; it is never NULL."""
    if isinstance(rule, Leaf):
        column = rule.field.column(rule.asked(at))
        predicate: ColumnElement[bool] = rule.field.kind.met(column, rule.op, rule.value, at)
        return predicate
    if isinstance(rule, Not):
        return not_(where(rule.part, at))
    parts = [where(part, at) for part in rule.parts]
    return and_(true(), *parts) if rule.how == "all" else or_(*parts)


def check(session: Session, rule: Rule, member_id: int, at: datetime) -> list[Condition]:
    """Why not me? A condition for each part that must hold, with the value that was used.

    One statement reads all values, verdicts and names. Raises NotFound for an unknown member.
    """
    parts = rule.parts if isinstance(rule, Group) and rule.how == "all" else (rule,)
    names = dict(_namings(leaves_of(rule)))
    verdicts = [case((where(part, at), 1), else_=0) for part in parts]
    values = [_shown(leaf, at) for part in parts for leaf in leaves_of(part)]
    columns = [*verdicts, *values, *names.values()]
    labelled = [column.label(f"c{number}") for number, column in enumerate(columns)]
    query = select(Member.id, *labelled).where(Member.id == member_id)
    row = session.execute(query).one_or_none()
    if row is None:
        raise NotFound
    found = iter(row[1:])
    met = [bool(next(found)) for _ in verdicts]
    shown = iter([next(found) for _ in values])
    known = {key: str(name) for key, name in zip(names, found, strict=True) if name is not None}
    return [
        _condition(part, verdict, [next(shown) for _ in leaves_of(part)], (known, at))
        for part, verdict in zip(parts, met, strict=True)
    ]


def _shown(leaf: Leaf, at: datetime) -> ColumnElement[Any]:
    asked = leaf.asked(at)
    # A predicate is no value on every database.
    column: ColumnElement[Any] = (leaf.field.shown or leaf.field.column)(asked)
    return case((column, 1), else_=0) if isinstance(leaf.field.kind, Flag) else column


def _condition(part: Rule, met: bool, raw: list[Any], known: tuple[Names, datetime]) -> Condition:
    names, at = known
    title = rule_words.sentence(part, names)
    leaves = leaves_of(part)
    values = [leaf.field.kind.show(value, at) for leaf, value in zip(leaves, raw, strict=True)]
    if len(leaves) > 1:
        titles = [rule_words.title(leaf, names) for leaf in leaves]
        pairs = zip(titles, values, strict=True)
        values = [f"{one}：{value}" if one else value for one, value in pairs]
    value = "；".join(values)
    return Condition(title, met, value, RuleNotMet(condition=title, value=value))
