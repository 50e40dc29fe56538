"""The chat of each user: what they said, what they were sent, what the system told them."""

import re
from dataclasses import asdict
from html import unescape
from urllib.parse import parse_qs, urlsplit

from emulator.platform import Platform
from emulator.state import KEPT_CHAT, ChatItem, Json, append_kept

FAILURE_TEXT = "该公众号提供的服务出现故障，请稍后再试"
LINK = re.compile(r"<a\s+([^<>]*)>(.*?)</a\s*>", re.IGNORECASE | re.DOTALL)
HREF = re.compile(r"""\bhref\s*=\s*(?:"([^"]*)"|'([^']*)')""", re.IGNORECASE)


def add_item(platform: Platform, openid: str, sender: str, kind: str, **what: object) -> ChatItem:
    """Append to a chat; `what` holds text and further fields. Call it with the lock held."""
    data = dict(what)
    text = str(data.pop("text", ""))
    item = ChatItem(platform.take_id(), sender, kind, text, platform.clock.now(), data)
    append_kept(platform.state.chats.setdefault(openid, []), item, KEPT_CHAT)
    platform.store.touch()
    return item


def describe_item(item: ChatItem) -> Json:
    """`{"id", "from", "kind", "text", "at", "articles", …}`; id as text, being over 2^53."""
    shown = asdict(item)
    data = shown.pop("data")
    shown["id"] = str(item.id)
    shown["from"] = shown.pop("sender")
    return {"articles": [], **data, **shown}


def render_item(item: ChatItem) -> Json:
    """The item for the phone page: texts of the account cut into segments."""
    shown = describe_item(item)
    if item.sender == "account" and item.kind == "text":
        shown["segments"] = split_links(item.text)
    return shown


def split_links(text: str) -> list[Json]:
    """Cut a text into `{"text"}` and `{"text", "href"}` or `{"text", "say", "menu_id"}`.

    Only `<a href>` is markup, as in WeChat; every other `<` stays a plain character. Links
    other than http, https and weixin://bizmsgmenu lose their target.
    """
    segments: list[Json] = []
    at = 0
    for found in LINK.finditer(text):
        if found.start() > at:
            segments.append({"text": text[at : found.start()]})
        segments.append({"text": found.group(2), **read_target(found.group(1))})
        at = found.end()
    if at < len(text):
        segments.append({"text": text[at:]})
    return segments


def read_target(attributes: str) -> Json:
    """What tapping a link does."""
    href = HREF.search(attributes)
    if href is None:
        return {}
    target = unescape(href.group(1) or href.group(2) or "").strip()
    parts = urlsplit(target)
    if parts.scheme in {"http", "https"}:
        return {"href": target}
    if parts.scheme == "weixin" and parts.netloc == "bizmsgmenu":
        asked = parse_qs(parts.query)
        said = asked.get("msgmenucontent", [""])[0]
        return {"say": said, "menu_id": asked.get("msgmenuid", [""])[0]} if said else {}
    return {}
