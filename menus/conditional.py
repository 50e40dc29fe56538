"""Conditional menus: variants of the menu for followers with a tag, or on a kind of phone.

What the platform still matches by: a tag and the client's system. Sex, place and language are
refused since they were withdrawn (65320). Of several that fit, the one that was made last wins,
so here the first in the list is made last.
Source: developers.weixin.qq.com/doc/service/api/custommenu/api_addconditionalmenu.
"""

from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from menus import limits
from menus.limits import Finding
from menus.tree import Menu, MenuMalformed, from_json, to_json

PLATFORMS = {"1": "iPhone", "2": "安卓手机", "3": "其他设备"}
MAX_VARIANTS = 10  # a bound of ours: the platform documents none
MAX_DOMAINS = 3
_NAME_LETTERS = 40


@dataclass(frozen=True)
class Rule:
    """Who sees a variant: followers with the tag of that code, on that platform; "" is anybody."""

    tag: str = ""
    platform: str = ""


@dataclass(frozen=True)
class Variant:
    """A menu that only some see."""

    name: str
    rule: Rule
    menu: Menu


@dataclass(frozen=True)
class Face:
    """All that a version shows: the menu of everybody, and the variants, the first one first."""

    menu: Menu
    variants: tuple[Variant, ...] = ()

    def tags(self) -> list[str]:
        """The codes of the tags that its rules need, each once."""
        return list(dict.fromkeys(one.rule.tag for one in self.variants if one.rule.tag))


@dataclass(frozen=True)
class Sight:
    """What somebody sees: the menu, the variant it is (None: everybody's), and why, in words."""

    menu: Menu
    variant: Variant | None
    why: list[str]
    ambiguous: bool = False


def variants_json(variants: Iterable[Variant]) -> list[dict[str, Any]]:
    """Variants as plain data, for a version row."""
    return [
        {
            "name": one.name,
            "tag": one.rule.tag,
            "platform": one.rule.platform,
            "halls": to_json(one.menu),
        }
        for one in variants
    ]


def variants_from_json(data: object) -> tuple[Variant, ...]:
    """The variants of plain data. Raises MenuMalformed."""
    if not isinstance(data, list) or len(data) > MAX_VARIANTS:
        raise MenuMalformed(place="个性化菜单", reason=f"最多 {MAX_VARIANTS} 套")
    return tuple(_variant(one, f"第 {number} 套个性化菜单") for number, one in enumerate(data, 1))


def _variant(data: object, place: str) -> Variant:
    if not isinstance(data, dict) or not data.keys() <= {"name", "tag", "platform", "halls"}:
        raise MenuMalformed(place=place, reason="内容的格式不对")
    texts = [data.get(part, "") for part in ("name", "tag", "platform")]
    if not all(isinstance(text, str) and len(text) <= _NAME_LETTERS for text in texts):
        raise MenuMalformed(place=place, reason=f"名称最多 {_NAME_LETTERS} 字")
    if not all(text.isprintable() for text in texts):
        raise MenuMalformed(place=place, reason="含有无法显示的字符")
    name, tag, platform = texts
    if platform and platform not in PLATFORMS:
        raise MenuMalformed(place=place, reason="没有这种手机系统")
    return Variant(name.strip(), Rule(tag, platform), from_json(data.get("halls")))


def check(face: Face, base_url: str, known_tags: Set[str]) -> list[Finding]:
    """Everything in a version that WeChat would refuse, its variants included."""
    findings = limits.check(face.menu, base_url)
    seen: set[Rule] = set()
    for number, variant in enumerate(face.variants, start=1):
        called = f"个性化菜单「{variant.name or number}」"
        for found in _check_variant(variant, base_url, known_tags):
            findings.append(
                Finding(f"{called} {found.place}".strip(), found.reason, found.errcode)
            )
        if variant.rule in seen:
            findings.append(Finding(called, "与前面一套的条件相同，永远不会显示", 65304))
        seen.add(variant.rule)
    return findings


def _check_variant(variant: Variant, base_url: str, known_tags: Set[str]) -> Iterable[Finding]:
    if not variant.name:
        yield Finding("", "请填写名称", 65304)
    if variant.rule == Rule():
        yield Finding("", "请选择标签或手机系统", 65304)
    if variant.rule.tag and variant.rule.tag not in known_tags:
        yield Finding("", "标签不存在或已停用，请重新选择", 45159)
    yield from limits.check(variant.menu, base_url)
    if len(domains(variant.menu, base_url)) > MAX_DOMAINS:
        yield Finding("", f"链接最多指向 {MAX_DOMAINS} 个域名", 65316)


def domains(menu: Menu, base_url: str) -> set[str]:
    """The hosts that the menu's pages lie on."""
    urls = (entry.url(base_url) for _, entry in menu.leaves())
    return {urlsplit(url).hostname or "" for url in urls if url}


def see(face: Face, tags: Sequence[str], platform: str, names: dict[str, str]) -> Sight:
    """What a follower with these tags (codes) sees, in WeChat's order, and why.

    `names` are what people call the tags. With several tags that rules name, WeChat goes by the
    one put last, which nobody but WeChat knows: `ambiguous` says to ask it (`trymatch`).
    """
    why = []
    for variant in face.variants:
        missing = _missing(variant.rule, tags, platform, names)
        if not missing:
            why.append(f"「{variant.name}」：符合，显示这一套")
            several = len(set(tags) & set(face.tags())) > 1
            return Sight(variant.menu, variant, why, several)
        why.append(f"「{variant.name}」：{missing}")
    return Sight(face.menu, None, [*why, "没有符合的个性化菜单，显示默认菜单"])


def _missing(rule: Rule, tags: Sequence[str], platform: str, names: dict[str, str]) -> str:
    if rule.tag and rule.tag not in tags:
        return f"没有标签“{names.get(rule.tag, rule.tag)}”"
    if rule.platform and rule.platform != platform:
        return f"手机不是{PLATFORMS[rule.platform]}"
    return ""
