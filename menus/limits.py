"""WeChat's limits on a menu, to the byte, with the error code that each breach is answered by.

Source: developers.weixin.qq.com/doc/service/api/custommenu/api_createcustommenu. Everything is
counted in UTF-8 bytes; a Chinese character has three.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from menus.targets import KINDS, PATH_BYTES, Fault, Target, faults
from menus.tree import Hall, Menu, Place

MAX_HALLS = 3
MAX_ENTRIES = 5
HALL_NAME_BYTES = 16
ENTRY_NAME_BYTES = 60
_APP_ID_BYTES = 18
# What WeChat answers, for a top button and for an entry.
_CODES = {
    "name": (40018, 40025),
    "type": (40015, 40024),
    "key": (40019, 40026),
    "url": (40020, 40027),
    "missing": (40027, 40027),
    "domain": (40055, 40054),
    "media_id": (40007, 40007),
    "article_id": (53600, 53600),
    "app": (45064, 45064),
}


@dataclass(frozen=True)
class Finding:
    """What WeChat would refuse: where, why, and the error code it would answer."""

    place: str
    reason: str
    errcode: int
    at: Place | None = None


@dataclass(frozen=True)
class Meter:
    """A counter beside a field: bytes used, and the limit."""

    used: int
    limit: int

    @property
    def over(self) -> bool:
        """Whether WeChat would refuse it."""
        return self.used > self.limit


def name_meter(name: str, *, is_hall: bool) -> Meter:
    """The bytes of a button's name."""
    return Meter(len(name.encode()), HALL_NAME_BYTES if is_hall else ENTRY_NAME_BYTES)


def target_meters(target: Target, base_url: str) -> dict[str, Meter]:
    """The bytes of a target's fields: `value`, and a mini-program's `appid` and `pagepath`.

    A path of ours counts with the address that is put before it.
    """
    kind = KINDS.get(target.kind)
    if kind is None:
        return {}
    meters = {"value": Meter(len(target.sent_value(base_url).encode()), kind.value_bytes)}
    if target.kind == "miniprogram":
        meters["appid"] = Meter(len(target.appid.encode()), _APP_ID_BYTES)
        meters["pagepath"] = Meter(len(target.pagepath.encode()), PATH_BYTES)
    return meters


def meters(menu: Menu, base_url: str) -> dict[Place, dict[str, Meter]]:
    """Every counter of a menu by place: `name`, and those of the target where there is one."""
    found: dict[Place, dict[str, Meter]] = {
        (number, None): {"name": name_meter(hall.name, is_hall=True)}
        for number, hall in enumerate(menu.halls)
    }
    for place, entry in menu.leaves():
        shown = found.setdefault(place, {"name": name_meter(entry.name, is_hall=False)})
        shown |= target_meters(entry.target, base_url)
    return found


def check(menu: Menu, base_url: str) -> list[Finding]:
    """Everything in the menu that WeChat would refuse; empty when it may be published."""
    findings = []
    if not 1 <= len(menu.halls) <= MAX_HALLS:
        findings.append(Finding("菜单", f"一级菜单应为 1 至 {MAX_HALLS} 个", 40016))
    for number, hall in enumerate(menu.halls):
        findings.extend(_check_hall(menu, number, hall))
    for place, entry in menu.leaves():
        found = faults(entry.target, base_url)
        findings.extend(_findings(menu, place, found))
    return findings


def _check_hall(menu: Menu, number: int, hall: Hall) -> Iterator[Finding]:
    place: Place = (number, None)
    if fault := _name_fault(hall.name, is_hall=True):
        yield from _findings(menu, place, [fault])
    if hall.target is not None and hall.entries:
        yield Finding(menu.say(place), "有二级菜单的按钮自己不能再有动作", 40016, place)
    if hall.target is None and not hall.entries:
        yield Finding(menu.say(place), "请添加二级菜单，或为它选择点击后的动作", 40023, place)
    if len(hall.entries) > MAX_ENTRIES:
        yield Finding(menu.say(place), f"二级菜单应为 1 至 {MAX_ENTRIES} 个", 40023, place)
    for index, entry in enumerate(hall.entries):
        if fault := _name_fault(entry.name, is_hall=False):
            yield from _findings(menu, (number, index), [fault])


def _name_fault(name: str, *, is_hall: bool) -> Fault | None:
    meter = name_meter(name, is_hall=is_hall)
    if not meter.used:
        return Fault("name", "请填写名称")
    if not meter.over:
        return None
    letters = "（约 5 个汉字）" if is_hall else "（约 20 个汉字）"
    return Fault("name", f"名称不能超过 {meter.limit} 字节{letters}，现有 {meter.used}")


def _findings(menu: Menu, place: Place, found: Iterable[Fault]) -> Iterator[Finding]:
    level = 0 if place[1] is None else 1
    for fault in found:
        yield Finding(menu.say(place), fault.reason, _CODES[fault.kind][level], place)


def sentences(findings: Iterable[Finding]) -> str:
    """The findings as one text."""
    return "；".join(f"{finding.place}：{finding.reason}" for finding in findings)
