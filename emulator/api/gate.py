"""The gate in front of every API: the platform's checks in the platform's order.

method → token present → token valid → granted → banned → daily quota → minute quota → body →
the business itself. The order is the emulator's choice: the platform does not publish it.
"""

import json
import re
from typing import Any

from flask import Blueprint, Response, current_app, request

from emulator.api.calls import Call, Endpoint
from emulator.api.table import ENDPOINTS
from emulator.api.tokens import require_token
from emulator.errcodes import Refused
from emulator.identifiers import make_rid
from emulator.platform import Platform
from emulator.quotas import count_call
from emulator.sendings import record_sending
from emulator.state import Json

MIME = "application/json; encoding=utf-8"
ESCAPE = re.compile(rb"\\u[0-9a-fA-F]{4}")

blueprint = Blueprint("api", __name__)


@blueprint.route("/cgi-bin/<path:_rest>", methods=["GET", "POST"])
@blueprint.route("/sns/<path:_rest>", methods=["GET", "POST"])
@blueprint.route("/wxaapi/<path:_rest>", methods=["GET", "POST"])
def answer(_rest: str) -> Response:
    """Answer any API call: always HTTP 200, refusals with errcode and rid."""
    platform: Platform = current_app.extensions["platform"]
    endpoint = ENDPOINTS.get(request.path)
    # Read before the lock is taken: a slow sender must not stop everybody else.
    raw = request.get_data() if endpoint and endpoint.body != "file" else b""
    files = request.files if endpoint and endpoint.body == "file" else {}
    with platform.store.lock:
        try:
            if endpoint is None:
                raise Refused(40066)
            call = Call(
                platform=platform,
                path=request.path,
                args=request.args,
                body={},
                raw=raw,
                files=files,
                remote_addr=request.remote_addr or "",
            )
            result = pass_through(endpoint, call)
        except Refused as refusal:
            result = refusal.describe(make_rid(platform.clock.now()))
    return result if isinstance(result, Response) else dump(result)


def dump(result: Json) -> Response:
    """Raw UTF-8 JSON with the platform's odd content type."""
    content = json.dumps(result, ensure_ascii=False, separators=(",", ":"))
    response = Response(content)
    response.headers["Content-Type"] = MIME
    return response


def pass_through(endpoint: Endpoint, call: Call) -> Json | Response:
    """The checks one after another, then the business; refuses with `Refused`."""
    if request.method != endpoint.method:
        raise Refused(43001 if endpoint.method == "GET" else 43002)
    if endpoint.needs_token:
        require_token(call.platform, call.args.get("access_token", ""))
    require_grant(call)
    count_call(call.platform, call.path, endpoint.daily, endpoint.minute)
    body = read_body(endpoint, call)
    call = Call(**{**vars(call), "body": body})
    if not endpoint.channel:
        return endpoint.handler(call)
    return record_sending(call, endpoint)


def require_grant(call: Call) -> None:
    """Refuse with 48001 what was withdrawn and with 48004 everything of a banned account."""
    if call.path in call.platform.account.withdrawn:
        raise Refused(48001)
    if call.platform.account.banned:
        raise Refused(48004)


def read_body(endpoint: Endpoint, call: Call) -> Json:
    """The JSON object; refuses with 44002, 47001, and 40033 for escapes in menus."""
    if endpoint.body != "json":
        return {}
    if not call.raw.strip():
        raise Refused(44002)
    if call.path.startswith("/cgi-bin/menu/") and ESCAPE.search(call.raw):
        raise Refused(40033)
    try:
        body: Any = json.loads(call.raw.decode("utf-8"), strict=False)
    except ValueError as error:
        raise Refused(47001) from error
    if not isinstance(body, dict):
        raise Refused(47001)
    return body
