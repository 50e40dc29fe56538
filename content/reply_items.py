"""What a rule answers with: texts, cards, pictures, articles, staff, built-in functions."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from content.compliance import Passage
from content.functions import FUNCTIONS
from content.wording import size
from kernel.refusals import Invalid

TEXT_BYTES = 2048
MOST = 10
# WeChat takes one reply to a message; further ones are customer messages, of which there are few.
MOST_AT_ONCE = 3
NAMES = {
    "text": "文字",
    "news": "图文卡片",
    "image": "图片",
    "voice": "语音",
    "video": "视频",
    "article": "文章",
    "staff": "转人工",
    "function": "内置功能",
}
_LINK = re.compile(r"(https?://[^\s<>\"']{3,500}|/[^\s<>\"']{0,500})")
_HREF = re.compile(r"""\bhref\s*=\s*["']([^"']*)["']""", re.IGNORECASE)
_MEDIA_ID = re.compile(r"[\w-]{5,128}", re.ASCII)
_CODE = re.compile(r"[a-z0-9-]{1,40}", re.ASCII)


@dataclass(frozen=True)
class Item:
    """One thing to answer; what stands in `values` depends on `kind`, see `parse`."""

    kind: str
    values: Mapping[str, str]

    @property
    def shown(self) -> str:
        """One line of it, for lists."""
        first = next(iter(self.values.values()), "")
        if self.kind == "function":
            first = FUNCTIONS.get(first, first)
        return f"{NAMES[self.kind]}：{first[:40]}" if first else NAMES[self.kind]


Reader = Callable[[Mapping[str, Any]], dict[str, str]]


class _Wrong(ValueError):
    """What is wrong with a field, in words."""


def parse(values: Any, mode: str, field: str = "replies") -> list[Item]:
    """The replies of a form. Raises Invalid, which names the reply.

    `{"kind": "text", "text"}`, `{"kind": "news", "title", "description", "url", "picture"}`,
    `{"kind": "image" | "voice", "media_id"}`, `{"kind": "video", "media_id", "title",
    "description"}`, `{"kind": "article", "code"}`, `{"kind": "staff"}`,
    `{"kind": "function", "key"}`. Links are http(s) addresses or paths of the mini-site.
    """
    if not isinstance(values, list) or not 1 <= len(values) <= MOST:
        raise Invalid(field=field, reason=f"请填写 1 至 {MOST} 条回复")
    if mode == "all" and len(values) > MOST_AT_ONCE:
        raise Invalid(field=field, reason=f"全部发送时最多 {MOST_AT_ONCE} 条回复")
    items = [_read(value, number, field) for number, value in enumerate(values, 1)]
    if mode == "all" and any(item.kind == "video" for item in items[1:]):
        # As a customer message a video needs a cover of its own.
        raise Invalid(field=field, reason="全部发送时，视频只能放在第一条")
    return items


def _read(value: Any, number: int, field: str) -> Item:
    kind = value.get("kind") if isinstance(value, Mapping) else None
    if kind not in _READERS:
        raise Invalid(field=field, reason=f"第 {number} 条回复：请选择类型")
    try:
        return Item(str(kind), _READERS[str(kind)](value))
    except _Wrong as wrong:
        raise Invalid(field=field, reason=f"第 {number} 条回复：{wrong}") from None


def _take(value: Mapping[str, Any], name: str, title: str, limits: tuple[int, int]) -> str:
    least, most = limits
    text = str(value.get(name) or "").strip()
    if not least <= len(text) <= most:
        raise _Wrong(f"{title}要有 {least} 至 {most} 个字" if least else f"{title}最多 {most} 字")
    return text


def _text(value: Mapping[str, Any]) -> dict[str, str]:
    text = str(value.get("text") or "").strip()
    if not text:
        raise _Wrong("请填写文字")
    if size(text) > TEXT_BYTES:
        raise _Wrong(f"文字超过 {TEXT_BYTES} 字节（现有 {size(text)}），微信不会显示")
    return {"text": text}


def _news(value: Mapping[str, Any]) -> dict[str, str]:
    return {
        "title": _take(value, "title", "标题", (1, 64)),
        "description": _take(value, "description", "摘要", (0, 120)),
        "url": _link(value, "url", "链接"),
        "picture": _link(value, "picture", "图片地址") if value.get("picture") else "",
    }


def _link(value: Mapping[str, Any], name: str, title: str) -> str:
    link = str(value.get(name) or "").strip()
    if not _LINK.fullmatch(link) or link.startswith("//"):
        raise _Wrong(f"{title}要以 https:// 开头，或是微站内的路径，如 /site/coupons")
    return link


def _media(value: Mapping[str, Any]) -> dict[str, str]:
    media_id = str(value.get("media_id") or "").strip()
    if not _MEDIA_ID.fullmatch(media_id):
        raise _Wrong("请选择素材")
    return {"media_id": media_id}


def _video(value: Mapping[str, Any]) -> dict[str, str]:
    return {
        **_media(value),
        "title": _take(value, "title", "标题", (0, 64)),
        "description": _take(value, "description", "描述", (0, 120)),
    }


def _article(value: Mapping[str, Any]) -> dict[str, str]:
    code = str(value.get("code") or "").strip()
    if not _CODE.fullmatch(code):
        raise _Wrong("请选择文章")
    return {"code": code}


def _function(value: Mapping[str, Any]) -> dict[str, str]:
    key = str(value.get("key") or "")
    if key not in FUNCTIONS:
        raise _Wrong("请选择内置功能")
    return {"key": key}


_READERS: dict[str, Reader] = {
    "text": _text,
    "news": _news,
    "image": _media,
    "voice": _media,
    "video": _video,
    "article": _article,
    "staff": lambda _value: {},
    "function": _function,
}


def to_json(items: list[Item]) -> list[dict[str, str]]:
    """As `parse` reads them."""
    return [{"kind": one.kind, **one.values} for one in items]


def passages(items: list[Item]) -> tuple[Passage, ...]:
    """What people will read of them."""
    names = {"text": "文字", "title": "标题", "description": "摘要"}
    return tuple(
        Passage(f"第 {number} 条回复的{names[name]}", text)
        for number, item in enumerate(items, 1)
        for name, text in item.values.items()
        if name in names and text
    )


def links(items: list[Item]) -> tuple[Passage, ...]:
    """Where they lead: the addresses of cards, and those inside texts."""
    found = []
    for number, item in enumerate(items, 1):
        place = f"第 {number} 条回复的链接"
        found += [Passage(place, link) for link in _HREF.findall(item.values.get("text", ""))]
        found += [Passage(place, link) for link in (item.values.get("url"),) if link]
    return tuple(found)
