"""Texts as pieces that can be compared: pairs of characters, single ones, Latin words, numbers.

Words that every question holds (怎么, 请问, 你们 …) cut a text apart and are not counted.
"""

import re
import unicodedata
from functools import lru_cache

PAIR, SINGLE, WORD = 1.0, 0.35, 1.2
_RUN = re.compile(r"[一-鿿㐀-䶿]+|[a-z0-9]+")
# Longest first, so that 怎么样 goes before 怎么.
_EMPTY = (
    "请问一下|麻烦问下|我想问一下|我想问下|我想问|想问一下|想咨询|咨询一下|想知道|想了解|请教|"
    "怎么才能|怎样才能|如何才能|怎么回事|什么原因|怎么弄|怎么办理|怎么样|怎么办|要怎么|怎么|怎样|如何|"
    "为什么|为何|是什么|什么|啥|咋办|咋|哪个|哪种|哪里|哪些|哪|"
    "请问|麻烦|帮我|帮忙|你们家|你们|我们|他们|你好|您好|谢谢|能不能|可不可以|是不是|有没有|要不要|"
    "会不会|行不行|可以|能否|是否|一下|这个|那个|有些|一些|现在|一直|总是|老是|突然|已经|还是|还有|"
    "我要|我想|我的|我家|家里|你的|的话|时候|需要|自己|知道|告诉|非常|特别|以后|之后|"
    "吗|呢|吧|啊|呀|嘛|哦|么|的|了|我|你|您|是|在|就|都|也|很|太|好|会|要|想|给|把|被|和|跟|与|及|着|"
    "过|得|请|能|可|老|又|再|去|来|有|个|点"
)
_EMPTY_WORDS = re.compile(_EMPTY)


@lru_cache(maxsize=4_096)
def grams(text: str) -> dict[str, float]:
    """The pieces of a text with their weights."""
    folded = unicodedata.normalize("NFKC", text[:200]).lower()
    found: dict[str, float] = {}
    for run in _RUN.findall(_EMPTY_WORDS.sub(" ", folded)):
        found.update(_pieces(run))
    # A question of nothing but empty words still has to be found by its own wording.
    return found or {run: WORD for run in _RUN.findall(folded) if len(run) <= 20}


def _pieces(run: str) -> dict[str, float]:
    if run[0].isascii():
        return {run[:20]: WORD}
    singles = dict.fromkeys(run, SINGLE if len(run) > 1 else PAIR)
    return singles | {run[i : i + 2]: PAIR for i in range(len(run) - 1)}
