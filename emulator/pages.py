"""What all pages of the emulator share: the cookie of the phone and the security headers."""

from urllib.parse import urlsplit

from flask import Request, Response

USER_COOKIE = "emulator_user"


def protect(response: Response, form_targets: str = "") -> Response:
    """Only our own scripts and styles run; pictures and framed pages may come from anywhere."""
    response.headers["Content-Security-Policy"] = (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        "img-src * data:; frame-src *; base-uri 'none'; frame-ancestors 'self'; "
        f"form-action 'self' {form_targets}".rstrip()
    )
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Cache-Control"] = "no-store"
    return response


def hand_phone_to(response: Response, openid: str) -> Response:
    """Say whose phone this browser is."""
    response.set_cookie(USER_COOKIE, openid, samesite="Lax", path="/", max_age=365 * 86400)
    return response


def clear_webview(request: Request, response: Response) -> Response:
    """Expire every other cookie of path "/" that the browser sent.

    Cookies do not tell ports apart, so on one host these are the mini-site's: its session
    must not survive, since on a real phone a change of account clears the web view.
    """
    for name in request.cookies:
        if name != USER_COOKIE:
            response.delete_cookie(name, path="/")
    return response


def make_local(target: str) -> str:
    """The target if it is a path of this server, else "/": no way out to another site."""
    parts = urlsplit(target)
    is_path = not parts.scheme and not parts.netloc and target.startswith("/")
    return target if is_path and not target.startswith(("//", "/\\")) else "/"
