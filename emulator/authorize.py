"""The authorize page of web login, as open.weixin.qq.com serves it inside WeChat.

Who is asking is told by the cookie `emulator_user`, which the phone page sets.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from flask import (
    Blueprint,
    Response,
    current_app,
    make_response,
    redirect,
    render_template,
    request,
)
from werkzeug.wrappers import Response as BaseResponse

from emulator.identifiers import draw_letters
from emulator.pages import USER_COOKIE, protect
from emulator.platform import Platform
from emulator.state import OauthCode, User

SCOPES = {"snsapi_base", "snsapi_userinfo"}
# control/open looks for it, so that a test passes the page as a person would.
CONSENT_HEADER = "X-Emulator-Consent"

blueprint = Blueprint("authorize", __name__)


@dataclass(frozen=True)
class Asked:
    """What the authorize link asks for."""

    redirect_uri: str
    scope: str
    state: str


@blueprint.get("/connect/oauth2/authorize")
def authorize() -> BaseResponse:
    """302 with a code for snsapi_base; a consent page for snsapi_userinfo.

    A wrong redirect_uri host is page error 10003; without a phone user one is chosen first.
    """
    platform: Platform = current_app.extensions["platform"]
    problem = find_problem(platform, request.args)
    if problem:
        return show_problem(problem)
    asked = read_asked(request.args)
    user = find_holder(platform)
    if user is None:
        return show_chooser(platform)
    if asked.scope == "snsapi_base":
        return grant(platform, user, asked)
    return show_consent(platform, user, asked)


@blueprint.post("/connect/oauth2/authorize")
def decide() -> BaseResponse:
    """The consent page's answer: 允许 gives a code, 拒绝 only the state."""
    platform: Platform = current_app.extensions["platform"]
    problem = find_problem(platform, request.args)
    user = find_holder(platform)
    if problem or user is None:
        return show_problem(problem or "请先选择一位手机用户")
    asked = read_asked(request.args)
    if request.form.get("decision") == "allow":
        return grant(platform, user, asked)
    return redirect(extend(asked.redirect_uri, {"state": asked.state}))


def find_problem(platform: Platform, args: Mapping[str, str]) -> str:
    """The platform's own words and number, "" when all is well."""
    if args.get("appid") != platform.account.app_id:
        return "AppID 参数错误 10013"
    parts = urlsplit(args.get("redirect_uri", ""))
    if parts.scheme not in {"http", "https"} or parts.hostname not in (
        platform.account.oauth_domains
    ):
        return "redirect_uri 参数错误 10003"
    if args.get("response_type") != "code":
        return "response_type 参数错误 10002"
    if args.get("scope") not in SCOPES:
        return "Scope 参数错误或没有 Scope 权限 10005"
    return ""


def read_asked(args: Mapping[str, str]) -> Asked:
    """The checked arguments."""
    return Asked(args["redirect_uri"], args["scope"], args.get("state", ""))


def find_holder(platform: Platform) -> User | None:
    """Whose phone this is."""
    return platform.state.users.get(request.cookies.get(USER_COOKIE, ""))


def grant(platform: Platform, user: User, asked: Asked) -> BaseResponse:
    """Back to the page with `code` and `state`."""
    code = draw_letters(32)
    with platform.store.lock:
        codes = platform.state.oauth_codes
        now = platform.clock.now()
        for old in [text for text, each in codes.items() if each.issued_at < now - 86400]:
            del codes[old]
        codes[code] = OauthCode(user.openid, asked.scope, now)
        platform.store.touch()
    return redirect(extend(asked.redirect_uri, {"code": code, "state": asked.state}))


def extend(url: str, more: dict[str, str]) -> str:
    """The address with more query fields."""
    parts = urlsplit(url)
    query = [*parse_qsl(parts.query, keep_blank_values=True), *more.items()]
    return urlunsplit(parts._replace(query=urlencode(query)))


def show_consent(platform: Platform, user: User, asked: Asked) -> Response:
    """允许 or 拒绝. The form may lead on to the page's own origin, so the policy names it."""
    page = render_template(
        "consent.html", account=platform.account, user=user, action=request.full_path
    )
    response = make_response(page)
    response.headers[CONSENT_HEADER] = request.full_path
    parts = urlsplit(asked.redirect_uri)
    return protect(response, form_targets=f"{parts.scheme}://{parts.netloc}")


def show_chooser(platform: Platform) -> Response:
    """No phone yet: choose whose it is, then the link goes on."""
    users = list(platform.state.users.values())
    page = render_template("chooser.html", users=users, onward=request.full_path)
    return protect(make_response(page))


def show_problem(text: str) -> Response:
    """The grey page of WeChat's errors."""
    return protect(make_response(render_template("problem.html", text=text)))
