"""How the chat looks: texts with their links, replies of rules and of the bot as bubbles."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup, escape

from content.functions import FUNCTIONS

_LINK = re.compile(r"""<a\s[^>]*?href\s*=\s*["']([^"']*)["'][^>]*>(.*?)</a>""", re.I | re.S)
# Replies of rules by their kind in the bubbles of `console/replies/bubbles.html`.
_KINDS = {"news": "card", "tostaff": "staff"}


def chat_text(text: str) -> Markup:
    """A text as WeChat draws it: its `<a href>` are links, all else is plain. Nothing to click."""
    parts, end = [], 0
    for found in _LINK.finditer(text):
        parts.append(escape(text[end : found.start()]))
        address, words = escape(found[1]), escape(found[2])
        parts.append(Markup('<span class="wt-chat-link" title="{}">{}</span>').format(
            address, words))  # fmt: skip
        end = found.end()
    return Markup("").join([*parts, escape(text[end:])])


def bubbles(replies: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """What to draw of replies, of a rule (`reply_items.parse`) or of the bot (`to_json`)."""
    return [_bubble(reply) for reply in replies]


def _bubble(reply: Mapping[str, Any]) -> dict[str, Any]:
    kind = str(reply.get("kind", "")).lower()
    text = reply.get("content") or reply.get("text") or ""
    name = FUNCTIONS.get(str(reply.get("key", "")), "")
    return {**reply, "kind": _KINDS.get(kind, kind), "text": str(text), "name": name}
