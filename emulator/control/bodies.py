"""Reads what a control call was given; refuses in words with HTTP 400."""

from collections.abc import Mapping
from typing import Any, TypeVar

from flask import Response, current_app, jsonify, request

from emulator.actions import NotPossible
from emulator.chats import describe_item
from emulator.deliveries import Outcome
from emulator.platform import Platform
from emulator.state import Json

Value = TypeVar("Value")


def find_platform() -> Platform:
    """The platform of this app."""
    platform: Platform = current_app.extensions["platform"]
    return platform


def read_body() -> Json:
    """The JSON object of the request, {} when there is no body."""
    if not request.get_data():
        return {}
    body: Any = request.get_json(silent=True)
    if not isinstance(body, dict):
        raise NotPossible("the body must be a JSON object with Content-Type application/json")
    return body


def take(
    body: Mapping[str, Any], name: str, kind: type[Value], default: Value | None = None
) -> Value:
    """A field of the right type; raises `NotPossible` when it is missing or of another."""
    value = body.get(name, default)
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise NotPossible(f"{name!r} must be given as {kind.__name__}")
    return value


def take_openid(body: Mapping[str, Any]) -> str:
    """The field every action has."""
    return take(body, "openid", str)


def describe_outcome(outcome: Outcome) -> Json:
    """`{"seen", "status", "tries", "latency_ms", "note"}`."""
    return {
        "seen": [describe_item(item) for item in outcome.seen],
        "status": outcome.status,
        "tries": len(outcome.tries),
        "latency_ms": outcome.latency_ms,
        "note": outcome.note,
    }


def refuse(error: NotPossible) -> tuple[Response, int]:
    """`{"error": "…"}` with HTTP 400."""
    return jsonify(error=str(error)), 400
