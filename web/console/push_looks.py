"""How a push looks on a phone, by channel: for the editor while it is typed, for the push's page
and for real people before it is let go. Nothing here is refused: faults are shown beside."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pushes import messages, template_values
from pushes.channels import NAMES
from pushes.messages import TEXT_BYTES, Reader
from pushes.pushes import Push
from pushes.settings import PushRules
from web.wiring import wiring

EXAMPLE = Reader("王芳", "银卡会员", 1_280)
_LINK = "/l/d1z-0123456789"


@dataclass(frozen=True)
class Row:
    """A line of a template: its key, what stands there, the rule of its kind, what is wrong."""

    key: str
    value: str
    rule: str
    fault: str


@dataclass(frozen=True)
class Look:
    """One channel of one text. `kind` is text, article, news, template or sms."""

    channel: str
    kind: str
    text: str = ""
    title: str = ""
    picture: str = ""
    rows: Sequence[Row] = ()
    size: int = 0
    most: int = TEXT_BYTES
    pieces: int = 0
    fen: int = 0

    @property
    def name(self) -> str:
        """The channel as people call it."""
        return NAMES[self.channel]


@dataclass(frozen=True)
class Frame:
    """What a look depends on besides the content."""

    rules: PushRules
    service: bool = False
    link: str = ""
    reader: Reader = field(default=EXAMPLE)

    def filled(self, text: str) -> str:
        """The text as the reader gets it."""
        link = f"{wiring().hall.base_url}{_LINK}" if self.link else ""
        reader = Reader(self.reader.name, self.reader.tier, self.reader.points, link)
        return messages.fill(text, reader)


def frame_of(push: Push, reader: Reader = EXAMPLE) -> Frame:
    """The frame of a push that was written down."""
    return Frame(wiring().push_rules, push.service, push.link, reader)


def looks(contents: Mapping[str, Any], frame: Frame) -> list[Look]:
    """Every channel of one text, in the order of the cascade."""
    return [look(channel, content, frame) for channel, content in contents.items()]


def look(channel: str, content: Mapping[str, Any], frame: Frame) -> Look:
    """One channel. Content may be as somebody typed it."""
    if channel in {"notice", "template"}:
        return Look(channel, "template", rows=_rows(content, frame))
    if channel == "sms":
        return _sms(content, frame)
    if content.get("kind") == "article":
        return Look(channel, "article", title=content.get("title") or "（还没有选文章）")
    if content.get("kind") == "news" and channel == "customer":
        return Look(
            channel,
            "news",
            text=frame.filled(content.get("description") or ""),
            title=frame.filled(content.get("title") or ""),
            picture=content.get("picture") or "",
        )
    text = content.get("text") or ""
    return Look(channel, "text", text=frame.filled(text), size=len(text.strip().encode()))


def _rows(content: Mapping[str, Any], frame: Frame) -> list[Row]:
    found = []
    for key, value in (content.get("data") or {}).items():
        filled = template_values.fit(key, frame.filled(value))
        fault = (template_values.fault(key, filled) or "") if value else "还没有填写"
        found.append(Row(key, filled, template_values.rule(key), fault))
    return found


def _sms(content: Mapping[str, Any], frame: Frame) -> Look:
    text = content.get("text") or ""
    whole = messages.sms_text(
        {"text": frame.filled(text)}, Reader(), frame.rules.sms_signature, frame.service
    )
    pieces = messages.sms_pieces(whole)
    return Look(
        "sms",
        "sms",
        text=whole if text.strip() else "",
        size=len(whole),
        most=messages.SMS_MOST,
        pieces=pieces,
        fen=pieces * frame.rules.sms_fen,
    )
