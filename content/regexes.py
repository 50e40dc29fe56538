"""Regular expressions that cannot run away: a small language, matched in one pass.

Letters, `.`, `[a-z]`, `[^…]`, `\\d \\w \\s` and their opposites, `^`, `$`, groups, `|`, and the
quantifiers `* + ? {m} {m,n}`. No back-references and no looking around: with those gone, a set of
states walks the text once, so a hostile text costs its length times the size of the expression.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

LENGTH = 200
STATES = 400
REPEATS = 50
_DEPTH = 20
# What a walk has learnt is kept, up to so many steps.
_REMEMBERED = 2_000

Test = Callable[[str], bool]


class NotARegex(ValueError):
    """The expression cannot be used; the text says why, for whoever wrote it."""


@dataclass(frozen=True)
class _Node:
    """`kind`: letter, begin, end, empty, join, either, repeat."""

    kind: str
    parts: tuple["_Node", ...] = ()
    test: Test | None = None
    least: int = 0
    most: int | None = None


_EMPTY = _Node("empty")
_CLASSES: dict[str, Test] = {
    "d": str.isdecimal,
    "w": lambda letter: letter.isalnum() or letter == "_",
    "s": str.isspace,
    "D": lambda letter: not letter.isdecimal(),
    "W": lambda letter: not (letter.isalnum() or letter == "_"),
    "S": lambda letter: not letter.isspace(),
}
_BLANKS = {"n": "\n", "t": "\t", "r": "\r"}


class _Parser:
    def __init__(self, source: str) -> None:
        self._source, self._at, self._depth = source, 0, 0

    def read(self) -> _Node:
        node = self._either()
        if self._at < len(self._source):
            raise NotARegex("括号“)”没有对应的“(”")
        return node

    def _peek(self) -> str:
        return self._source[self._at : self._at + 1]

    def _take(self) -> str:
        letter = self._peek()
        self._at += 1
        return letter

    def _either(self) -> _Node:
        branches = [self._join()]
        while self._peek() == "|":
            self._take()
            branches.append(self._join())
        return branches[0] if len(branches) == 1 else _Node("either", tuple(branches))

    def _join(self) -> _Node:
        parts = []
        while (letter := self._peek()) and letter not in "|)":
            parts.append(self._repeated(self._atom()))
        return _Node("join", tuple(parts)) if parts else _EMPTY

    def _repeated(self, node: _Node) -> _Node:
        bounds = self._bounds()
        if bounds is None:
            return node
        if node.kind in {"begin", "end", "empty"}:
            raise NotARegex("* + ? {} 前面要有可重复的内容")
        if self._peek() and self._peek() in "*+?{":
            raise NotARegex("不支持连写重复符号，如 a+? 或 a**")
        return _Node("repeat", (node,), least=bounds[0], most=bounds[1])

    def _bounds(self) -> tuple[int, int | None] | None:
        simple: dict[str, tuple[int, int | None]] = {"*": (0, None), "+": (1, None), "?": (0, 1)}
        letter = self._peek()
        if letter in simple and letter:
            self._take()
            return simple[letter]
        if letter != "{":
            return None
        close = self._source.find("}", self._at)
        inner = self._source[self._at + 1 : close] if close > 0 else ""
        least, comma, most = inner.partition(",")
        numbers = [least, *([most] if most else [])]
        if not all(one.isascii() and one.isdecimal() and len(one) <= 3 for one in numbers):
            raise NotARegex("{} 里要写次数，如 {2} 或 {1,3}")
        self._at = close + 1
        low = int(least)
        high = low if not comma else (int(most) if most else None)
        if low > REPEATS or (high is not None and not low <= high <= REPEATS):
            raise NotARegex(f"重复次数最多 {REPEATS}，且前小后大")
        return low, high

    def _atom(self) -> _Node:
        letter = self._take()
        if letter == "(":
            return self._group()
        if letter == "[":
            return _Node("letter", test=self._set())
        if letter in "*+?{":
            raise NotARegex("* + ? {} 前面要有可重复的内容")
        if letter in "^$":
            return _Node("begin" if letter == "^" else "end")
        if letter == ".":
            return _Node("letter", test=lambda one: one != "\n")
        return _Node("letter", test=self._escape() if letter == "\\" else _same(letter))

    def _group(self) -> _Node:
        if self._source.startswith("?:", self._at):
            self._at += 2
        elif self._peek() == "?":
            raise NotARegex("不支持 (?…) 写法：环视、命名分组和选项都不能用")
        self._depth += 1
        if self._depth > _DEPTH:
            raise NotARegex("括号嵌套太深")
        node = self._either()
        if self._take() != ")":
            raise NotARegex("括号“(”没有对应的“)”")
        self._depth -= 1
        return node

    def _escape(self) -> Test:
        letter = self._take()
        if not letter:
            raise NotARegex("末尾的“\\”后面要有字符")
        if letter in _CLASSES:
            return _CLASSES[letter]
        if letter.isascii() and letter.isalnum() and letter not in _BLANKS:
            raise NotARegex(f"不支持 \\{letter}（反向引用等写法都不能用）")
        return _same(_BLANKS.get(letter, letter))

    def _set(self) -> Test:
        negated = self._peek() == "^"
        if negated:
            self._take()
        tests: list[Test] = []
        while (letter := self._take()) != "]" or not tests:
            if not letter:
                raise NotARegex("“[”没有对应的“]”")
            tests.append(self._set_part(letter))
        return lambda one: any(test(one) for test in tests) != negated

    def _set_part(self, letter: str) -> Test:
        if letter == "\\":
            return self._escape()
        if self._peek() == "-" and self._source[self._at + 1 : self._at + 2] not in {"]", ""}:
            self._take()
            last = self._take()
            if last == "\\" or last < letter:
                raise NotARegex("[] 里的范围要从小到大，如 a-z")
            return _between(letter.lower(), last.lower())
        return _same(letter)


def _same(letter: str) -> Test:
    folded = letter.lower()
    return lambda one: one == folded


def _between(first: str, last: str) -> Test:
    return lambda one: first <= one <= last


@dataclass
class _Machine:
    """States in a list; each leads on by a letter, for free, or at an end of the text."""

    steps: list[tuple[Test, int] | None] = field(default_factory=list)
    free: list[list[tuple[str, int]]] = field(default_factory=list)

    def state(self) -> int:
        if len(self.steps) >= STATES:
            raise NotARegex("表达式太复杂，请拆成几条")
        self.steps.append(None)
        self.free.append([])
        return len(self.steps) - 1

    def lead(self, start: int, end: int, condition: str = "") -> None:
        self.free[start].append((condition, end))

    def build(self, node: _Node, start: int) -> int:
        """Lay `node` down after `start`; returns where it ends."""
        if node.kind == "letter":
            assert node.test is not None
            end = self.state()
            self.steps[start] = (node.test, end)
            return end
        if node.kind in {"begin", "end"}:
            end = self.state()
            self.lead(start, end, node.kind)
            return end
        if node.kind == "either":
            return self._either(node, start)
        if node.kind == "repeat":
            return self._repeat(node, start)
        for part in node.parts:
            start = self.build(part, self._fresh(start))
        return start

    def _fresh(self, start: int) -> int:
        inner = self.state()
        self.lead(start, inner)
        return inner

    def _either(self, node: _Node, start: int) -> int:
        end = self.state()
        for branch in node.parts:
            self.lead(self.build(branch, self._fresh(start)), end)
        return end

    def _repeat(self, node: _Node, start: int) -> int:
        part = node.parts[0]
        for _ in range(node.least):
            start = self.build(part, self._fresh(start))
        if node.most is None:
            loop = self._fresh(start)
            self.lead(self.build(part, self._fresh(loop)), loop)
            return loop
        end = self.state()
        for _ in range(node.most - node.least):
            self.lead(start, end)
            start = self.build(part, self._fresh(start))
        self.lead(start, end)
        return end


class Regex:
    """One expression, ready to search texts that `content.wording.plain` has prepared."""

    def __init__(self, source: str) -> None:
        """Raises NotARegex."""
        if not source or len(source) > LENGTH:
            raise NotARegex(f"正则表达式要有 1 至 {LENGTH} 个字符")
        machine = _Machine()
        start = machine.state()
        self._end = machine.build(_Parser(source).read(), start)
        self._machine, self._start = machine, start
        self._learnt: dict[tuple[frozenset[int], str], frozenset[int]] = {}
        if self._end in self._closed({start}, at_begin=True, at_end=True):
            raise NotARegex("这个表达式会匹配任何消息，请写明要找的字")

    def search(self, text: str) -> bool:
        """Whether the expression stands anywhere in the text."""
        states = self._closed({self._start}, at_begin=True, at_end=not text)
        for number, letter in enumerate(text, 1):
            if self._end in states:
                return True
            states = self._step(states, letter)
            if number == len(text):
                states = self._closed(states, at_begin=False, at_end=True)
        return self._end in states

    def _step(self, states: frozenset[int], letter: str) -> frozenset[int]:
        known = self._learnt.get((states, letter))
        if known is not None:
            return known
        reached = {end for test, end in self._tests(states) if test(letter)}
        # A match may begin anywhere, so the start is always among the states.
        found = self._closed({*reached, self._start}, at_begin=False, at_end=False)
        if len(self._learnt) < _REMEMBERED:
            self._learnt[states, letter] = found
        return found

    def _tests(self, states: frozenset[int]) -> Iterator[tuple[Test, int]]:
        for state in states:
            step = self._machine.steps[state]
            if step is not None:
                yield step

    def _closed(
        self, states: set[int] | frozenset[int], *, at_begin: bool, at_end: bool
    ) -> frozenset[int]:
        open_to = {"", *(["begin"] if at_begin else []), *(["end"] if at_end else [])}
        found, waiting = set(states), list(states)
        while waiting:
            for condition, end in self._machine.free[waiting.pop()]:
                if condition in open_to and end not in found:
                    found.add(end)
                    waiting.append(end)
        return frozenset(found)
