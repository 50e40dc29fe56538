"""Customer messages: what may be said to a user who did something a moment ago.

Five messages in 48 h after a message, three in one minute after a click, scan or follow.
"""

from collections.abc import Callable

from emulator.api.calls import OK, Call, Endpoint, read_list
from emulator.chats import add_item
from emulator.errcodes import Refused
from emulator.state import Json, User

TEXT_BYTES = 2048
TYPING = {"Typing", "CancelTyping"}
# The field without which a message of the type is refused, and the code it is refused with.
REQUIRED: dict[str, tuple[str, int]] = {
    "image": ("media_id", 40007),
    "voice": ("media_id", 40007),
    "video": ("media_id", 40007),
    "music": ("thumb_media_id", 40007),
    "mpnews": ("media_id", 40007),
    "mpnewsarticle": ("article_id", 53600),
    "miniprogrampage": ("appid", 40013),
    "link": ("url", 40035),
}


def send_custom(call: Call) -> Json:
    """POST /cgi-bin/message/custom/send.

    Refuses with 40003, 43004 (never followed), 45015 (no window, or unfollowed), 45047 (window
    used up), 43019, 48002, 40008, 44004, 45002, 45008, 40007.
    """
    user = call.user(call.text("touser"))
    kind, shown = read_message(call)
    require_reachable(user)
    use_window(user, call.now)
    text = str(shown.pop("text", ""))
    add_item(call.platform, user.openid, "account", kind, text=text, channel="custom", **shown)
    return OK


def require_reachable(user: User) -> None:
    """Refuse what the user or the account itself shut off."""
    if not user.subscribed:
        raise Refused(45015 if user.subscribe_time else 43004)
    if user.blacklisted:
        raise Refused(43019)
    if user.refuses_messages:
        raise Refused(48002)


def use_window(user: User, now: float) -> None:
    """Take one message off the window."""
    if user.window is None or user.window.expires_at <= now:
        raise Refused(45015)
    if user.window.remaining <= 0:
        raise Refused(45047)
    user.window.remaining -= 1


def read_message(call: Call) -> tuple[str, Json]:
    """Type and what the chat shows of it; refuses a message that cannot be sent."""
    kind = call.text("msgtype")
    content = call.table(kind)
    if kind in READERS:
        return kind, READERS[kind](content)
    if kind not in REQUIRED:
        raise Refused(40008)
    name, code = REQUIRED[kind]
    value = str(content.get(name, ""))
    if not value or (name == "media_id" and not is_known_media(call, value)):
        raise Refused(code)
    return kind, dict(content)


def is_known_media(call: Call, media_id: str) -> bool:
    """Uploaded here, or a draft, and not expired."""
    media = call.state.media.get(media_id)
    if media is None:
        return media_id in call.state.drafts
    return media.expires_at == 0 or media.expires_at > call.now


def read_text(content: Json) -> Json:
    """At most 2048 bytes."""
    text = str(content.get("content", ""))
    if not text:
        raise Refused(44004)
    if len(text.encode()) > TEXT_BYTES:
        raise Refused(45002)
    return {"text": text}


def read_news(content: Json) -> Json:
    """Exactly one article."""
    articles = [each for each in read_list(content.get("articles")) if isinstance(each, dict)]
    if not articles:
        raise Refused(44003)
    if len(articles) > 1:
        raise Refused(45008)
    return {"text": str(articles[0].get("title", "")), "articles": articles}


def read_msgmenu(content: Json) -> Json:
    """Head, items to tap, tail."""
    items = [each for each in read_list(content.get("list")) if isinstance(each, dict)]
    if not items:
        raise Refused(40035)
    choices = [{"id": str(x.get("id", "")), "content": str(x.get("content", ""))} for x in items]
    head, tail = str(content.get("head_content", "")), str(content.get("tail_content", ""))
    return {"text": head, "choices": choices, "tail": tail}


READERS: dict[str, Callable[[Json], Json]] = {
    "text": read_text,
    "news": read_news,
    "msgmenu": read_msgmenu,
}


def send_typing(call: Call) -> Json:
    """POST /cgi-bin/message/custom/typing; refuses with 45072, 45080."""
    user = call.user(call.text("touser"))
    if call.text("command") not in TYPING:
        raise Refused(45072)
    if user.window is None or user.window.expires_at <= call.now:
        raise Refused(45080)
    return OK


ENDPOINTS = {
    "/cgi-bin/message/custom/send": Endpoint(send_custom, daily=500_000, channel="custom"),
    "/cgi-bin/message/custom/typing": Endpoint(send_typing, daily=500_000),
}
