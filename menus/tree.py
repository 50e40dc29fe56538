"""The menu tree: halls with their entries, as plain data and back.

A hall has entries, or is a button itself. What is stored may exceed WeChat's limits (a draft is
being written); `menus.limits.check` says whether it could be published.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from kernel.refusals import Refused
from menus.targets import KINDS, UNSUPPORTED, Target, click, view

# Far beyond what WeChat takes: here a menu ends and nonsense begins.
_MOST_HALLS, _MOST_ENTRIES, _MOST_LETTERS = 8, 20, 2_000

Place = tuple[int, int | None]
"""Where a button sits: (hall, None) or (hall, entry), counted from 0."""


class MenuMalformed(Refused):
    """This is no menu at all; facts: `place`, `reason`."""

    code = "menu_malformed"


@dataclass(frozen=True)
class Entry:
    """A button with a target."""

    name: str
    target: Target

    @property
    def key(self) -> str | None:
        """The key that the chat answers; None for other targets."""
        return self.target.value if self.target.kind == "click" else None

    @property
    def page(self) -> str | None:
        """The page that opens; None for other targets."""
        return self.target.value if self.target.kind == "view" else None

    def url(self, base_url: str) -> str:
        """The address that the page opens."""
        return self.target.url(base_url)


@dataclass(frozen=True)
class Hall:
    """A top button: with entries, or with a target of its own."""

    name: str
    entries: tuple[Entry, ...] = ()
    target: Target | None = None


@dataclass(frozen=True)
class Menu:
    """The whole menu."""

    halls: tuple[Hall, ...]

    def keys(self) -> set[str]:
        """All keys that need a handler."""
        return {
            entry.target.value
            for _, entry in self.leaves()
            if entry.target.kind in {"click", "scancode_waitmsg"}
        }

    def leaves(self) -> Iterator[tuple[Place, Entry]]:
        """Every button that does something, with its place, in reading order."""
        for number, hall in enumerate(self.halls):
            if hall.target is not None:
                yield (number, None), Entry(hall.name, hall.target)
            for index, entry in enumerate(hall.entries):
                yield (number, index), entry

    def say(self, place: Place) -> str:
        """The place in words: `业务介绍 / 宽带套餐`."""
        hall = self.halls[place[0]]
        name = hall.name or f"第 {place[0] + 1} 个菜单"
        if place[1] is None:
            return name
        return f"{name} / {hall.entries[place[1]].name or f'第 {place[1] + 1} 项'}"


def to_json(menu: Menu) -> list[dict[str, Any]]:
    """The menu as plain data, for a version row."""
    return [_hall_json(hall) for hall in menu.halls]


def _hall_json(hall: Hall) -> dict[str, Any]:
    entries = [{"name": one.name, "target": _target_json(one.target)} for one in hall.entries]
    data: dict[str, Any] = {"name": hall.name, "entries": entries}
    if hall.target is not None:
        data["target"] = _target_json(hall.target)
    return data


def _target_json(target: Target) -> dict[str, str]:
    data = {"kind": target.kind, "value": target.value}
    if target.kind == "miniprogram":
        data |= {"appid": target.appid, "pagepath": target.pagepath}
    return data


def from_json(data: object) -> Menu:
    """The menu of plain data, as `to_json`, the configuration and older versions write it.

    Raises MenuMalformed for anything else, however it is nested.
    """
    halls = _list(data, "菜单", _MOST_HALLS)
    return Menu(tuple(_hall(hall, f"第 {number} 个菜单") for number, hall in _counted(halls)))


def _counted(items: Iterable[object]) -> Iterable[tuple[int, object]]:
    return enumerate(items, start=1)


def _hall(data: object, place: str) -> Hall:
    fields = _fields(data, place, {"name", "entries", "target"})
    entries = _list(fields.get("entries", []), place, _MOST_ENTRIES)
    own = fields.get("target")
    return Hall(
        _text(fields.get("name"), place),
        tuple(_entry(entry, f"{place}第 {number} 项") for number, entry in _counted(entries)),
        None if own is None else _target(own, place),
    )


def _entry(data: object, place: str) -> Entry:
    fields = _fields(data, place, {"name", "target", "key", "page"})
    name = _text(fields.get("name"), place)
    given = [fields.get(part) for part in ("target", "key", "page")]
    if sum(part is not None for part in given) != 1:
        raise MenuMalformed(place=place, reason="应有且只有一个点击后的动作")
    target, key, page = given
    if target is not None:
        return Entry(name, _target(target, place))
    return Entry(name, view(_text(page, place)) if key is None else click(_text(key, place)))


def _target(data: object, place: str) -> Target:
    fields = _fields(data, place, {"kind", "value", "appid", "pagepath"})
    kind = _text(fields.get("kind"), place)
    if kind not in KINDS and kind != UNSUPPORTED:
        raise MenuMalformed(place=place, reason=f"没有“{kind[:20]}”这种动作")
    texts = [_text(fields.get(part, ""), place) for part in ("value", "appid", "pagepath")]
    if kind != "miniprogram":
        texts[1:] = ["", ""]
    return Target(kind, *texts)


def _fields(data: object, place: str, known: set[str]) -> dict[str, Any]:
    if not isinstance(data, dict) or not data.keys() <= known:
        raise MenuMalformed(place=place, reason="内容的格式不对")
    return data


def _list(data: object, place: str, most: int) -> list[object]:
    if not isinstance(data, list):
        raise MenuMalformed(place=place, reason="内容的格式不对")
    if len(data) > most:
        raise MenuMalformed(place=place, reason=f"最多 {most} 项")
    return data


def _text(value: object, place: str) -> str:
    if not isinstance(value, str) or len(value) > _MOST_LETTERS:
        raise MenuMalformed(place=place, reason=f"文字缺失，或超过 {_MOST_LETTERS} 字")
    # Control characters, halves of a pair and direction marks make names that nobody can read.
    if any(not letter.isprintable() and letter != "\u200d" for letter in value):
        raise MenuMalformed(place=place, reason="含有无法显示的字符")
    return value.strip()
