"""Patterns of reply rules: what a text must be, hold, or look like."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from content.regexes import NotARegex, Regex
from content.wording import fold, plain
from kernel.refusals import Invalid

KINDS = {"exact": "完全相同", "contains": "包含", "regex": "正则"}
LENGTH = 60
MOST = 30


@dataclass(frozen=True)
class Said:
    """A text as patterns read it: folded for words, plain for regular expressions."""

    folded: str
    plain: str

    @classmethod
    def of(cls, text: str) -> "Said":
        """The two spellings of what somebody typed."""
        written = plain(text)
        return cls(fold(written), written)


@dataclass(frozen=True)
class Pattern:
    """`kind` is exact, contains or regex."""

    kind: str
    text: str

    @cached_property
    def _folded(self) -> str:
        return fold(self.text)

    @cached_property
    def _regex(self) -> Regex:
        return Regex(self.text)

    def fits(self, said: Said) -> bool:
        """Whether the text is, holds or looks like this."""
        if self.kind == "exact":
            return said.folded == self._folded
        if self.kind == "contains":
            return self._folded in said.folded
        return self._regex.search(said.plain)

    @property
    def shown(self) -> str:
        """As people read it, such as 包含“断网”."""
        return f"{KINDS[self.kind]}“{self.text}”"


def parse(values: Any, field: str = "patterns") -> list[Pattern]:
    """The patterns of a form, `[{"kind", "text"}]`. Raises Invalid, which names the pattern."""
    if not isinstance(values, list) or len(values) > MOST:
        raise Invalid(field=field, reason=f"关键词最多 {MOST} 个")
    found: list[Pattern] = []
    for number, value in enumerate(values, 1):
        pattern = _read(value, f"第 {number} 个关键词", field)
        if pattern not in found:
            found.append(pattern)
    return found


def _read(value: Any, place: str, field: str) -> Pattern:
    if not isinstance(value, Mapping) or value.get("kind") not in KINDS:
        raise Invalid(field=field, reason=f"{place}：请选择完全相同、包含或正则")
    kind, text = str(value["kind"]), str(value.get("text", "")).strip()
    if kind == "regex":
        try:
            Regex(text)
        except NotARegex as error:
            raise Invalid(field=field, reason=f"{place}：{error}") from None
        return Pattern(kind, text)
    if not fold(text) or len(text) > LENGTH:
        raise Invalid(field=field, reason=f"{place}：请填写 1 至 {LENGTH} 个字（不能只有标点）")
    return Pattern(kind, text)


def to_json(patterns: list[Pattern]) -> list[dict[str, str]]:
    """As `parse` reads them."""
    return [{"kind": one.kind, "text": one.text} for one in patterns]
