"""Two signed cookies from one app: console and mini-site are out of each other's reach."""

from flask import Flask, Request, request
from flask.sessions import NullSession, SecureCookieSession, SecureCookieSessionInterface

SITE_COOKIE = "weiting"
CONSOLE_COOKIE = "weiting_console"


class PartedCookies(SecureCookieSessionInterface):
    """The session cookie of the part of the house that the request goes to; none for WeChat."""

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        if request.path == "/wechat":
            return NullSession()
        return super().open_session(app, request)

    def get_cookie_name(self, app: Flask) -> str:
        del app
        return CONSOLE_COOKIE if _in_console() else SITE_COOKIE

    def get_cookie_path(self, app: Flask) -> str:
        del app
        return "/console" if _in_console() else "/"

    def get_cookie_samesite(self, app: Flask) -> str:
        del app
        # The way back from WeChat's page is a cross-site GET, which Strict would forget.
        return "Strict" if _in_console() else "Lax"


def _in_console() -> bool:
    return request.path.startswith("/console")
