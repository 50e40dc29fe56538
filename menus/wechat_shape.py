"""WeChat's own shapes of a menu: what menu/create is sent, and what its two ways to read answer.

An account that was run from WeChat's own console has buttons that cannot be sent again (a text,
a video): they stay in their place as `unsupported`, and are told.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from menus.targets import KINDS, UNSUPPORTED, Target
from menus.tree import Entry, Hall, Menu

# As made in WeChat's console: the value is the id of a permanent media.
_CONSOLE_MEDIA = {"img": "图片", "photo": "图片", "voice": "语音", "news": "图文"}
_CONSOLE_OTHER = {"text": "文字", "video": "视频", "finder": "视频号"}


def to_wechat(menu: Menu, base_url: str) -> dict[str, Any]:
    """The body of menu/create."""
    return {"button": [_hall_button(hall, base_url) for hall in menu.halls]}


def _hall_button(hall: Hall, base_url: str) -> dict[str, Any]:
    if hall.target is not None:
        return _button(Entry(hall.name, hall.target), base_url)
    return {"name": hall.name, "sub_button": [_button(one, base_url) for one in hall.entries]}


def _button(entry: Entry, base_url: str) -> dict[str, Any]:
    target = entry.target
    sent = {"type": target.kind, "name": entry.name}
    sent[KINDS[target.kind].field] = target.sent_value(base_url)
    if target.kind == "miniprogram":
        sent |= {"appid": target.appid, "pagepath": target.pagepath}
    return sent


@dataclass(frozen=True)
class Imported:
    """A menu as WeChat has it, and in sentences what could not be taken over as it is."""

    menu: Menu
    problems: list[str] = field(default_factory=list)


def from_wechat(buttons: object, base_url: str) -> Imported:
    """The menu in the `button` list of menu/get or get_current_selfmenu_info."""
    problems: list[str] = []
    halls = tuple(_read_hall(one, base_url, problems) for one in _buttons(buttons, problems))
    return Imported(Menu(halls), problems)


def _buttons(value: object, problems: list[str]) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):  # get_current_selfmenu_info wraps the entries once more
        value = value.get("list")
    for button in value if isinstance(value, list) else []:
        if isinstance(button, dict):
            yield button
        else:
            problems.append(f"微信返回了看不懂的一项：{str(button)[:40]}")


def _read_hall(button: dict[str, Any], base_url: str, problems: list[str]) -> Hall:
    name = _text(button, "name")
    entries = tuple(
        Entry(_text(one, "name"), _read_target(one, f"{name} / {_text(one, 'name')}", problems))
        for one in _buttons(button.get("sub_button"), problems)
    )
    if entries or not button.get("type"):
        hall = Hall(name, entries)
    else:
        hall = Hall(name, target=_read_target(button, name, problems))
    return _with_own_paths(hall, base_url)


def _read_target(button: dict[str, Any], place: str, problems: list[str]) -> Target:
    kind = _text(button, "type")
    if kind in KINDS:
        value = _text(button, KINDS[kind].field)
        if kind == "miniprogram":
            return Target(kind, value, _text(button, "appid"), _text(button, "pagepath"))
        return Target(kind, value)
    if kind in _CONSOLE_MEDIA and _text(button, "value"):
        problems.append(f"{place}：微信后台设置的{_CONSOLE_MEDIA[kind]}，按素材编号导入，请核对")
        return Target("media_id", _text(button, "value"))
    called = _CONSOLE_OTHER.get(kind, kind or "未知类型")
    what = _text(button, "value")[:60]
    problems.append(f"{place}：微信后台设置的{called}无法照搬，请重新选择动作。原内容：{what}")
    return Target(UNSUPPORTED, f"{called} {what}".strip())


def _with_own_paths(hall: Hall, base_url: str) -> Hall:
    """Addresses of ours become paths, which stay right when the host moves."""

    def shorten(target: Target) -> Target:
        if target.kind != "view" or not target.value.startswith(f"{base_url}/"):
            return target
        return Target("view", target.value.removeprefix(base_url))

    entries = tuple(Entry(one.name, shorten(one.target)) for one in hall.entries)
    return Hall(hall.name, entries, hall.target and shorten(hall.target))


def _text(button: dict[str, Any], name: str) -> str:
    value = button.get(name)
    text = str(value) if isinstance(value, str | int) else ""
    return "".join(letter for letter in text if letter.isprintable())[:2_000]


def same_buttons(ours: object, theirs: object) -> bool:
    """Whether two `button` lists show and do the same, whatever else WeChat adds to them."""
    return _plain(ours) == _plain(theirs)


def _plain(buttons: object) -> list[dict[str, Any]]:
    return [_plain_button(one) for one in _buttons(buttons, [])]


def _plain_button(button: dict[str, Any]) -> dict[str, Any]:
    shown: dict[str, Any] = {"name": _text(button, "name")}
    if subs := _plain(button.get("sub_button")):
        return shown | {"subs": subs}
    kind = _text(button, "type")
    fields = ["key", "url", "value"]
    if kind in KINDS:
        fields = [KINDS[kind].field, *(["appid", "pagepath"] if kind == "miniprogram" else [])]
    return shown | {"type": kind} | {name: _text(button, name) for name in fields}
