"""The corpus of compliance: samples as works, and how the rules do on them."""

from dataclasses import dataclass, field
from datetime import datetime, time
from functools import cache
from pathlib import Path
from typing import Any

from content import compliance
from content.compliance import Passage, Setting, Work
from kernel.clock import SHANGHAI
from kernel.yaml import load_strict

PATH = Path(__file__).parent / "compliance_corpus.yaml"
SETTING = Setting(
    domains=("hall.example.com", "mp.weixin.qq.com"),
    now=datetime(2026, 11, 21, 12, tzinfo=SHANGHAI),
    quiet_from=time(21),
    quiet_until=time(8),
)
_MOMENTS = ("starts_at", "ends_at", "at")


@dataclass(frozen=True)
class Sample:
    """A text with what must be found in it, and the rules whose near miss it is."""

    number: int
    work: Work
    expected: frozenset[str]
    near: frozenset[str] = field(default_factory=frozenset)

    @property
    def found(self) -> frozenset[str]:
        """The ids of the rules that speak."""
        return frozenset(one.rule for one in compliance.inspect(self.work, SETTING))


@cache
def samples() -> list[Sample]:
    """All samples in their order."""
    return [
        Sample(
            number,
            work_of(entry),
            frozenset(entry.get("rules", ())),
            frozenset(entry.get("near", ())),
        )
        for number, entry in enumerate(load_strict(PATH)["samples"], start=1)
    ]


def work_of(entry: dict[str, Any]) -> Work:
    """The sample as a work; `times` repeats a text."""
    passages = [
        Passage(place, entry[name] * int(entry.get(times, 1)))
        for name, place, times in (
            ("title", "标题", "title_times"),
            ("digest", "摘要", "digest_times"),
            ("text", "正文", "times"),
        )
        if name in entry
    ]
    facts = dict(entry.get("facts", {}))
    for name in _MOMENTS:
        if facts.get(name):
            facts[name] = datetime.fromisoformat(facts[name])
    links = tuple(Passage("链接", link) for link in entry.get("links", ()))
    return Work(entry["kind"], tuple(passages), links, facts)
