"""Replies: what the account answers, as XML that no text can break out of.

Limits: developers.weixin.qq.com/doc/service/guide/product/message/Passive_user_reply_message
(a text of 2048 bytes, one article).
"""

import re
from dataclasses import dataclass
from typing import Any

from bot.inbound import Gate, Inbound

TEXT_BYTES = 2048
_TITLE_BYTES, _DESCRIPTION_BYTES, _URL_BYTES = 64 * 3, 120 * 3, 1024
_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True)
class Text:
    """A text message; `<a href="…">` links work."""

    content: str


@dataclass(frozen=True)
class Card:
    """One article: a title, a line below, a picture, an address."""

    title: str
    description: str
    url: str
    picture: str = ""


@dataclass(frozen=True)
class Image:
    """A picture that WeChat has, temporary or permanent (no GIF)."""

    media_id: str


@dataclass(frozen=True)
class Voice:
    """A recording that WeChat has."""

    media_id: str


@dataclass(frozen=True)
class Video:
    """A video that WeChat has."""

    media_id: str
    title: str = ""
    description: str = ""


@dataclass(frozen=True)
class Music:
    """A piece of music at an address; the cover must be a picture that WeChat has."""

    title: str
    description: str
    url: str
    cover_media_id: str


@dataclass(frozen=True)
class ToStaff:
    """Hands this message over to human customer service."""


@dataclass(frozen=True)
class Nothing:
    """An acknowledgement: the person sees nothing."""


Media = Image | Voice | Video | Music
Reply = Text | Card | Media | ToStaff | Nothing


def render(reply: Reply, inbound: Inbound, created: int) -> str:
    """The body of the answer in plain XML; empty for `Nothing`."""
    if isinstance(reply, Nothing):
        return ""
    head = (
        f"<xml><ToUserName>{_cdata(inbound.openid)}</ToUserName>"
        f"<FromUserName>{_cdata(inbound.account)}</FromUserName>"
        f"<CreateTime>{created}</CreateTime>"
    )
    return f"{head}{_body(reply)}</xml>"


def _body(reply: Text | Card | Media | ToStaff) -> str:
    if isinstance(reply, Text):
        content = cut(reply.content, TEXT_BYTES)
        return f"<MsgType><![CDATA[text]]></MsgType><Content>{_cdata(content)}</Content>"
    if isinstance(reply, ToStaff):
        return "<MsgType><![CDATA[transfer_customer_service]]></MsgType>"
    if isinstance(reply, Image | Voice | Video | Music):
        return _media(reply)
    return (
        "<MsgType><![CDATA[news]]></MsgType><ArticleCount>1</ArticleCount><Articles><item>"
        f"<Title>{_cdata(cut(reply.title, _TITLE_BYTES))}</Title>"
        f"<Description>{_cdata(cut(reply.description, _DESCRIPTION_BYTES))}</Description>"
        f"<PicUrl>{_cdata(cut(reply.picture, _URL_BYTES))}</PicUrl>"
        f"<Url>{_cdata(cut(reply.url, _URL_BYTES))}</Url></item></Articles>"
    )


def _media(reply: Media) -> str:
    name = type(reply).__name__
    if isinstance(reply, Music):
        fields = {
            **_titled(reply),
            "MusicUrl": cut(reply.url, _URL_BYTES),
            "HQMusicUrl": cut(reply.url, _URL_BYTES),
            "ThumbMediaId": reply.cover_media_id,
        }
    elif isinstance(reply, Video):
        fields = {"MediaId": reply.media_id, **_titled(reply)}
    else:
        fields = {"MediaId": reply.media_id}
    inner = "".join(f"<{field}>{_cdata(value)}</{field}>" for field, value in fields.items())
    return f"<MsgType><![CDATA[{name.lower()}]]></MsgType><{name}>{inner}</{name}>"


def _titled(reply: Video | Music) -> dict[str, str]:
    return {
        "Title": cut(reply.title, _TITLE_BYTES),
        "Description": cut(reply.description, _DESCRIPTION_BYTES),
    }


def _cdata(value: str) -> str:
    written = _UNWRITABLE.sub("", value).replace("]]>", "]]]]><![CDATA[>")
    return f"<![CDATA[{written}]]>"


def cut(value: str, limit_bytes: int) -> str:
    """The value cut to `limit_bytes` of UTF-8, on a character: a longer one is not shown."""
    raw = value.encode("utf-8", "ignore")
    if len(raw) <= limit_bytes:
        return value
    return raw[:limit_bytes].decode("utf-8", "ignore")


def answer(gate: Gate, reply: Reply, inbound: Inbound, timestamp: str, nonce: str) -> str:
    """The whole answer, encrypted when the question was; an empty one needs no encryption."""
    xml = render(reply, inbound, int(timestamp))
    return gate.seal(xml, timestamp, nonce) if xml and inbound.encrypted else xml


def to_json(reply: Reply) -> dict[str, Any]:
    """The reply as plain data, to be kept with the inbox row."""
    return {"kind": type(reply).__name__, **reply.__dict__}


def from_json(data: dict[str, Any]) -> Reply:
    """The reply that `to_json` kept."""
    kinds: dict[str, type[Reply]] = {
        "Text": Text, "Card": Card, "Image": Image, "Voice": Voice, "Video": Video,
        "Music": Music, "ToStaff": ToStaff, "Nothing": Nothing,
    }  # fmt: skip
    values = dict(data)
    return kinds[values.pop("kind")](**values)


def to_custom(reply: Reply) -> dict[str, Any] | None:
    """The same as a customer message (custom/send, without `touser`); None for what is none."""
    if isinstance(reply, Text):
        return {"msgtype": "text", "text": {"content": cut(reply.content, TEXT_BYTES)}}
    if isinstance(reply, Card):
        article = {
            "title": cut(reply.title, _TITLE_BYTES),
            "description": cut(reply.description, _DESCRIPTION_BYTES),
            "url": reply.url,
            "picurl": reply.picture,
        }
        return {"msgtype": "news", "news": {"articles": [article]}}
    if isinstance(reply, Image | Voice):
        kind = type(reply).__name__.lower()
        return {"msgtype": kind, kind: {"media_id": reply.media_id}}
    return None
