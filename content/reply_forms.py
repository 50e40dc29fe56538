"""Checks what an operator wrote into a reply rule, field by field."""

import re
from collections.abc import Sequence
from datetime import time
from typing import TYPE_CHECKING, Any

from content import patterns, reply_items
from kernel.refusals import Invalid

if TYPE_CHECKING:
    from content.reply_rules import Form

KINDS = {
    "text": "文字",
    "image": "图片",
    "voice": "语音",
    "video": "视频",
    "location": "位置",
    "link": "链接",
    "follow": "关注",
    "scan": "扫码",
    "default": "默认回复",
}
MODES = {"first": "只发第一条", "random": "随机一条", "all": "全部发送"}
WEEKDAYS = ("一", "二", "三", "四", "五", "六", "日")
FIELDS = {
    "name": "名称",
    "replies": "回复",
    "kinds": "消息类型",
    "patterns": "关键词",
    "scenes": "渠道码",
    "mode": "发送方式",
    "priority": "优先级",
    "starts_at": "开始时间",
    "ends_at": "结束时间",
    "hours_from": "每天从",
    "hours_until": "每天到",
    "weekdays": "星期",
    "with_tag": "有标签",
    "without_tag": "没有标签",
    "cool_down_seconds": "冷却时间",
}
PRIORITIES = (1, 999)
COOL_DOWN_MOST = 30 * 86_400
_CODE = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*", re.ASCII)
_SCENE = re.compile(r"[^\s*]{1,63}\*?")
_HOUR = re.compile(r"([01]\d|2[0-3]):[0-5]\d", re.ASCII)


def check_code(code: str) -> None:
    """Lower-case letters, digits and hyphens, at most 40. Raises Invalid."""
    if len(code) > 40 or not _CODE.fullmatch(code):
        raise Invalid(field="code", reason="编号用小写字母、数字和连字符，最多 40 位")


def check(form: "Form") -> dict[str, Any]:
    """The values of a form, in one spelling. Raises Invalid with `field` and `reason`."""
    kinds = _kinds(form.kinds)
    found = patterns.parse(form.patterns)
    if "text" in kinds and not found:
        raise Invalid(field="patterns", reason="回复文字消息要有至少一个关键词")
    if form.mode not in MODES:
        raise Invalid(field="mode", reason="请选择发送方式")
    return {
        "name": _name(form.name),
        "kinds": kinds,
        "patterns": patterns.to_json(found),
        "scenes": _scenes(form.scenes),
        "replies": reply_items.to_json(reply_items.parse(form.replies, form.mode)),
        "mode": form.mode,
        "priority": _between(form.priority, PRIORITIES, "priority", "优先级"),
        **_times(form),
        **_people(form),
    }


def _name(name: str) -> str:
    name = name.strip()
    if not 1 <= len(name) <= 40:
        raise Invalid(field="name", reason="名称要有 1 至 40 个字")
    return name


def _kinds(kinds: Sequence[str]) -> list[str]:
    if not kinds or set(kinds) - set(KINDS):
        raise Invalid(field="kinds", reason="请选择消息类型")
    return [kind for kind in KINDS if kind in kinds]


def _scenes(scenes: Sequence[str]) -> list[str]:
    found = list(dict.fromkeys(scene.strip() for scene in scenes if scene.strip()))
    if len(found) > 50 or not all(_SCENE.fullmatch(scene) for scene in found):
        raise Invalid(
            field="scenes", reason="渠道码最多 50 个，每个最多 64 位；末尾可用 * 代表任意"
        )
    return found


def _between(value: int, limits: tuple[int, int], field: str, title: str) -> int:
    if not limits[0] <= value <= limits[1]:
        raise Invalid(field=field, reason=f"{title}要在 {limits[0]} 至 {limits[1]} 之间")
    return value


def _times(form: "Form") -> dict[str, Any]:
    if form.starts_at and form.ends_at and form.ends_at <= form.starts_at:
        raise Invalid(field="ends_at", reason="结束时间要晚于开始时间")
    hours = (form.hours_from, form.hours_until)
    if any(hours) and not all(_HOUR.fullmatch(hour) for hour in hours):
        raise Invalid(field="hours_from", reason="每天的时段要写全，如 08:30 到 20:00")
    if any(hours) and hours[0] == hours[1]:
        raise Invalid(field="hours_until", reason="时段的开始和结束不能相同")
    if not all(1 <= day <= 7 for day in form.weekdays):
        raise Invalid(field="weekdays", reason="星期要在 1 至 7 之间")
    return {
        "starts_at": form.starts_at,
        "ends_at": form.ends_at,
        "hours_from": form.hours_from,
        "hours_until": form.hours_until,
        "weekdays": sorted(set(form.weekdays)),
    }


def _people(form: "Form") -> dict[str, Any]:
    for name in ("with_tag", "without_tag"):
        if len(getattr(form, name)) > 40:
            raise Invalid(field=name, reason="没有这个标签")
    if form.with_tag and form.with_tag == form.without_tag:
        raise Invalid(field="without_tag", reason="同一个标签不能既要有又要没有")
    limits = (0, COOL_DOWN_MOST)
    wait = _between(form.cool_down_seconds, limits, "cool_down_seconds", "冷却时间（秒）")
    return {
        "with_tag": form.with_tag,
        "without_tag": form.without_tag,
        "cool_down_seconds": wait,
    }


def hour(text: str) -> time:
    """A time of day from `HH:MM`."""
    return time(int(text[:2]), int(text[3:]))
