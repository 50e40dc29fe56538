"""Security headers of every answer, and a request id that ties the log lines of one request."""

import re
import secrets

import structlog
from flask import Flask, Response, g, request

from kernel.metrics import REQUESTS
from web.wiring import wiring

_REQUEST_ID = re.compile(r"[\w-]{8,64}", re.ASCII)


def register_headers(app: Flask) -> None:
    """Give each request an id and a nonce, and each answer its headers."""
    app.before_request(_begin)
    app.after_request(_finish)
    app.jinja_env.globals["csp_nonce"] = csp_nonce


def csp_nonce() -> str:
    """The nonce of this answer, for `<script nonce>` and `<style nonce>`."""
    if "csp_nonce" not in g:
        g.csp_nonce = secrets.token_urlsafe(16)
    nonce: str = g.csp_nonce
    return nonce


def _begin() -> None:
    given = request.headers.get("X-Request-Id", "")
    g.request_id = given if _REQUEST_ID.fullmatch(given) else secrets.token_hex(8)
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request_id=g.request_id)


def _finish(response: Response) -> Response:
    headers = response.headers
    headers["X-Request-Id"] = g.get("request_id", "")
    if request.path == "/wechat":
        return response  # read by WeChat's servers, not by a browser, and counted by its kind
    REQUESTS.labels(request.endpoint or "none", str(response.status_code)).inc()
    headers.setdefault("X-Content-Type-Options", "nosniff")
    headers.setdefault("Referrer-Policy", "same-origin")
    headers.setdefault("Permissions-Policy", "geolocation=(), camera=(), microphone=()")
    headers.setdefault("Content-Security-Policy", _policy())
    if wiring().hall.base_url.startswith("https://"):
        headers.setdefault("Strict-Transport-Security", "max-age=31536000")
    if not request.path.startswith("/static/"):
        headers.setdefault("Cache-Control", "no-store")
    return response


def _policy() -> str:
    in_site = request.path.startswith("/site")
    ancestors = (wiring().hall.frame_ancestors if in_site else "") or "'none'"
    nonce = f" 'nonce-{g.csp_nonce}'" if "csp_nonce" in g else ""
    return (
        f"default-src 'none'; script-src 'self'{nonce}; style-src 'self'{nonce}; "
        "img-src 'self' data:; media-src 'self'; font-src 'self'; "
        "connect-src 'self'; form-action 'self'; "
        f"base-uri 'none'; object-src 'none'; frame-ancestors {ancestors}"
    )
