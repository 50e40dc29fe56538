"""Our regular expressions: those of Python where they exist in both, and never slow."""

import random
import re
import time

import pytest

from content import patterns
from content.patterns import Pattern, Said
from content.regexes import LENGTH, NotARegex, Regex
from kernel.refusals import Invalid


@pytest.mark.parametrize(
    ("expression", "text", "found"),
    [
        ("断网|没网", "我家没网了", True),
        ("^宽带.*(慢|卡)$", "宽带好卡", True),
        ("^宽带.*(慢|卡)$", "我的宽带好卡", False),
        (r"\d{3,5}元", "要100元吗", True),
        (r"\d{3,5}元", "要10元吗", False),
        ("[a-c]+x", "ddabx", True),
        ("[^a-z]", "abc", False),
        (r"套餐\?", "套餐?", True),
        ("(?:ab)+c", "xababc", True),
        ("Wi-?Fi", "wifi", True),
    ],
)
def test_it_finds(expression: str, text: str, found: bool) -> None:
    assert Regex(expression).search(text) is found


def written(depth: int, dice: random.Random) -> str:
    """Some expression of the common subset."""
    kind = dice.random()
    if depth == 0 or kind < 0.3:
        return dice.choice(["a", "b", ".", "[ab]", "[^a]", r"\d"])
    if kind < 0.5:
        return written(depth - 1, dice) + written(depth - 1, dice)
    if kind < 0.65:
        return f"(?:{written(depth - 1, dice)}|{written(depth - 1, dice)})"
    if kind < 0.9:
        times = dice.choice(["*", "+", "?", "{1,2}", "{2}", "{0,2}", "{1,}"])
        return f"(?:{written(depth - 1, dice)}){times}"
    return dice.choice(["^", ""]) + written(depth - 1, dice) + dice.choice(["$", ""])


def test_it_finds_what_python_finds() -> None:
    dice, compared = random.Random(4), 0
    for _ in range(3_000):
        expression = written(4, dice)
        try:
            ours = Regex(expression)
        except NotARegex:
            continue
        theirs = re.compile(expression)
        for _ in range(5):
            text = "".join(dice.choice("ab1") for _ in range(dice.randint(0, 7)))
            assert ours.search(text) == bool(theirs.search(text)), (expression, text)
            compared += 1
    assert compared > 5_000


BOMBS = [
    "(a+)+b", "(a|a)*b", "(a|aa)+b", "(.*)(.*)(.*)(.*)x", r"\d*\d*\d*\d*\d*\d*x",
    "(x+x+)+y", "a?" * 60 + "a" * 60, "([a-z]+)*[0-9]",
]  # fmt: skip


@pytest.mark.parametrize("bomb", BOMBS)
@pytest.mark.parametrize("text", ["a" * 500, "1" * 500, "x" * 499 + "!", "ab1x" * 125])
def test_no_bomb_goes_off(bomb: str, text: str) -> None:
    regex = Regex(bomb)
    began = time.perf_counter()
    regex.search(text)
    assert time.perf_counter() - began < 1.0  # Python's own would take years over some of these


@pytest.mark.parametrize(
    "expression",
    [
        "", "a" * (LENGTH + 1), "(a", "a)", "[a", "*a", "a**", "a+?", "a{2", "a{x}", "a{9,2}",
        "a{1,999}", r"(a)\1", "(?=a)b", "(?<!a)b", "(?P<n>a)", "(?i)a", r"\bword", "\\", "[z-a]",
        ".*", "a*", "(a|b)?", "^$", "(" * 30 + "a" + ")" * 30, "(((a{50}){50}){50})", "^*a",
    ],
)  # fmt: skip
def test_what_is_refused(expression: str) -> None:
    with pytest.raises(NotARegex):
        Regex(expression)


@pytest.mark.parametrize(
    ("pattern", "text", "fits"),
    [
        (Pattern("exact", "签到"), " 签 到！", True),
        (Pattern("exact", "签到"), "签到了", False),
        (Pattern("exact", "WIFI"), "ｗｉｆｉ", True),
        (Pattern("contains", "断网"), "家里 断 网 了", True),
        (Pattern("contains", "断网"), "断了网", False),
        (Pattern("regex", "^ABC$"), "ａｂｃ", True),
        (Pattern("regex", "a b"), "a b", True),
        (Pattern("regex", "尾$"), "头" * 600 + "尾", False),
        (Pattern("contains", "a"), "\x00\ud800", False),
    ],
)
def test_a_pattern_fits(pattern: Pattern, text: str, fits: bool) -> None:
    assert pattern.fits(Said.of(text)) is fits


@pytest.mark.parametrize(
    "values",
    [
        "签到", [{"kind": "like", "text": "x"}], [{"kind": "exact", "text": "！！"}], ["签到"],
        [{"kind": "contains", "text": "长" * 61}], [{"kind": "regex", "text": "(a"}],
        [{"kind": "exact", "text": str(number)} for number in range(31)], [{"kind": "regex"}],
    ],
)  # fmt: skip
def test_patterns_that_cannot_be(values: object) -> None:
    with pytest.raises(Invalid) as refused:
        patterns.parse(values)
    assert refused.value.facts["reason"]
