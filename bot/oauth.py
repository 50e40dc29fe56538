"""Web authorization: who is looking at the mini-site, according to WeChat.

Facts: developers.weixin.qq.com/doc/service/api/webdev/access/api_snsaccesstoken.
A code is good once, for five minutes; a snapshot visitor's openid is virtual and nobody's.
"""

from dataclasses import dataclass
from urllib.parse import quote

from bot.transport import GatewayError, OutcomeUnknown, Transport, Unreachable


@dataclass(frozen=True)
class Visitor:
    """Who WeChat says is looking; a snapshot visitor's openid is virtual, so nothing is his."""

    openid: str
    is_snapshot: bool


class SignInFailed(Exception):
    """WeChat did not confirm the visitor: the code was used, old or made up, or WeChat is away."""


class OAuth:
    """The silent authorization (snsapi_base) of one account. Keeps nothing between visitors."""

    def __init__(self, app_id: str, secret: str, open_base: str, api: Transport) -> None:
        self._app_id = app_id
        self._secret = secret
        self._open_base = open_base
        self._api = api

    def authorize_url(self, redirect_uri: str, state: str) -> str:
        """Where to send the browser; WeChat wants the parameters in this order."""
        return (
            f"{self._open_base}/connect/oauth2/authorize?appid={self._app_id}"
            f"&redirect_uri={quote(redirect_uri, safe='')}&response_type=code"
            f"&scope=snsapi_base&state={quote(state, safe='')}#wechat_redirect"
        )

    def visitor(self, code: str) -> Visitor:
        """Who holds this one-time code. Raises SignInFailed."""
        params = {
            "appid": self._app_id,
            "secret": self._secret,
            "code": code,
            "grant_type": "authorization_code",
        }
        try:
            answer = self._api.get("/sns/oauth2/access_token", params)
        except (GatewayError, Unreachable, OutcomeUnknown) as error:
            raise SignInFailed(type(error).__name__) from None
        openid = answer.get("openid")
        if not isinstance(openid, str) or not openid:
            raise SignInFailed("no openid")
        return Visitor(openid, str(answer.get("is_snapshotuser", 0)) == "1")
