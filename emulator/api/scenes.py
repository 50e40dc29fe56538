"""Scene QR codes."""

import io

import segno
from flask import Blueprint, Response, current_app, request

from emulator.api.calls import Call, Endpoint
from emulator.errcodes import Refused
from emulator.identifiers import draw_letters, make_ticket
from emulator.platform import Platform
from emulator.state import Json, SceneCode

TEMPORARY = {"QR_SCENE", "QR_STR_SCENE"}
PERMANENT = {"QR_LIMIT_SCENE", "QR_LIMIT_STR_SCENE"}
MOST_SECONDS = 2_592_000
DEFAULT_SECONDS = 60
MOST_PERMANENT = 100_000
OUT_OF_RANGE = 4_294_967_295  # what an id out of range silently becomes

blueprint = Blueprint("scenes", __name__)


def create_code(call: Call) -> Json:
    """POST /cgi-bin/qrcode/create; refuses with 40053 (action), 40035 (seconds)."""
    action = call.text("action_name")
    if action not in TEMPORARY | PERMANENT:
        raise Refused(40053)
    scene = read_scene(call, action)
    seconds = read_seconds(call) if action in TEMPORARY else 0
    if not seconds and count_permanent(call) >= MOST_PERMANENT:
        raise Refused(40053)
    code = SceneCode(
        ticket=make_ticket(),
        scene=scene,
        url=f"http://weixin.qq.com/q/{draw_letters(22)}",
        expires_at=call.now + seconds if seconds else 0.0,
    )
    call.state.scenes[code.ticket] = code
    call.platform.store.touch()
    expiry = {"expire_seconds": seconds} if seconds else {}
    return {"ticket": code.ticket, **expiry, "url": code.url}


def read_scene(call: Call, action: str) -> str:
    """The scene as text: 1 to 64 characters, or a number in its range."""
    holder = call.table("action_info").get("scene")
    scene = holder if isinstance(holder, dict) else {}
    if "STR" in action:
        text = scene.get("scene_str")
        if not isinstance(text, str) or not 1 <= len(text) <= 64:
            raise Refused(40053)
        return text
    number = scene.get("scene_id")
    if not isinstance(number, int) or isinstance(number, bool):
        raise Refused(40053)
    most = MOST_PERMANENT if action in PERMANENT else OUT_OF_RANGE
    return str(number if 1 <= number <= most else OUT_OF_RANGE)


def read_seconds(call: Call) -> int:
    """60 seconds unless told, at most 30 days."""
    seconds = call.body.get("expire_seconds", DEFAULT_SECONDS)
    if not isinstance(seconds, int) or not 1 <= seconds <= MOST_SECONDS:
        raise Refused(40035)
    return seconds


def count_permanent(call: Call) -> int:
    """How many codes never expire."""
    return sum(code.expires_at == 0 for code in call.state.scenes.values())


@blueprint.get("/cgi-bin/showqrcode")
def show_code() -> Response:
    """The picture (PNG; the real one is JPEG) without a login; 404 for a dead ticket."""
    platform: Platform = current_app.extensions["platform"]
    with platform.store.lock:
        code = platform.state.scenes.get(request.args.get("ticket", ""))
        now = platform.clock.now()
    if code is None or (code.expires_at and code.expires_at <= now):
        return Response("404 Not Found", status=404, mimetype="text/plain")
    image = io.BytesIO()
    segno.make(code.url, error="m").save(image, kind="png", scale=8)
    return Response(image.getvalue(), mimetype="image/png")


ENDPOINTS = {"/cgi-bin/qrcode/create": Endpoint(create_code)}
