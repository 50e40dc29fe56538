"""The WeChat callback: `GET /wechat` proves the address, `POST /wechat` brings messages.

Bad signatures are 403, malformed bodies 400, both empty and without effect. What WeChat sent is
answered 200, except an event whose handling failed: its 500 makes WeChat deliver it again.
"""

import secrets

import structlog
from flask import Blueprint, Response, request

from bot import replies
from bot.inbound import Forged
from bot.xml import MAX_BYTES, Malformed
from kernel.metrics import CALLBACKS
from web.guards import public
from web.wiring import now, wiring

log = structlog.get_logger(__name__)
bp = Blueprint("callback", __name__)


@bp.get("/wechat")
@public
def prove_address() -> Response:
    """Echo WeChat's random text once its signature is checked."""
    try:
        echo = wiring().gate.echo(request.args, now())
    except Forged as error:
        return _refuse(403, str(error))
    return Response(echo, mimetype="text/plain")


@bp.post("/wechat")
@public
def take_message() -> Response:
    """Check, dispatch and answer one message."""
    gate, instant = wiring().gate, now()
    # Read as it came: a form content type would empty `request.data`.
    body = request.stream.read(MAX_BYTES + 1)
    try:
        inbound = gate.open(_single(), body, instant)
    except Forged as error:
        return _refuse(403, str(error))
    except Malformed as error:
        return _refuse(400, str(error))
    reply = wiring().dispatch(inbound, instant)
    timestamp, nonce = str(int(instant.timestamp())), secrets.token_hex(8)
    xml = replies.answer(gate, reply, inbound, timestamp, nonce)
    return Response(xml or "success", mimetype="text/xml" if xml else "text/plain")


def _single() -> dict[str, str]:
    """The query; a parameter that comes twice counts as missing."""
    return {name: values[0] for name, values in request.args.lists() if len(values) == 1}


def _refuse(status: int, reason: str) -> Response:
    log.warning("callback_refused", status=status, reason=reason)
    CALLBACKS.labels("refused", str(status)).inc()
    return Response(status=status)
