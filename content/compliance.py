"""合规预检: what is about to be published, and what stands against it.

A red finding blocks; an amber one needs the approver's written reason. The texts and word lists of
the rules are in `data/`, the checks in `compliance_<theme>`; docs/compliance.md tells of both.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from content import (
    compliance_inducement,
    compliance_platform,
    compliance_privacy,
    compliance_promotions,
    compliance_sectors,
    compliance_words,
)
from content.compliance_cases import (
    Case,
    Check,
    Finding,
    Hit,
    Kind,
    Passage,
    Setting,
    Severity,
    Words,
    Work,
)
from content.compliance_text import Folding
from kernel.yaml import load_strict

__all__ = [
    "DEFAULT",
    "Finding",
    "Kind",
    "Passage",
    "Rule",
    "Setting",
    "Severity",
    "Work",
    "inspect",
    "rules",
    "setting_of",
    "within",
]

DEFAULT = Setting()
# Where the running request publishes to; work that nobody placed has no addresses of its own.
_HOUSE: ContextVar[Setting] = ContextVar("compliance_setting", default=DEFAULT)
KINDS: tuple[Kind, ...] = ("menu", "reply", "article", "coupon", "campaign", "push", "template")
_DATA = Path(__file__).parent / "data"
_MOST_HITS = 20
_THEMES: Mapping[str, Mapping[str, Check]] = {
    "words": compliance_words.CHECKS,
    "inducement": compliance_inducement.CHECKS,
    "promotions": compliance_promotions.CHECKS,
    "platform": compliance_platform.CHECKS,
    "privacy": compliance_privacy.CHECKS,
    "sectors": compliance_sectors.CHECKS,
}


@dataclass(frozen=True)
class Rule:
    """One rule: what it says when it speaks, and on which kinds it runs."""

    id: str
    theme: str
    severity: Severity
    title: str
    why: str
    fix: str
    source: str
    kinds: tuple[Kind, ...]
    listed: Words
    check: Check


def inspect(work: Work, setting: Setting | None = None) -> list[Finding]:
    """Everything that stands against publishing the work, the red first.

    Without a setting that of `within` counts.
    """
    case = Case(work, setting or _HOUSE.get(), _folding())
    found: dict[tuple[str, str, str], Finding] = {}
    for rule in rules():
        if work.kind in rule.kinds:
            for hit in islice(rule.check(case, rule.listed), _MOST_HITS):
                found.setdefault((rule.id, hit.place, hit.quote), _finding(rule, hit))
    return sorted(found.values(), key=lambda finding: finding.severity != "red")


def setting_of(base_url: str, link_domains: tuple[str, ...], at: datetime) -> Setting:
    """Where and when a hall publishes: its own host, articles of WeChat, what it has listed."""
    host = urlsplit(base_url).hostname or ""
    return Setting(base_url, (host, "mp.weixin.qq.com", *link_domains), at)


@contextmanager
def within(setting: Setting) -> Iterator[None]:
    """What is inspected in here is to be published in this setting."""
    token = _HOUSE.set(setting)
    try:
        yield
    finally:
        _HOUSE.reset(token)


@cache
def rules() -> tuple[Rule, ...]:
    """All rules, by theme and in the order of their files."""
    return tuple(rule for theme in _THEMES for rule in _load(theme))


def _load(theme: str) -> Iterator[Rule]:
    entries: dict[str, dict[str, Any]] = load_strict(_DATA / f"{theme}.yaml")
    checks = _THEMES[theme]
    assert set(entries) == set(checks), set(entries) ^ set(checks)
    for rule_id, entry in entries.items():
        yield Rule(
            id=rule_id,
            theme=theme,
            severity=entry["severity"],
            title=entry["title"],
            why=entry["why"],
            fix=entry["fix"],
            source=entry["source"],
            kinds=tuple(entry.get("kinds", KINDS)),
            listed=Words(_any_of(entry.get("words")), _any_of(entry.get("allowed"))),
            check=checks[rule_id],
        )


def _any_of(listed: list[str] | None) -> re.Pattern[str] | None:
    """A pattern for any of the words; the longest that fits is the one found."""
    if not listed:
        return None
    folded = {_folding().fold(word).text for word in listed}
    return re.compile("|".join(map(re.escape, sorted(folded, key=len, reverse=True))))


@cache
def _folding() -> Folding:
    pairs: list[str] = load_strict(_DATA / "alike.yaml")["alike"]
    return Folding({pair[0]: pair[1] for pair in pairs})


def _finding(rule: Rule, hit: Hit) -> Finding:
    why = f"{rule.why}（{hit.note}）" if hit.note else rule.why
    return Finding(rule.id, rule.severity, hit.place, hit.quote, why, rule.fix, rule.source)
