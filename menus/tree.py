"""The menu tree: three halls with their entries, and the platform's limits on them.

Limits: developers.weixin.qq.com/doc/service/api/custommenu/api_createcustommenu.
Names are counted in UTF-8 bytes.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

MAX_HALLS = 3
MAX_ENTRIES = 5
HALL_NAME_BYTES = 16
ENTRY_NAME_BYTES = 60
KEY_BYTES = 128
URL_BYTES = 1024


@dataclass(frozen=True)
class Entry:
    """A button: answered in the chat by `key`, or opening the `page` (a path of ours or a URL)."""

    name: str
    key: str | None = None
    page: str | None = None

    def url(self, base_url: str) -> str:
        """The address that the page opens."""
        page = self.page or ""
        return page if page.startswith(("http://", "https://")) else base_url + page


@dataclass(frozen=True)
class Hall:
    """A top button with its entries."""

    name: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True)
class Menu:
    """The whole menu."""

    halls: tuple[Hall, ...]

    def keys(self) -> set[str]:
        """All keys that need a handler."""
        return {entry.key for hall in self.halls for entry in hall.entries if entry.key}


@dataclass(frozen=True)
class Finding:
    """What WeChat would refuse: where, why, and the error code it would answer."""

    place: str
    reason: str
    errcode: int


def check(menu: Menu, base_url: str) -> list[Finding]:
    """Everything in the menu that WeChat would refuse; empty when it may be published."""
    findings = []
    if not 1 <= len(menu.halls) <= MAX_HALLS:
        findings.append(Finding("菜单", f"一级菜单应为 1 至 {MAX_HALLS} 个", 40016))
    for hall in menu.halls:
        findings.extend(_check_hall(hall, base_url))
    return findings


def _check_hall(hall: Hall, base_url: str) -> Iterable[Finding]:
    if not 1 <= len(hall.name.encode()) <= HALL_NAME_BYTES:
        yield Finding(hall.name, f"名称不能超过 {HALL_NAME_BYTES} 字节（约 5 个汉字）", 40018)
    if not 1 <= len(hall.entries) <= MAX_ENTRIES:
        yield Finding(hall.name, f"二级菜单应为 1 至 {MAX_ENTRIES} 个", 40023)
    for entry in hall.entries:
        yield from _check_entry(f"{hall.name} / {entry.name}", entry, base_url)


def _check_entry(place: str, entry: Entry, base_url: str) -> Iterable[Finding]:
    if not 1 <= len(entry.name.encode()) <= ENTRY_NAME_BYTES:
        yield Finding(place, f"名称不能超过 {ENTRY_NAME_BYTES} 字节", 40025)
    if entry.key is not None and not 1 <= len(entry.key.encode()) <= KEY_BYTES:
        yield Finding(place, f"key 不能超过 {KEY_BYTES} 字节", 40026)
    if entry.page is not None and len(entry.url(base_url).encode()) > URL_BYTES:
        yield Finding(place, f"链接不能超过 {URL_BYTES} 字节", 40027)


def to_wechat(menu: Menu, base_url: str) -> dict[str, Any]:
    """The body of menu/create."""
    return {
        "button": [
            {"name": hall.name, "sub_button": [_button(entry, base_url) for entry in hall.entries]}
            for hall in menu.halls
        ]
    }


def _button(entry: Entry, base_url: str) -> dict[str, Any]:
    if entry.key is not None:
        return {"type": "click", "name": entry.name, "key": entry.key}
    return {"type": "view", "name": entry.name, "url": entry.url(base_url)}


def to_json(menu: Menu) -> list[dict[str, Any]]:
    """The menu as plain data, for a version row."""
    return [
        {
            "name": hall.name,
            "entries": [
                {"name": entry.name, "key": entry.key, "page": entry.page}
                for entry in hall.entries
            ],
        }
        for hall in menu.halls
    ]


def from_json(data: Iterable[dict[str, Any]]) -> Menu:
    """The menu of plain data, as `to_json` and the configuration write it."""
    return Menu(
        tuple(
            Hall(hall["name"], tuple(Entry(**entry) for entry in hall["entries"])) for hall in data
        )
    )
