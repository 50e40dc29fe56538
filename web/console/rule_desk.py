"""What a rule means: a sentence, how many members, a few of them."""

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
class Meaning:
    """A rule in words, how many members it means, and a few of them."""

    sentence: str
    count: int
    sample: Sequence[Member]


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
