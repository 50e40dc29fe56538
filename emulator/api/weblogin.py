"""Web login: from the code of the authorize page to openid, nickname and portrait."""

from collections.abc import Mapping

from emulator.api.calls import OK, Call, Endpoint, Handler
from emulator.errcodes import Refused
from emulator.identifiers import disguise_openid, make_token
from emulator.state import Json, OauthCode, SnsToken, User

CODE_SECONDS = 300
ACCESS_SECONDS = 7200
REFRESH_SECONDS = 30 * 86400
MINUTE_LIMIT = 50_000


def exchange_code(call: Call) -> Json:
    """GET /sns/oauth2/access_token; the code works once and 300 s.

    Refuses with 41002, 40013, 41004, 40125, 40002, 41008, 40029, 40163, 42003.
    """
    require_app(call, call.args)
    if call.args.get("secret") != call.platform.account.app_secret:
        raise Refused(40125 if call.args.get("secret") else 41004)
    if call.args.get("grant_type") != "authorization_code":
        raise Refused(40002)
    code = use_code(call, call.args.get("code", ""))
    user = call.state.users.get(code.openid)
    in_snapshot = user is not None and user.in_snapshot
    openid = disguise_openid(code.openid) if in_snapshot else code.openid
    answer = issue(call, openid, code.scope)
    if in_snapshot:
        answer["is_snapshotuser"] = 1
    elif user and user.unionid:
        answer["unionid"] = user.unionid
    return answer


def require_app(call: Call, given: Mapping[str, str]) -> None:
    """The caller must name our app."""
    if not given.get("appid"):
        raise Refused(41002)
    if given["appid"] != call.platform.account.app_id:
        raise Refused(40013)


def use_code(call: Call, text: str) -> OauthCode:
    """The code, marked as used."""
    if not text:
        raise Refused(41008)
    code = call.state.oauth_codes.get(text)
    if code is None:
        raise Refused(40029)
    if code.used:
        raise Refused(40163)
    if call.now - code.issued_at > CODE_SECONDS:
        raise Refused(42003)
    code.used = True
    call.platform.store.touch()
    return code


def issue(call: Call, openid: str, scope: str) -> Json:
    """An access token of two hours and a refresh token of thirty days."""
    access, refresh = make_token(), make_token()
    tokens = call.state.sns_tokens
    for old in [text for text, token in tokens.items() if token.expires_at < call.now - 86400]:
        del tokens[old]
    tokens[access] = SnsToken("access", openid, scope, call.now + ACCESS_SECONDS)
    tokens[refresh] = SnsToken("refresh", openid, scope, call.now + REFRESH_SECONDS)
    call.platform.store.touch()
    return {
        "access_token": access,
        "expires_in": ACCESS_SECONDS,
        "refresh_token": refresh,
        "openid": openid,
        "scope": scope,
    }


def refresh_token(call: Call) -> Json:
    """GET /sns/oauth2/refresh_token: a new access token; 40030, 42002, 41003."""
    require_app(call, call.args)
    text = call.args.get("refresh_token", "")
    if not text:
        raise Refused(41003)
    token = call.state.sns_tokens.get(text)
    if token is None or token.use != "refresh":
        raise Refused(40030)
    if token.expires_at <= call.now:
        raise Refused(42002)
    access = make_token()
    expires_at = call.now + ACCESS_SECONDS
    call.state.sns_tokens[access] = SnsToken("access", token.openid, token.scope, expires_at)
    call.platform.store.touch()
    return {
        "access_token": access,
        "expires_in": ACCESS_SECONDS,
        "refresh_token": text,
        "openid": token.openid,
        "scope": token.scope,
    }


def find_access(call: Call) -> SnsToken:
    """The access token of the query; refuses with 41001, 40001, 42001, 40003."""
    text = call.args.get("access_token", "")
    if not text:
        raise Refused(41001)
    token = call.state.sns_tokens.get(text)
    if token is None or token.use != "access":
        raise Refused(40001)
    if token.expires_at <= call.now:
        raise Refused(42001)
    if call.args.get("openid") != token.openid:
        raise Refused(40003)
    return token


def get_userinfo(call: Call) -> Json:
    """GET /sns/userinfo: nickname and portrait, without gender and region; 48001 for base."""
    token = find_access(call)
    if "snsapi_userinfo" not in token.scope.split(","):
        raise Refused(48001)
    user = call.state.users.get(token.openid)
    return {
        "openid": token.openid,
        "nickname": user.nickname if user else "微信用户",
        "sex": 0,
        "language": "",
        "city": "",
        "province": "",
        "country": "",
        "headimgurl": "",
        "privilege": [],
        **describe_union(user),
    }


def describe_union(user: User | None) -> Json:
    """unionid only where the account is bound to an open platform."""
    return {"unionid": user.unionid} if user and user.unionid else {}


def check_access(call: Call) -> Json:
    """GET /sns/auth: whether the access token still works."""
    find_access(call)
    return OK


def open_endpoint(handler: Handler) -> Endpoint:
    """Web-login calls carry their own tokens and count by the minute only."""
    return Endpoint(
        handler, "GET", daily=10**9, minute=MINUTE_LIMIT, body="none", needs_token=False
    )


ENDPOINTS = {
    "/sns/oauth2/access_token": open_endpoint(exchange_code),
    "/sns/oauth2/refresh_token": open_endpoint(refresh_token),
    "/sns/userinfo": open_endpoint(get_userinfo),
    "/sns/auth": open_endpoint(check_access),
}
