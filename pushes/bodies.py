"""The bodies that WeChat takes, made of a push's content for one reader."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from kernel.refusals import Refused
from pushes import messages, template_values
from pushes.messages import Reader

_SMS_PARAMS = {"称呼": "name", "等级": "tier", "积分": "points", "链接": "link"}


class NoDraft(Refused):
    """The article that a mass send should carry is in no draft of WeChat's."""

    code = "push_no_draft"


def mass(content: Mapping[str, Any], reader: Reader, media_id: str) -> dict[str, Any]:
    """The message of a mass send. Raises NoDraft for an article without a draft."""
    if content["kind"] == "article":
        if not media_id:
            raise NoDraft
        return {"msgtype": "mpnews", "mpnews": {"media_id": media_id}, "send_ignore_reprint": 0}
    return {"msgtype": "text", "text": {"content": messages.fill(content["text"], reader)}}


def customer(content: Mapping[str, Any], reader: Reader) -> dict[str, Any]:
    """The message of message/custom/send."""
    if content["kind"] == "text":
        return {"msgtype": "text", "text": {"content": messages.fill(content["text"], reader)}}
    article = {
        "title": messages.fill(content["title"], reader),
        "description": messages.fill(content["description"], reader),
        "url": reader.link,
        "picurl": content.get("picture", ""),
    }
    return {"msgtype": "news", "news": {"articles": [article]}}


def notice(content: Mapping[str, Any], reader: Reader) -> dict[str, Any]:
    """The message of message/subscribe/bizsend."""
    body: dict[str, Any] = {"template_id": content["template_id"], "data": _data(content, reader)}
    return {**body, "page": reader.link} if reader.link else body


def template(content: Mapping[str, Any], reader: Reader, client_msg_id: str) -> dict[str, Any]:
    """The message of message/template/send; the name lets WeChat refuse a second one."""
    body: dict[str, Any] = {
        "template_id": content["template_id"],
        "data": _data(content, reader),
        "client_msg_id": client_msg_id,
    }
    return {**body, "url": reader.link} if reader.link else body


def sms(
    content: Mapping[str, Any], reader: Reader, signature: str, service: bool
) -> dict[str, Any]:
    """The message of a short message: its whole text, and the same as template and values."""
    params = {
        _SMS_PARAMS[slot]: value
        for slot, value in reader.values.items()
        if f"{{{slot}}}" in content["text"]
    }
    text = messages.sms_text(content, reader, signature, service)
    return {"text": text, "template": content["template"], "params": params}


def _data(content: Mapping[str, Any], reader: Reader) -> dict[str, dict[str, str]]:
    same, personal = _parted(tuple(content["data"].items()))
    return same | {
        key: {"value": template_values.fit(key, messages.fill(text, reader))}
        for key, text in personal
    }


@lru_cache(64)
def _parted(data: tuple[tuple[str, str], ...]) -> tuple[dict[str, dict[str, str]], Any]:
    """What all readers get alike, ready; and the pairs that are filled in for each."""
    personal = tuple((key, text) for key, text in data if messages.has_slots(text))
    same = {
        key: {"value": template_values.fit(key, text)}
        for key, text in data
        if not messages.has_slots(text)
    }
    return same, personal
