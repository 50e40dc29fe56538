"""The tree of a rule once it has been read: leaves that compare, groups, and what must not be."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from loyalty.rule_fields import Asked, Field


@dataclass(frozen=True)
class Leaf:
    """One comparison."""

    field: Field
    op: str
    value: Any
    arguments: Mapping[str, Any]

    def asked(self, at: datetime) -> Asked:
        """The question of this leaf as of `at`."""
        return Asked(self.arguments, self.value, at)


@dataclass(frozen=True)
class Group:
    """Several rules, of which `all` or `any` must hold."""

    how: Literal["all", "any"]
    parts: tuple["Rule", ...]


@dataclass(frozen=True)
class Not:
    """A rule that must not hold."""

    part: "Rule"


Rule = Leaf | Group | Not
EVERYBODY: Rule = Group("all", ())


def leaves_of(rule: Rule) -> list[Leaf]:
    """The leaves of the tree, in the order of reading."""
    if isinstance(rule, Leaf):
        return [rule]
    parts = (rule.part,) if isinstance(rule, Not) else rule.parts
    return [leaf for part in parts for leaf in leaves_of(part)]
