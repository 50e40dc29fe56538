"""What the rules of 合规预检 look at, and what they answer."""

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, time
from functools import cached_property
from typing import Any, Literal, NamedTuple

from content.compliance_text import Folded, Folding

Kind = Literal["menu", "reply", "article", "coupon", "campaign", "push", "template"]
Severity = Literal["red", "amber"]
# No rule reads further; `text-too-long` speaks long before.
MOST_CHARS = 100_000
# Words of customers by which an answer is found; nobody reads them as ours.
_SEARCHED = ("相似问法", "关键词")

_SENTENCE = re.compile(r"[。!?\n]")
_CLAUSE = re.compile(r"[,。!?;:\n]")
_NOT = re.compile(
    r"不(?!仅|但|只|妨|止|限|错过)|无需|无须|毋须|勿|禁止|严禁|拒绝|谨防|警惕|远离|打击|举报"
    r"|杜绝|防范|避免|避开|诈骗|未(?!来)|没有|并非|切莫|违法|无效|无关"
)
_MARKS = {"“": "”", "「": "」", "《": "》", '"': '"'}


@dataclass(frozen=True)
class Passage:
    """A piece of text as people will read it; `place` is where, such as 标题 or 正文第 3 段."""

    place: str
    text: str


@dataclass(frozen=True)
class Work:
    """Something to be published; `facts` are what the rules of its kind ask for.

    A rule about a fact is silent while the fact is absent; docs/compliance.md lists the facts.
    """

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


@dataclass(frozen=True)
class Setting:
    """Where and when it will be published; the quiet hours are those of Shanghai.

    Links below `base_url` are ours. Without a list of `domains` no host is strange.
    """

    base_url: str = ""
    domains: tuple[str, ...] | None = None
    now: datetime | None = None
    quiet_from: time = time(21, 0)
    quiet_until: time = time(8, 0)
    mass_sends_a_month: int = 4


class Hit(NamedTuple):
    """A place where a rule speaks; `note` adds what was measured."""

    place: str
    quote: str
    note: str = ""


@dataclass(frozen=True)
class Words:
    """A maintained list of words, and the contexts in which they are harmless."""

    listed: re.Pattern[str] | None
    allowed: re.Pattern[str] | None = None

    def spans(self, text: str) -> Iterator[tuple[int, int]]:
        """Where a listed word stands outside of the allowed contexts."""
        if self.listed is None:
            return
        harmless = [m.span() for m in self.allowed.finditer(text)] if self.allowed else []
        for match in self.listed.finditer(text):
            start, end = match.span()
            nearest = bisect_right(harmless, (start, len(text))) - 1
            if nearest < 0 or harmless[nearest][1] < end:
                yield start, end


@dataclass(frozen=True)
class Line:
    """A passage as the rules read it: `plain` with its gaps, `dense` without."""

    place: str
    plain: Folded
    dense: Folded


@dataclass(frozen=True)
class Case:
    """A work made ready for the rules."""

    work: Work
    setting: Setting
    folding: Folding

    @cached_property
    def lines(self) -> tuple[Line, ...]:
        """The passages, folded."""
        found = []
        for passage in self.work.passages:
            if passage.place.startswith(_SEARCHED):
                continue
            plain = self.folding.fold(passage.text[:MOST_CHARS])
            found.append(Line(passage.place, plain, plain.without_gaps()))
        return tuple(found)

    @cached_property
    def all_text(self) -> str:
        """Everything that is said, for rules that miss something."""
        return "\n".join(line.dense.text for line in self.lines)

    def fact(self, name: str) -> Any:
        """A fact of the work; None when it is absent."""
        return self.work.facts.get(name)

    def knows(self, name: str) -> bool:
        """Whether the fact was given, be it empty."""
        return name in self.work.facts

    def says(self, pattern: re.Pattern[str]) -> bool:
        """Whether the work says it anywhere."""
        return pattern.search(self.all_text) is not None

    def find(self, pattern: re.Pattern[str], *, plain: bool = False) -> Iterator[Hit]:
        """A hit for each match that is not denied in its own clause."""
        for line in self.lines:
            folded = line.plain if plain else line.dense
            for match in pattern.finditer(folded.text):
                if not denied(folded.text, *match.span()):
                    yield Hit(line.place, folded.quote(*match.span()))


Check = Callable[[Case, Words], Iterable[Hit]]


def words(case: Case, listed: Words) -> Iterator[Hit]:
    """The usual rule: a word of the list, outside of its harmless contexts."""
    for line in case.lines:
        text = line.dense.text
        for start, end in listed.spans(text):
            if not named(text, start, end):
                yield Hit(line.place, line.dense.quote(start, end))


def stated(case: Case, listed: Words) -> Iterator[Hit]:
    """As `words`, but what a clause denies or warns of is not said."""
    for line in case.lines:
        text = line.dense.text
        for start, end in listed.spans(text):
            # A listed word may hold a "not" of its own: 不转不是.
            if not (denied(text, start, start) or _is_denied_after(text, end)):
                yield Hit(line.place, line.dense.quote(start, end))


def denied(text: str, start: int, end: int) -> bool:
    """Whether the clause says that it is not so: 无需转发, 不要刷量, 分享不会获得积分."""
    before = text[max(0, start - 12) : start]
    cuts = [cut.end() for cut in _CLAUSE.finditer(before)]
    before = before[cuts[-1] :] if cuts else before
    if _NOT.search(before):
        return True
    return end > start and (bool(_NOT.search(text[start:end])) or _is_denied_after(text, end))


def named(text: str, start: int, end: int) -> bool:
    """Whether the word is only mentioned, in marks and with a "do not" in its sentence."""
    closing = _MARKS.get(text[max(0, start - 1) : start])
    if closing is None or closing not in text[end : end + 6]:
        return False
    before = _SENTENCE.split(text[max(0, start - 40) : start])[-1]
    after = _SENTENCE.split(text[end : end + 40])[0]
    return _NOT.search(before + after) is not None


def _is_denied_after(text: str, end: int) -> bool:
    after = text[end : end + 14]
    cut = _CLAUSE.search(after)
    after = after[: cut.start()] if cut else after
    return bool(
        re.search(r"(?:都|均|也)?(?:要警惕|是诈骗|属违法|不会|违法|无效|不影响|举报)", after)
    )
