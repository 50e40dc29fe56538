"""Targets: what a menu button does, in every kind that WeChat has.

Source: developers.weixin.qq.com/doc/service/api/custommenu/api_createcustommenu. Our kinds bear
WeChat's names; `unsupported` stands for what an import found and nobody can send again.
"""

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

ARTICLE_PREFIX = "article."
REPLY_PREFIX = "reply."
UNSUPPORTED = "unsupported"
KEY_BYTES = 128
URL_BYTES = 1024
# The documentation bounds neither; longer ones than these are nobody's.
ID_BYTES = 128
PATH_BYTES = 1024
_APP_ID = re.compile(r"wx[0-9a-f]{16}", re.ASCII)


@dataclass(frozen=True)
class Kind:
    """A kind of target: its name for people, and where WeChat keeps its value, how long at most.

    `pushes` says whether a tap reaches us as an event, so that it can be counted.
    """

    name: str
    field: str
    value_name: str
    value_bytes: int
    pushes: bool = True


_KEY = ("key", "回复项", KEY_BYTES)
KINDS: dict[str, Kind] = {
    "click": Kind("在聊天里回复", *_KEY),
    "view": Kind("打开页面", "url", "链接", URL_BYTES),
    "miniprogram": Kind("打开小程序", "url", "备用链接", URL_BYTES),
    "scancode_push": Kind("扫码并打开结果", *_KEY),
    "scancode_waitmsg": Kind("扫码并等待回复", *_KEY),
    "pic_sysphoto": Kind("拍照发图", *_KEY),
    "pic_photo_or_album": Kind("拍照或从相册选图", *_KEY),
    "pic_weixin": Kind("从微信相册选图", *_KEY),
    "location_select": Kind("发送位置", *_KEY),
    "media_id": Kind("发送素材", "media_id", "素材编号", ID_BYTES, pushes=False),
    "view_limited": Kind("打开图文素材（旧）", "media_id", "素材编号", ID_BYTES, pushes=False),
    "article_id": Kind("发送已发布的图文", "article_id", "图文编号", ID_BYTES, pushes=False),
    "article_view_limited": Kind(
        "打开已发布的图文", "article_id", "图文编号", ID_BYTES, pushes=False
    ),
}
KEY_KINDS = frozenset(name for name, kind in KINDS.items() if kind.field == "key")


@dataclass(frozen=True)
class Target:
    """What a tap does. `value` is the key, the page (a path of ours or an address), the media or
    article id, or the page for old clients of a mini-program, which has `appid` and `pagepath`."""

    kind: str
    value: str
    appid: str = ""
    pagepath: str = ""

    def url(self, base_url: str) -> str:
        """The address that is opened; empty for kinds that open none."""
        if self.kind not in {"view", "miniprogram"}:
            return ""
        return base_url + self.value if self.value.startswith("/") else self.value

    def sent_value(self, base_url: str) -> str:
        """The value as WeChat is sent it."""
        return self.url(base_url) or self.value

    def event_key(self, base_url: str) -> str | None:
        """What a tap on it is counted under: see `menus.clicks.countable`; None if not at all."""
        kind = KINDS.get(self.kind)
        if kind is None or not kind.pushes:
            return None
        return self.pagepath if self.kind == "miniprogram" else self.sent_value(base_url)


def click(key: str) -> Target:
    """Answered in the chat by a handler, an article (`article.…`) or a rule (`reply.…`)."""
    return Target("click", key)


def view(page: str) -> Target:
    """Opens a page: a path of ours, or an address."""
    return Target("view", page)


@dataclass(frozen=True)
class Fault:
    """What WeChat would refuse in a target; `kind` of fault picks the error code."""

    kind: str
    reason: str


def faults(target: Target, base_url: str) -> list[Fault]:
    """What WeChat would refuse in it; empty when nothing."""
    kind = KINDS.get(target.kind)
    if kind is None:
        return [Fault("type", f"这一项（{target.value[:40]}）无法照搬，请重新选择点击后的动作")]
    found = []
    used = len(target.sent_value(base_url).encode())
    if not target.value.strip():
        found.append(Fault("missing" if kind.field == "url" else kind.field, _missing(kind)))
    elif used > kind.value_bytes:
        reason = f"{kind.value_name}不能超过 {kind.value_bytes} 字节（现有 {used}）"
        found.append(Fault(kind.field, reason))
    elif kind.field == "url" and not is_address(target.url(base_url)):
        found.append(Fault("domain", "链接应以 / 开头，或是 http(s):// 开头的完整地址"))
    if target.kind == "miniprogram":
        found.extend(_app_faults(target))
    return found


def _missing(kind: Kind) -> str:
    return f"请填写{kind.value_name}"


def _app_faults(target: Target) -> list[Fault]:
    found = []
    if not _APP_ID.fullmatch(target.appid):
        found.append(Fault("app", "小程序 AppID 应为 wx 加 16 位小写字母或数字（0-9、a-f）"))
    if not 1 <= len(target.pagepath.encode()) <= PATH_BYTES:
        found.append(Fault("app", f"小程序页面路径应为 1 至 {PATH_BYTES} 字节"))
    return found


def is_address(url: str) -> bool:
    """Whether a phone could open it: http or https, a host, no blanks."""
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return False
    blank = any(letter.isspace() or not letter.isprintable() for letter in url)
    return parts.scheme in {"http", "https"} and bool(host) and not blank
