"""/control for people: users and what they do."""

from dataclasses import asdict

from flask import Blueprint, Response, jsonify, request

from emulator import actions
from emulator.actions import NotPossible, get_user
from emulator.api.menus import choose_menu
from emulator.chats import describe_item
from emulator.control.bodies import (
    describe_outcome,
    find_platform,
    read_body,
    refuse,
    take,
    take_openid,
)
from emulator.identifiers import make_openid
from emulator.state import Json, Window
from emulator.visits import Visit, visit

SWITCHES = ("in_snapshot", "blacklisted", "refuses_messages")
TEXTS = ("nickname", "unionid", "remark")

blueprint = Blueprint("people", __name__, url_prefix="/control")
blueprint.register_error_handler(NotPossible, refuse)


@blueprint.post("/users")
def add_user() -> Response:
    """`{"nickname"?, "openid"?, "unionid"?, "in_snapshot"?, …}` → `{"openid"}`."""
    body = read_body()
    platform = find_platform()
    openid = take(body, "openid", str, "") or make_openid()
    if openid in platform.state.users:
        raise NotPossible("this openid is taken")
    user = actions.create_user(platform, take(body, "nickname", str, "小李"), openid)
    change_user(user.openid, body)
    return jsonify(openid=user.openid)


@blueprint.get("/users")
def list_users() -> Response:
    """`{"users": [{"openid", "nickname", "subscribed", …}]}`."""
    platform = find_platform()
    with platform.store.lock:
        return jsonify(users=[asdict(user) for user in platform.state.users.values()])


@blueprint.patch("/users/<openid>")
def edit_user(openid: str) -> Response:
    """Any of nickname, unionid, remark, in_snapshot, blacklisted, refuses_messages, credits,
    window (null or `{"remaining", "expires_at"}`), mass_counts, tags; → the user."""
    change_user(openid, read_body())
    return jsonify(asdict(get_user(find_platform(), openid)))


def change_user(openid: str, body: Json) -> None:
    """Set what the body names."""
    platform = find_platform()
    with platform.store.lock:
        user = get_user(platform, openid)
        for name in SWITCHES:
            setattr(user, name, take(body, name, bool, getattr(user, name)))
        for name in TEXTS:
            setattr(user, name, take(body, name, str, getattr(user, name)))
        user.credits = take(body, "credits", dict, user.credits)
        user.mass_counts = take(body, "mass_counts", dict, user.mass_counts)
        user.tags = take(body, "tags", list, user.tags)
        if "window" in body:
            given = body["window"]
            user.window = Window(**given) if isinstance(given, dict) else None
        platform.store.touch()


@blueprint.post("/follow")
def follow() -> Response:
    """`{"openid", "scene"?}`."""
    body = read_body()
    scene = str(body.get("scene", ""))
    outcome = actions.follow(find_platform(), take_openid(body), scene, "TICKET" if scene else "")
    return jsonify(describe_outcome(outcome))


@blueprint.post("/unfollow")
def unfollow() -> Response:
    """`{"openid"}`."""
    return jsonify(describe_outcome(actions.unfollow(find_platform(), take_openid(read_body()))))


@blueprint.post("/say")
def say() -> Response:
    """`{"openid", "text", "menu_id"?}`; menu_id as when a msgmenu item is tapped."""
    body = read_body()
    text, menu_id = take(body, "text", str), str(body.get("menu_id", ""))
    outcome = actions.say(find_platform(), take_openid(body), text, menu_id)
    return jsonify(describe_outcome(outcome))


@blueprint.post("/message")
def send_message() -> Response:
    """`{"openid", "type": "image|voice|location|…", "fields": {…}}`: any other message."""
    body = read_body()
    kind, fields = take(body, "type", str), take(body, "fields", dict)
    outcome = actions.send_message(find_platform(), take_openid(body), kind, fields)
    return jsonify(describe_outcome(outcome))


@blueprint.post("/event")
def cause_event() -> Response:
    """`{"openid", "event": "scancode_waitmsg|…", "fields": {…}}`: any other event."""
    body = read_body()
    event, fields = take(body, "event", str), take(body, "fields", dict, {})
    outcome = actions.cause_event(find_platform(), take_openid(body), event, fields)
    return jsonify(describe_outcome(outcome))


@blueprint.post("/click")
def click() -> Response:
    """`{"openid", "key"}`."""
    body = read_body()
    outcome = actions.click(find_platform(), take_openid(body), take(body, "key", str))
    return jsonify(describe_outcome(outcome))


@blueprint.post("/view")
def view() -> Response:
    """`{"openid", "url"}` → the same with `url`, which the web view opens."""
    body = read_body()
    url = take(body, "url", str)
    outcome = actions.view(find_platform(), take_openid(body), url)
    return jsonify(describe_outcome(outcome) | {"url": url})


@blueprint.post("/scan")
def scan() -> Response:
    """`{"openid", "scene"}` or `{"openid", "ticket"}` (or the url inside the code)."""
    body = read_body()
    platform = find_platform()
    ticket = take(body, "ticket", str, "")
    scene = actions.find_scene(platform, ticket) if ticket else str(body.get("scene", ""))
    if not scene:
        raise NotPossible("'scene' or 'ticket' must be given")
    outcome = actions.scan(platform, take_openid(body), scene, ticket)
    return jsonify(describe_outcome(outcome))


@blueprint.post("/location")
def locate() -> Response:
    """`{"openid", "latitude", "longitude"}`: the LOCATION event."""
    body = read_body()
    where = (take(body, "latitude", float), take(body, "longitude", float))
    return jsonify(describe_outcome(actions.locate(find_platform(), take_openid(body), *where)))


@blueprint.post("/notices")
def decide_notice() -> Response:
    """`{"openid", "template_id", "accept"?: true, "count"?: 1}`: the subscription pop-up."""
    body = read_body()
    outcome = actions.decide_notice(
        find_platform(),
        take_openid(body),
        take(body, "template_id", str),
        take(body, "accept", bool, True),
        take(body, "count", int, 1),
    )
    return jsonify(describe_outcome(outcome))


@blueprint.post("/open")
def open_page() -> Response:
    """`{"openid", "url", "consent"?: true, "fresh"?: false, "method"?, "form"?}`.

    → `{"url", "status", "text", "title", "content_type", "hops"}` of the page at the end.
    """
    body = read_body()
    platform = find_platform()
    wanted = Visit(
        openid=get_user(platform, take_openid(body)).openid,
        url=take(body, "url", str),
        consents=take(body, "consent", bool, True),
        fresh=take(body, "fresh", bool, False),
        method=take(body, "method", str, "GET"),
        form=take(body, "form", dict) if "form" in body else None,
    )
    return jsonify(visit(platform, wanted))


@blueprint.get("/transcript")
def list_chat() -> Response:
    """`?openid=` → a list of `{"from", "kind", "text", "articles", "at", "id", …}`."""
    platform = find_platform()
    with platform.store.lock:
        user = get_user(platform, request.args.get("openid", ""))
        items = platform.state.chats.get(user.openid, [])
        return jsonify([describe_item(item) for item in items])


@blueprint.get("/menu")
def show_menu() -> Response:
    """`?openid=` the menu this user sees, else the default → `{"button": […] or null}`."""
    platform = find_platform()
    openid = request.args.get("openid")
    with platform.store.lock:
        if openid is None:
            return jsonify(button=platform.state.menu)
        return jsonify(button=choose_menu(platform, get_user(platform, openid)))
