"""Text as the rules compare it: width, case, invisible signs and gaps inside words folded away.

Every folded character knows where it stood, so that a finding quotes what was written.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

# Signs that end a thought; other signs between two Chinese characters only hide the word.
_KEPT = r"\w\n,。!?;:、()\[\]\"'“”‘’《》「」%¥{}@"
_HAN = "\u3400-\u9fff"
_GAP = re.compile(rf"(?<=[{_HAN}])(?:[^{_KEPT}]|_){{1,3}}(?=[{_HAN}])")
_DROPPED = frozenset({"Cc", "Cf", "Cs", "Co", "Mn", "Me"})


@dataclass(frozen=True)
class Folded:
    """A folded text; `at[i]` is where its character i stands in `original`."""

    original: str
    text: str
    at: list[int]

    def quote(self, start: int, end: int) -> str:
        """What was written there."""
        return self.original[self.at[start] : self.at[end - 1] + 1] if start < end else ""

    def without_gaps(self) -> "Folded":
        """The same with 最 佳 and 最*佳 as 最佳."""
        parts: list[str] = []
        at: list[int] = []
        last = 0
        for gap in _GAP.finditer(self.text):
            parts.append(self.text[last : gap.start()])
            at.extend(self.at[last : gap.start()])
            last = gap.end()
        parts.append(self.text[last:])
        at.extend(self.at[last:])
        return Folded(self.original, "".join(parts), at)


class Folding(dict[str, str]):
    """What each character becomes; worked out when it is first met."""

    def __init__(self, alike: Mapping[str, str]) -> None:
        super().__init__()
        self._alike = alike

    def __missing__(self, char: str) -> str:
        folded = "" if _is_invisible(char) else unicodedata.normalize("NFKC", char).casefold()
        folded = "".join(self._alike.get(one, one) for one in folded)
        if len(self) < 20_000:
            self[char] = folded
        return folded

    def fold(self, text: str) -> Folded:
        """The text folded, with the way back."""
        folded = [self[char] for char in text]
        at = [index for index, become in enumerate(folded) for _ in become]
        return Folded(text, "".join(folded), at)


def _is_invisible(char: str) -> bool:
    return char not in "\n\t" and unicodedata.category(char) in _DROPPED
