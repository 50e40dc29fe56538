"""合规预检: what is about to be published, and what stands against it.

A red finding blocks; an amber one needs the approver's written reason.
"""

from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["menu", "reply", "article", "coupon", "campaign", "push", "template"]
Severity = Literal["red", "amber"]


@dataclass(frozen=True)
class Passage:
    """A piece of text as people will read it; `place` is where, such as 标题 or 正文第 3 段."""

    place: str
    text: str


@dataclass(frozen=True)
class Work:
    """Something to be published; `facts` are what the rules of its kind ask for."""

    kind: Kind
    passages: tuple[Passage, ...]
    links: tuple[Passage, ...] = ()
    facts: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Finding:
    """What a rule found: where, the words it found, why it matters and what to do."""

    rule: str
    severity: Severity
    place: str
    quote: str
    why: str
    fix: str
    source: str
