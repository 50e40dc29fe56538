"""The limits of custom menus, counted in UTF-8 bytes as the platform counts them.

Source: the create-menu page of the platform's documentation; codes from captured answers.
"""

from dataclasses import dataclass
from urllib.parse import urlsplit

from emulator.api.calls import read_list
from emulator.errcodes import Refused
from emulator.state import Json

KEY_TYPES = {
    "click",
    "scancode_push",
    "scancode_waitmsg",
    "pic_sysphoto",
    "pic_photo_or_album",
    "pic_weixin",
    "location_select",
}
MEDIA_TYPES = {"media_id", "view_limited"}
ARTICLE_TYPES = {"article_id", "article_view_limited"}
TYPES = KEY_TYPES | MEDIA_TYPES | ARTICLE_TYPES | {"view", "miniprogram"}
MOST_BUTTONS, MOST_SUB_BUTTONS = 3, 5
KEY_BYTES, URL_BYTES = 128, 1024
MOST_DOMAINS = 3  # of personalised menus


@dataclass(frozen=True)
class Level:
    """Limits and codes of one level of the menu."""

    name_bytes: int
    name: int
    type: int
    key: int
    url: int
    domain: int


TOP = Level(name_bytes=16, name=40018, type=40015, key=40019, url=40020, domain=40055)
SUB = Level(name_bytes=60, name=40025, type=40024, key=40026, url=40027, domain=40054)
URL_MISSING = 40027  # on both levels, as seen in captures


def check_buttons(value: object, linked_apps: list[str]) -> list[Json]:
    """The buttons if every limit is kept; refuses with the codes of the table above."""
    buttons = read_list(value)
    if not 1 <= len(buttons) <= MOST_BUTTONS:
        raise Refused(40016)
    for button in buttons:
        check_top(button, linked_apps)
    return buttons


def check_top(button: object, linked_apps: list[str]) -> None:
    """One of the at most three halls."""
    if not isinstance(button, dict):
        raise Refused(40016)
    check_name(button, TOP)
    subs = read_list(button.get("sub_button"))
    if not subs:
        if "type" not in button and "sub_button" in button:
            raise Refused(40023)
        check_leaf(button, TOP, linked_apps)
        return
    if button.get("type"):
        raise Refused(40016, "invalid button size: type and sub_button exclude each other")
    if len(subs) > MOST_SUB_BUTTONS:
        raise Refused(40023)
    for sub in subs:
        check_sub(sub, linked_apps)


def check_sub(button: object, linked_apps: list[str]) -> None:
    """One line of a pop-up list, which has no list of its own."""
    if not isinstance(button, dict):
        raise Refused(40023)
    check_name(button, SUB)
    if button.get("sub_button"):
        raise Refused(40022)
    check_leaf(button, SUB, linked_apps)


def check_name(button: Json, level: Level) -> None:
    """1 to 16 (top) or 60 (sub) bytes."""
    name = button.get("name")
    if not isinstance(name, str) or not 1 <= len(name.encode()) <= level.name_bytes:
        raise Refused(level.name)


def check_leaf(button: Json, level: Level, linked_apps: list[str]) -> None:
    """The target of a button that does something."""
    kind = button.get("type")
    if kind not in TYPES:
        raise Refused(level.type)
    if kind in KEY_TYPES:
        check_key(button, level)
    elif kind in MEDIA_TYPES and not button.get("media_id"):
        raise Refused(40007)
    elif kind in ARTICLE_TYPES and not button.get("article_id"):
        raise Refused(53600)
    elif kind in {"view", "miniprogram"}:
        check_url(button, level)
        if kind == "miniprogram" and button.get("appid") not in linked_apps:
            raise Refused(45064)


def check_key(button: Json, level: Level) -> None:
    """1 to 128 bytes."""
    key = button.get("key")
    if not isinstance(key, str) or not 1 <= len(key.encode()) <= KEY_BYTES:
        raise Refused(level.key)


def check_url(button: Json, level: Level) -> None:
    """An http or https address of at most 1024 bytes."""
    url = button.get("url")
    if not isinstance(url, str) or not url:
        raise Refused(URL_MISSING)
    if len(url.encode()) > URL_BYTES:
        raise Refused(level.url)
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise Refused(level.domain)


def check_domains(buttons: list[Json]) -> None:
    """At most three domains in a personalised menu (65316)."""
    leaves = [leaf for button in buttons for leaf in button.get("sub_button") or [button]]
    domains = {urlsplit(leaf["url"]).hostname for leaf in leaves if leaf.get("url")}
    if len(domains) > MOST_DOMAINS:
        raise Refused(65316)
