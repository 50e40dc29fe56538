"""The phone page at `/` and the JSON behind it: WeChat as a person holds it.

For browser tests: the message input has the label 输入消息, the send button the text 发送, the
follow button 关注公众号; halls and their lines are buttons with their names; `#chat` holds
`[data-from=user|account|system]` items with `data-kind` and `data-id`; the web view is
`#webview` with its close button labelled 关闭 and `iframe[data-webview]`; the profile opens
with 公众号资料 and there 不再关注 unfollows; the panel's controls have `data-panel` names:
user, new-user, scene, scan, day-later, present. `/?scene=x` scans on opening.
"""

import base64
import secrets

from flask import Blueprint, Response, jsonify, make_response, render_template, request

from emulator import actions
from emulator.actions import NotPossible
from emulator.api.menus import choose_menu
from emulator.api.publications import describe_articles
from emulator.authorize import find_holder
from emulator.chats import render_item
from emulator.control.bodies import describe_outcome, find_platform, read_body, refuse, take
from emulator.pages import clear_webview, hand_phone_to, make_local, protect
from emulator.platform import Platform
from emulator.state import Delivery, Json, User

SHOWN_ITEMS = 200
SHOWN_DELIVERIES = 12
DAY_SECONDS = 86400.0
NICKNAMES = ("小李", "小王", "阿芳", "老陈", "小赵", "小周", "阿强", "小吴", "晓燕", "大刘")

blueprint = Blueprint("phone", __name__)
blueprint.register_error_handler(NotPossible, refuse)


@blueprint.get("/")
def show_page() -> Response:
    """The page; the first visit makes a user whose phone this browser then is."""
    platform = find_platform()
    user = find_holder(platform)
    response = make_response(render_template("phone.html", account=platform.account))
    if user is None:
        user = actions.create_user(platform, choose_nickname(platform))
        hand_phone_to(response, user.openid)
    return protect(response)


def choose_nickname(platform: Platform) -> str:
    """A nickname that nobody has yet, if there is one left."""
    taken = {user.nickname for user in platform.state.users.values()}
    free = [name for name in NICKNAMES if name not in taken]
    return free[0] if free else f"用户{secrets.randbelow(9000) + 1000}"


def require_holder() -> User:
    """The user of this phone; raises `NotPossible` when the cookie names nobody."""
    user = find_holder(find_platform())
    if user is None:
        raise NotPossible("nobody holds this phone")
    return user


@blueprint.get("/phone/view")
def show_view() -> tuple[Response, int]:
    """Everything the page shows; waits until it differs from `?since=` (long poll).

    409 when the phone's user is gone (after a reset): the page then loads anew.
    """
    platform = find_platform()
    since = request.args.get("since", "")
    if since == describe_revision(platform):
        number = int(since.rpartition("-")[2])
        platform.store.wait_beyond(number, platform.settings.long_poll_seconds)
    with platform.store.lock:
        user = find_holder(platform)
        if user is None:
            return jsonify(error="nobody holds this phone"), 409
        return jsonify(describe_view(platform, user)), 200


def describe_revision(platform: Platform) -> str:
    """Differs between processes too, or a restart could go unnoticed."""
    return f"{id(platform):x}-{platform.store.revision}"


def describe_view(platform: Platform, user: User) -> Json:
    """What the page shows for one user."""
    items = platform.state.chats.get(user.openid, [])[-SHOWN_ITEMS:]
    local = platform.clock.local()
    return {
        "revision": describe_revision(platform),
        "account": {
            "name": platform.account.name,
            "intro": platform.account.intro,
            "original_id": platform.account.original_id,
        },
        "user": {
            "openid": user.openid,
            "nickname": user.nickname,
            "subscribed": user.subscribed,
            "refuses_messages": user.refuses_messages,
        },
        "items": [render_item(item) for item in items if item.id > user.chat_begins_after],
        "menu": choose_menu(platform, user),
        "notices": describe_notices(platform, user),
        "articles": describe_articles(platform),
        "users": describe_users(platform),
        "deliveries": describe_deliveries(platform),
        "clock": {
            "now": platform.clock.now(),
            "local": local.strftime("%m-%d %H:%M"),
            "offset_seconds": platform.clock.offset_seconds,
        },
    }


def describe_users(platform: Platform) -> list[Json]:
    """The latest forty, for the list of the panel."""
    users = list(platform.state.users.values())[-40:]
    return [{"openid": user.openid, "nickname": user.nickname} for user in users]


def describe_notices(platform: Platform, user: User) -> list[Json]:
    """The subscription notices a person may allow."""
    return [
        {"id": each.id, "title": each.title, "credit": user.credits.get(each.id, 0)}
        for each in platform.state.templates.values()
        if each.kind != "template"
    ]


