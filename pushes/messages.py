"""What a push says by each channel: checked when it is written, filled in when it is sent."""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from kernel.refusals import Invalid
from pushes import template_values
from pushes.channels import NAMES

# A text message is cut by the platform beyond this many bytes.
TEXT_BYTES = 2048
# A short message of 70 characters is one, a longer one is charged by pieces of 67.
SMS_ONE, SMS_PIECE, SMS_MOST = 70, 67, 500
SMS_END = "拒收请回复R"
MOST_VARIANTS = 3
LINK = "链接"
SLOTS = {"称呼": "会员姓名", "等级": "会员等级", "积分": "可用积分", LINK: "页面短链接"}
_SLOT = re.compile(r"\{([^{}\n]{1,10})\}")
_PARAM = re.compile(r"[a-z][a-z0-9_]{0,19}", re.ASCII)


class Reader(NamedTuple):
    """Whom a message is filled in for; `link` is the address that is counted as his click."""

    name: str = "会员"
    tier: str = ""
    points: int = 0
    link: str = ""

    @property
    def values(self) -> dict[str, str]:
        """The slots' values."""
        return {
            "称呼": self.name,
            "等级": self.tier,
            "积分": str(self.points),
            "链接": self.link,
        }


def has_slots(text: str) -> bool:
    """Whether a text may say something else to each reader."""
    return _SLOT.search(text) is not None


def fill(text: str, reader: Reader) -> str:
    """The text with its slots filled; a value is never looked into again."""
    values, words = reader.values, [*_pieces(text)]
    for place in range(1, len(words), 2):
        slot = words[place]
        words[place] = values.get(slot, f"{{{slot}}}")
    return "".join(words)


@lru_cache(256)
def _pieces(text: str) -> tuple[str, ...]:
    """The words of a text, a slot's name at every other place."""
    return tuple(_SLOT.split(text))


def texts_of(contents: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Every text that somebody will read, as (place, text)."""
    for channel, content in contents.items():
        place = NAMES[channel]
        for name in ("text", "title", "description"):
            if content.get(name):
                yield place, content[name]
        for key, value in (content.get("data") or {}).items():
            yield f"{place} {key}", value


def check(channel: str, content: Mapping[str, Any]) -> dict[str, Any]:
    """The content as it is kept. Raises Invalid with the field `channel.name`."""
    return _CHECKS[channel](content)


def _refuse(field: str, reason: str) -> Invalid:
    return Invalid(field=field, reason=reason)


def _text(content: Mapping[str, Any], channel: str, most_bytes: int) -> str:
    text = str(content.get("text", "")).replace("\r\n", "\n").strip()
    if not text or len(text.encode()) > most_bytes:
        reason = f"请填写内容（不超过 {most_bytes} 字节，约 {most_bytes // 3} 个汉字）"
        raise _refuse(f"{channel}.text", reason)
    _check_slots(text, f"{channel}.text")
    return text


def _check_slots(text: str, field: str) -> None:
    for match in _SLOT.finditer(text):
        if match[1] not in SLOTS:
            known = "、".join(f"{{{name}}}" for name in SLOTS)
            raise _refuse(field, f"没有 {match[0]} 这个变量，可用 {known}")


def _mass(content: Mapping[str, Any]) -> dict[str, Any]:
    if content.get("kind") == "article":
        article = content.get("article_id")
        if not isinstance(article, int) or isinstance(article, bool):
            raise _refuse("mass.article_id", "请选择一篇已同步到微信草稿箱的文章")
        return {"kind": "article", "article_id": article, "title": str(content.get("title", ""))}
    text = _text(content, "mass", TEXT_BYTES)
    if any(match[1] != LINK for match in _SLOT.finditer(text)):
        raise _refuse("mass.text", "群发对所有人内容相同，只能用 {链接}")
    return {"kind": "text", "text": text}


def _customer(content: Mapping[str, Any]) -> dict[str, Any]:
    if content.get("kind") != "news":
        return {"kind": "text", "text": _text(content, "customer", TEXT_BYTES)}
    kept = {name: str(content.get(name, "")).strip() for name in ("title", "description")}
    for name, most in (("title", 64), ("description", 120)):
        if not kept[name] or len(kept[name]) > most:
            raise _refuse(f"customer.{name}", f"请填写（{most} 字以内）")
        _check_slots(kept[name], f"customer.{name}")
    picture = str(content.get("picture", "")).strip()
    if picture and urlsplit(picture).scheme != "https":
        raise _refuse("customer.picture", "图片地址须以 https:// 开头")
    return {"kind": "news", **kept, "picture": picture}


def _templated(channel: str, content: Mapping[str, Any]) -> dict[str, Any]:
    template_id = str(content.get("template_id", "")).strip()
    if not re.fullmatch(r"[A-Za-z0-9_-]{10,64}", template_id):
        raise _refuse(f"{channel}.template_id", "请选择模板")
    data = content.get("data")
    if not isinstance(data, Mapping) or not 1 <= len(data) <= 20:
        raise _refuse(f"{channel}.data", "请填写模板的每一项")
    kept: dict[str, str] = {}
    for key, value in data.items():
        field, text = f"{channel}.data.{key}", str(value).strip()
        if not re.fullmatch(r"[A-Za-z_]{1,20}[0-9]{0,3}", str(key)):
            raise _refuse(field, "模板的关键词有误")
        _check_slots(text, field)
        if not has_slots(text) and (why := template_values.fault(str(key), text)):
            raise _refuse(field, why)
        if not text:
            raise _refuse(field, "不能为空")
        kept[str(key)] = text
    return {"template_id": template_id, "data": kept}


def _notice(content: Mapping[str, Any]) -> dict[str, Any]:
    return _templated("notice", content)


def _template(content: Mapping[str, Any]) -> dict[str, Any]:
    return _templated("template", content)


def _sms(content: Mapping[str, Any]) -> dict[str, Any]:
    text = _text(content, "sms", SMS_MOST * 4)
    if len(text) > SMS_MOST:
        raise _refuse("sms.text", f"短信最多 {SMS_MOST} 字")
    template = str(content.get("template", "")).strip() or "push"
    if not _PARAM.fullmatch(template):
        raise _refuse("sms.template", "模板名须为小写字母和数字")
    return {"text": text, "template": template}


_CHECKS = {
    "mass": _mass,
    "notice": _notice,
    "template": _template,
    "customer": _customer,
    "sms": _sms,
}


def sms_text(content: Mapping[str, Any], reader: Reader, signature: str, service: bool) -> str:
    """The whole short message: signature first, the way out last, as the carriers demand.

    《通信短信息服务管理规定》第二十条: a commercial short message says how it is refused.
    """
    text = fill(content["text"], reader)
    head = f"【{signature}】" if signature else ""
    end = "" if service or SMS_END in text else f" {SMS_END}"
    return f"{head}{text}{end}"


def sms_pieces(text: str) -> int:
    """How many short messages a text is charged as."""
    return 1 if len(text) <= SMS_ONE else -(-len(text) // SMS_PIECE)
