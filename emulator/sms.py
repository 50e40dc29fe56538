"""The SMS inbox: what a pretended operator delivered to phones. Not part of WeChat."""

from dataclasses import asdict
from typing import Any

from flask import (
    Blueprint,
    Response,
    current_app,
    jsonify,
    make_response,
    render_template,
    request,
)

from emulator.pages import protect
from emulator.platform import Platform
from emulator.state import KEPT_SMS, Json, Sms, append_kept

blueprint = Blueprint("sms", __name__)


@blueprint.post("/sms/send")
def send() -> tuple[Response, int]:
    """JSON `{"phone", "text"}` → `{"ok": true}`; 400 when one of them is missing."""
    platform: Platform = current_app.extensions["platform"]
    body: Any = request.get_json(silent=True)
    phone = str(body.get("phone", "")) if isinstance(body, dict) else ""
    text = str(body.get("text", "")) if isinstance(body, dict) else ""
    if not phone or not text:
        return jsonify(ok=False, error="phone and text are needed"), 400
    with platform.store.lock:
        row = Sms(platform.take_id(), phone, text, platform.clock.now())
        append_kept(platform.state.sms, row, KEPT_SMS)
        platform.store.touch()
    return jsonify(ok=True), 200


@blueprint.get("/sms")
def show() -> Response:
    """The inbox for people, newest first, renewed by itself."""
    return protect(make_response(render_template("sms.html")))


@blueprint.get("/sms/list")
def list_for_page() -> Response:
    """JSON for the page."""
    platform: Platform = current_app.extensions["platform"]
    return jsonify(messages=list_messages(platform, request.args.get("phone", "")))


def list_messages(platform: Platform, phone: str) -> list[Json]:
    """`[{"id", "phone", "text", "at"}]`, newest first; `phone` "" means all."""
    with platform.store.lock:
        return [
            asdict(row) | {"id": str(row.id)}
            for row in reversed(platform.state.sms)
            if phone in {"", row.phone}
        ]