def describe_deliveries(platform: Platform) -> list[Json]:
    """The last pushes to the callback, newest first."""
    return [
        describe_delivery(row) for row in platform.state.deliveries[: -SHOWN_DELIVERIES - 1 : -1]
    ]


def describe_delivery(row: Delivery) -> Json:
    """One line for engineers."""
    tries = [f"{each.status or '—'} {each.latency_ms} ms" for each in row.tries]
    problems = [each.problem for each in row.tries if each.problem]
    return {
        "id": str(row.id),
        "at": row.at,
        "what": f"{row.kind} {row.detail}".strip(),
        "tries": tries,
        "outcome": row.outcome,
        "note": problems[-1] if problems else row.note,
    }


@blueprint.post("/phone/follow")
def follow() -> Response:
    """`{"scene"?}`."""
    scene = str(read_body().get("scene", ""))
    ticket = "TICKET" if scene else ""
    outcome = actions.follow(find_platform(), require_holder().openid, scene, ticket)
    return jsonify(describe_outcome(outcome))


@blueprint.post("/phone/unfollow")
def unfollow() -> Response:
    """`{}`."""
    return jsonify(describe_outcome(actions.unfollow(find_platform(), require_holder().openid)))


@blueprint.post("/phone/say")
def say() -> Response:
    """`{"text", "menu_id"?, "client_id"?}`; client_id comes back in the item."""
    body = read_body()
    menu_id, client_id = str(body.get("menu_id", "")), str(body.get("client_id", ""))
    text = take(body, "text", str)
    outcome = actions.say(find_platform(), require_holder().openid, text, menu_id, client_id)
    return jsonify(describe_outcome(outcome))


@blueprint.post("/phone/scan")
def scan() -> Response:
    """`{"scene"}` for a follower."""
    scene = take(read_body(), "scene", str)
    return jsonify(describe_outcome(actions.scan(find_platform(), require_holder().openid, scene)))


@blueprint.post("/phone/notices")
def decide_notice() -> Response:
    """`{"template_id", "accept"}`."""
    body = read_body()
    wanted = (take(body, "template_id", str), take(body, "accept", bool))
    outcome = actions.decide_notice(find_platform(), require_holder().openid, *wanted)
    return jsonify(describe_outcome(outcome))


@blueprint.post("/phone/messages")
def switch_messages() -> Response:
    """`{"refuses": true}`: 接收消息 off."""
    platform, user = find_platform(), require_holder()
    with platform.store.lock:
        user.refuses_messages = take(read_body(), "refuses", bool)
        platform.store.touch()
    return jsonify(ok=True)


@blueprint.post("/phone/clock")
def move_clock() -> Response:
    """`{"days": 1}` goes on, `{"days": 0}` returns to the present."""
    platform = find_platform()
    days = take(read_body(), "days", int)
    with platform.store.lock:
        offset = platform.clock.offset_seconds
        platform.clock.move(offset + days * DAY_SECONDS if days else 0.0)
        platform.store.touch()
    return jsonify(ok=True)


@blueprint.post("/phone/users")
def add_user() -> Response:
    """`{"nickname"?}`: a new user takes the phone."""
    platform = find_platform()
    nickname = take(read_body(), "nickname", str, "").strip()[:20] or choose_nickname(platform)
    user = actions.create_user(platform, nickname)
    return clear_webview(request, hand_phone_to(jsonify(openid=user.openid), user.openid))


@blueprint.post("/phone/switch")
def switch_user() -> Response:
    """`{"openid"}`: another user takes the phone."""
    user = actions.get_user(find_platform(), take(read_body(), "openid", str))
    return clear_webview(request, hand_phone_to(jsonify(openid=user.openid), user.openid))


@blueprint.post("/phone/choose")
def choose_user() -> Response:
    """The form of the chooser page: takes the phone and goes on to a path of ours."""
    platform = find_platform()
    openid = request.form.get("openid", "")
    user = platform.state.users.get(openid)
    if user is None:
        user = actions.create_user(platform, choose_nickname(platform))
    response = make_response("", 303)
    response.headers["Location"] = make_local(request.form.get("onward", "/"))
    return clear_webview(request, hand_phone_to(response, user.openid))


@blueprint.get("/phone/media/<media_id>")
def show_media(media_id: str) -> Response:
    """A picture that was sent, temporary ones too."""
    media = find_platform().state.media.get(media_id)
    if media is None or not media.mime.startswith("image/"):
        return Response("404 Not Found", status=404, mimetype="text/plain")
    response = Response(base64.b64decode(media.content), mimetype=media.mime)
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
