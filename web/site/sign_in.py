"""Signing in: WeChat says who holds the phone; nothing that the client sends is believed.

Rules: developers.weixin.qq.com/doc/service/api/webdev/access/api_snsaccesstoken (a code is good
once, for five minutes). The state is bound to the browser, single use, ten minutes.
"""

import secrets
from typing import Any

from flask import Blueprint, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from web.guards import public
from web.site.paths import clean_next
from web.wiring import SignInFailed, now, wiring

bp = Blueprint("sign_in", __name__)

STATE_SECONDS = 600
# Two or three pages may be opened at once; more are somebody playing.
_STATES_KEPT = 3


@bp.get("/sign-in")
@public
def start() -> ResponseReturnValue:
    """Send the visitor to WeChat, with a state that only this browser knows."""
    wanted = clean_next(request.args.get("next"))
    if isinstance(session.get("openid"), str):
        return redirect(wanted)
    state = secrets.token_hex(16)  # WeChat takes letters and digits only
    again = request.args.get("again") == "1"
    begun = {"next": wanted, "at": int(now().timestamp()), "again": again}
    kept = list(_begun().items())[1 - _STATES_KEPT :]
    session["sign_in"] = dict([*kept, (state, begun)])
    callback = f"{wiring().hall.base_url}{url_for('site.sign_in.finish')}"
    return redirect(wiring().sign_in.authorize_url(callback, state))


@bp.get("/oauth/callback")
@public
def finish() -> ResponseReturnValue:
    """WeChat brings the visitor back with a one-time code."""
    state, code = request.args.get("state", ""), request.args.get("code", "")
    begun = _begun().get(state)
    if begun is None or int(now().timestamp()) - begun["at"] >= STATE_SECONDS:
        return _stale(state)
    if not code:
        return _failed("site_sign_in_failed")
    try:
        visitor = wiring().sign_in.visitor(code)
    except SignInFailed:
        return _once_more(begun)
    if visitor.is_snapshot:
        return render_template("site/sign_in/snapshot.html"), 403
    session.clear()  # what a stranger may have planted before is gone
    session["openid"] = visitor.openid
    session["came_by"] = {"state": state, "next": begun["next"]}
    session.permanent = True
    return redirect(begun["next"])


def _begun() -> dict[str, dict[str, Any]]:
    return session.get("sign_in") or {}


def _stale(state: str) -> ResponseReturnValue:
    """Reload, back, or WeChat's second call: harmless to somebody who is in already."""
    came_by = session.get("came_by") or {}
    if isinstance(session.get("openid"), str) and state and came_by.get("state") == state:
        return redirect(clean_next(came_by.get("next")))
    return _failed("site_sign_in_expired")


def _once_more(begun: dict[str, Any]) -> ResponseReturnValue:
    # The session is left alone: of two calls with one code, the loser's cookie must not take
    # away the winner's. The second failure in a row ends here, so there is no loop.
    if begun["again"]:
        return _failed("site_sign_in_failed")
    return redirect(url_for("site.sign_in.start", next=begun["next"], again=1))


def _failed(phrase: str) -> ResponseReturnValue:
    message = wiring().texts.say(phrase)
    return render_template("site/sign_in/failed.html", message=message), 400
