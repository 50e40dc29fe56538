"""What whoever writes a rule needs: the fields there are, and what a rule means."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy.orm import Session

from loyalty import rules, segments
from loyalty.members import Member
from loyalty.rule_trees import Group, Rule
from loyalty.rules import RuleInvalid

K = TypeVar("K")
BROKEN = "规则已失效，请重新填写"


@dataclass(frozen=True)
class Word:
    """A field of rules: its code, its title, how it compares, what else it wants to know."""

    code: str
    title: str
    ops: tuple[str, ...]
    arguments: tuple[str, ...]


@dataclass(frozen=True)
class Meaning:
    """A rule in words, how many members it means, and a few of them."""

    sentence: str
    count: int
    sample: Sequence[Member]


def words() -> list[Word]:
    """The fields that rules of this house may name."""
    return [
        Word(
            field.code,
            field.title.format_map(_Blanks()),
            tuple(field.kind.ops),
            tuple(one.name for one in field.arguments),
        )
        for field in rules.spoken().fields.values()
    ]


class _Blanks(dict[str, str]):
    """An argument that is not given reads as an ellipsis."""

    def __missing__(self, _name: str) -> str:
        return "…"


def meaning(session: Session, written: dict[str, Any], at: datetime) -> Meaning:
    """What the rule means at `at`. Raises RuleInvalid."""
    rule = rules.parse(written)
    sentence = rules.explain(rule, rules.names_of(session, rule))
    return Meaning(sentence, segments.count(session, rule, at), segments.sample(session, rule, at))


def explain(session: Session, written: Mapping[str, Any] | None) -> str:
    """A stored rule as a sentence with names; nothing for none."""
    return sentences(session, {0: written})[0]


def sentences(session: Session, written: Mapping[K, Mapping[str, Any] | None]) -> dict[K, str]:
    """Stored rules as sentences, by key; the names of all in one statement."""
    found: dict[K, Rule] = {}
    said = dict.fromkeys(written, "")
    for key, rule in written.items():
        try:
            if rule:
                found[key] = rules.parse(dict(rule))
        except RuleInvalid:  # the house no longer has a field that it names
            said[key] = BROKEN
    if found:
        names = rules.names_of(session, Group("all", tuple(found.values())))
        said |= {key: rules.explain(rule, names) for key, rule in found.items()}
    return said
