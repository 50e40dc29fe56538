"""The gateway: the calls to WeChat that the hall makes, in the hall's own words."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bot import verdicts
from bot.client import Client
from bot.tokens import TokenRefused
from bot.transport import GatewayError, OutcomeUnknown, Unreachable
from kernel.outcomes import Outcome


@dataclass(frozen=True)
class Quota:
    """Calls of one API today: how many may be made, were made, are left."""

    limit: int
    used: int
    left: int


class Gateway:
    """What the hall asks of WeChat."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def publish_menu(self, body: dict[str, Any]) -> None:
        """Replace the menu. Raises GatewayError, TokenRefused, Unreachable, OutcomeUnknown."""
        self._client.menu.create(body)

    def menu(self) -> dict[str, Any] | None:
        """The menu that WeChat shows; None when there is none. Raises as `publish_menu`."""
        try:
            answer: dict[str, Any] = self._client.get("menu/get")
        except GatewayError as error:
            if error.code == 46003:
                return None
            raise
        return answer

    def send_to_many(
        self, openids: Sequence[str], body: dict[str, Any], client_msg_id: str
    ) -> Outcome:
        """Mass-send a message to 2 to 10,000 openids (POST /cgi-bin/message/mass/send)."""
        whole = {"touser": list(openids), **body, "clientmsgid": client_msg_id}
        return self._outcome("message/mass/send", whole)

    def send_to_tag(self, tag_id: int, body: dict[str, Any], client_msg_id: str) -> Outcome:
        """Mass-send to all with one of WeChat's tags (POST /cgi-bin/message/mass/sendall)."""
        filtered = {"filter": {"is_to_all": False, "tag_id": tag_id}}
        return self._outcome(
            "message/mass/sendall", {**filtered, **body, "clientmsgid": client_msg_id}
        )

    def preview(self, openid: str, body: dict[str, Any]) -> Outcome:
        """Show one follower a mass message (POST /cgi-bin/message/mass/preview, 100 a day)."""
        return self._outcome("message/mass/preview", {"touser": openid, **body})

    def send_one(self, path: str, openid: str, body: dict[str, Any]) -> Outcome:
        """Send one message by a path below /cgi-bin/, such as `message/template/send`."""
        return self._outcome(path, {"touser": openid, **body})

    def send_custom(self, openid: str, body: dict[str, Any]) -> Outcome:
        """Send a customer message (POST /cgi-bin/message/custom/send); see `to_custom`."""
        return self._outcome("message/custom/send", {"touser": openid, **body})

    def quota(self, path: str) -> Quota:
        """How often an API may still be called today (POST /cgi-bin/openapi/quota/get).

        Raises as `publish_menu`.
        """
        answer = self._client.post("openapi/quota/get", data={"cgi_path": path})
        said = answer.get("quota")
        numbers = said if isinstance(said, dict) else {}
        limit, used, left = (numbers.get(name) for name in ("daily_limit", "used", "remain"))
        if not (isinstance(limit, int) and isinstance(used, int) and isinstance(left, int)):
            raise OutcomeUnknown("no quota in the answer")
        return Quota(limit, used, left)

    def _outcome(self, path: str, body: dict[str, Any]) -> Outcome:
        try:
            answer = self._client.post(path, data=body)
        except GatewayError as error:
            return verdicts.refused(error.code, error.body)
        except (TokenRefused, Unreachable) as error:
            return Outcome("again", type(error).__name__)
        except OutcomeUnknown as error:
            return Outcome("unknown", str(error)[:80])
        return verdicts.taken(answer)
