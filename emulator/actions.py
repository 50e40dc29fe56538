"""What a person can do to the account: follow, speak, tap, scan — each ends in a push."""

from typing import Any

from emulator.chats import add_item
from emulator.deliveries import Outcome, build_push, deliver
from emulator.identifiers import make_openid
from emulator.platform import Platform
from emulator.state import User, Window

MESSAGE_WINDOW = (5, 48 * 3600)  # customer messages after a message of the user
ACTION_WINDOW = (3, 60)  # after a click, a scan or a follow
CLICK_LIKE = {"CLICK", "scancode_push", "scancode_waitmsg"}
STRANGERS_EVENTS = ("user_", "subscribe_msg_")


class NotPossible(ValueError):
    """The person cannot do that; the text says why."""


def create_user(platform: Platform, nickname: str, openid: str = "") -> User:
    """A new WeChat user, not yet a follower."""
    with platform.store.lock:
        user = User(openid or make_openid(), nickname)
        platform.state.users[user.openid] = user
        platform.store.touch()
        return user


def get_user(platform: Platform, openid: str) -> User:
    """The user; raises `NotPossible` for an unknown openid."""
    user = platform.state.users.get(openid)
    if user is None:
        raise NotPossible(f"no user has the openid {openid!r}")
    return user


def get_follower(platform: Platform, openid: str) -> User:
    """The user; raises `NotPossible` unless following: there is no chat without it."""
    user = get_user(platform, openid)
    if not user.subscribed:
        raise NotPossible("the user does not follow the account")
    return user


def open_window(platform: Platform, user: User, size: tuple[int, int]) -> None:
    """Allow customer messages: never lowers what is still open (the larger of each)."""
    remaining, seconds = size
    now = platform.clock.now()
    expires_at = now + seconds
    if user.window and user.window.expires_at > now:
        remaining = max(remaining, user.window.remaining)
        expires_at = max(expires_at, user.window.expires_at)
    user.window = Window(remaining, expires_at)


def follow(platform: Platform, openid: str, scene: str = "", ticket: str = "") -> Outcome:
    """Follow, through a scene code if `scene` is given. A follower who scans only scans."""
    if get_user(platform, openid).subscribed:
        return scan(platform, openid, scene, ticket) if scene else Outcome("nothing")
    with platform.store.lock:
        user = get_user(platform, openid)
        user.subscribed = True
        user.subscribe_time = platform.clock.read_seconds()
        user.subscribe_scene = "ADD_SCENE_QR_CODE" if scene else "ADD_SCENE_SEARCH"
        user.scene = scene
        user.tags = []
        open_window(platform, user, ACTION_WINDOW)
        fields: dict[str, Any] = {"Event": "subscribe", "EventKey": ""}
        if scene:
            fields |= {"EventKey": f"qrscene_{scene}", "Ticket": ticket}
        push = build_push(platform, openid, "event", **fields)
        platform.store.touch()
    return deliver(platform, push)


def unfollow(platform: Platform, openid: str) -> Outcome:
    """Stop following: tags, remark and window go, and the phone forgets the chat."""
    with platform.store.lock:
        user = get_follower(platform, openid)
        user.subscribed, user.window, user.remark, user.tags = False, None, "", []
        user.chat_begins_after = platform.take_id()
        push = build_push(platform, openid, "event", Event="unsubscribe", EventKey="")
        platform.store.touch()
    return deliver(platform, push)


def say(
    platform: Platform, openid: str, text: str, menu_id: str = "", client_id: str = ""
) -> Outcome:
    """Send a text; `menu_id` when a msgmenu item was tapped, which counts as a click."""
    with platform.store.lock:
        user = get_follower(platform, openid)
        extra = {"client_id": client_id} if client_id else {}
        add_item(platform, openid, "user", "text", text=text, **extra)
        open_window(platform, user, ACTION_WINDOW if menu_id else MESSAGE_WINDOW)
        fields = {"Content": text}
        if menu_id:
            fields["bizmsgmenuid"] = menu_id
        push = build_push(platform, openid, "text", **fields)
    return deliver(platform, push)


def send_message(platform: Platform, openid: str, kind: str, fields: dict[str, Any]) -> Outcome:
    """Send any other message (image, voice, location …) with its own elements."""
    with platform.store.lock:
        user = get_follower(platform, openid)
        add_item(platform, openid, "user", kind, text=str(fields.get("Label", "")), **fields)
        open_window(platform, user, MESSAGE_WINDOW)
        push = build_push(platform, openid, kind, **fields)
    return deliver(platform, push)


def click(platform: Platform, openid: str, key: str) -> Outcome:
    """Tap a click button."""
    return cause_event(platform, openid, "CLICK", {"EventKey": key})


def view(platform: Platform, openid: str, url: str) -> Outcome:
    """Tap a view button: the page opens anyway, nothing answered is shown."""
    return cause_event(platform, openid, "VIEW", {"EventKey": url})


def cause_event(platform: Platform, openid: str, event: str, fields: dict[str, Any]) -> Outcome:
    """Any event, its window included; strangers cause only those about their own data."""
    with platform.store.lock:
        is_private = event.startswith(STRANGERS_EVENTS)
        user = (get_user if is_private else get_follower)(platform, openid)
        if event in CLICK_LIKE or event == "SCAN":
            open_window(platform, user, ACTION_WINDOW)
        push = build_push(platform, openid, "event", Event=event, **fields)
    return deliver(platform, push)


def scan(platform: Platform, openid: str, scene: str, ticket: str = "") -> Outcome:
    """Scan a scene code: SCAN for a follower, else follow with `qrscene_`."""
    if not get_user(platform, openid).subscribed:
        return follow(platform, openid, scene, ticket)
    fields = {"EventKey": scene, "Ticket": ticket or "TICKET"}
    return cause_event(platform, openid, "SCAN", fields)


def find_scene(platform: Platform, ticket: str) -> str:
    """The scene of a ticket or of the url in its code; raises `NotPossible` if dead."""
    for code in platform.state.scenes.values():
        if ticket in {code.ticket, code.url}:
            if code.expires_at and code.expires_at <= platform.clock.now():
                raise NotPossible("the QR code has expired")
            return code.scene
    raise NotPossible("no QR code has this ticket")


def locate(platform: Platform, openid: str, latitude: float, longitude: float) -> Outcome:
    """Report the position, as on entering the chat."""
    where = {"Latitude": latitude, "Longitude": longitude, "Precision": 40.0}
    return cause_event(platform, openid, "LOCATION", where)


def decide_notice(
    platform: Platform, openid: str, template_id: str, accept: bool, count: int = 1
) -> Outcome:
    """Accept or refuse a subscription notice in the pop-up; accepting gives `count` credits."""
    with platform.store.lock:
        user = get_user(platform, openid)
        template = platform.state.templates.get(template_id)
        if template is None:
            raise NotPossible(f"no template {template_id!r}")
        if template.kind == "longterm":
            user.credits[template_id] = -1 if accept else 0
        elif accept:
            user.credits[template_id] = user.credits.get(template_id, 0) + count
        told = {
            "TemplateId": template_id,
            "SubscribeStatusString": "accept" if accept else "reject",
            "PopupScene": "1",
        }
        fields = {"Event": "subscribe_msg_popup_event", "SubscribeMsgPopupEvent": {"List": told}}
        push = build_push(platform, openid, "event", **fields)
        platform.store.touch()
    return deliver(platform, push)
