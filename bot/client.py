"""wechatpy's client on our own transport: its endpoints, without its token handling and retries.

As it comes, it repeats a refused token without limit (490 fetches in 0.4 s, then RecursionError),
fetches tokens without a timeout, and takes an HTML page for success.
"""

from typing import Any

from wechatpy import WeChatClient

from bot.reactions import Reaction, reaction_to
from bot.tokens import Tokens
from bot.transport import GatewayError, Transport


class Client(WeChatClient):  # type: ignore[misc]
    """The API of one account; every call goes through `_request` below."""

    def __init__(self, app_id: str, tokens: Tokens, transport: Transport) -> None:
        super().__init__(app_id, "", auto_retry=False)
        self._tokens = tokens
        self._transport = transport

    def _request(self, method: str, url_or_endpoint: str, **kwargs: Any) -> Any:
        """One call, and after a refused token one more. Raises GatewayError, TokenRefused,
        Unreachable, OutcomeUnknown."""
        process = kwargs.pop("result_processor", None)
        path = f"/cgi-bin/{url_or_endpoint.removeprefix('/cgi-bin/')}"
        token = self._tokens.current()
        try:
            answer = self._send(method, path, token, kwargs)
        except GatewayError as error:
            if reaction_to(error.code) is not Reaction.REFRESH:
                raise
            # Refused before anything was done, so the one repeat cannot double an effect.
            answer = self._send(method, path, self._tokens.renew(token), kwargs)
        return process(answer) if process else answer

    def _send(self, method: str, path: str, token: str, sent: dict[str, Any]) -> dict[str, Any]:
        params = {**(sent.get("params") or {}), "access_token": token}
        if method == "get":
            return self._transport.get(path, params)
        if sent.get("files"):
            return self._transport.upload(path, params, sent["files"])
        return self._transport.post(path, params, sent.get("data") or {})
