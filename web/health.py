"""Health: `/healthz` says that the process answers, `/readyz` that what it needs does too."""

import ipaddress

from flask import Blueprint, Response, abort, jsonify, request
from flask.typing import ResponseReturnValue

from kernel.metrics import exposition
from web.guards import public
from web.wiring import wiring

bp = Blueprint("health", __name__)


@bp.get("/healthz")
@public
def live() -> ResponseReturnValue:
    """The process answers."""
    return jsonify(status="ok")


@bp.get("/readyz")
@public
def ready() -> ResponseReturnValue:
    """Whether database, Redis, scheduler and a worker answer; only the database must."""
    checks = wiring().ready()
    return jsonify(checks), 200 if checks["database"] else 503


@bp.get("/metrics")
@public
def metrics() -> Response:
    """Figures for Prometheus, for addresses of the house only: others are told of no such page."""
    if not ipaddress.ip_address(request.remote_addr or "255.255.255.255").is_private:
        abort(404)
    return Response(exposition(), mimetype="text/plain")
