"""The gateway: the calls to WeChat that the hall makes, in the hall's own words."""

import re
from collections.abc import Sequence
from typing import Any

from bot.client import Client
from bot.reactions import Reaction, reaction_to
from bot.tokens import TokenRefused
from bot.transport import GatewayError, OutcomeUnknown, Unreachable
from kernel.outcomes import Outcome

_MESSAGE_ID = re.compile(r"\d{1,18}", re.ASCII)


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

    def send_to_many(self, openids: Sequence[str], text: str, client_msg_id: str) -> Outcome:
        """Mass-send a text to 2 to 10,000 openids (POST /cgi-bin/message/mass/send)."""
        body = {
            "touser": list(openids),
            "msgtype": "text",
            "text": {"content": text},
            "clientmsgid": client_msg_id,
        }
        return self._outcome("message/mass/send", body)

    def _outcome(self, path: str, body: dict[str, Any]) -> Outcome:
        try:
            answer = self._client.post(path, data=body)
        except GatewayError as error:
            return _refusal(error)
        except (TokenRefused, Unreachable) as error:
            return Outcome("again", type(error).__name__)
        except OutcomeUnknown as error:
            return Outcome("unknown", str(error)[:80])
        return Outcome("sent", message_id=_message_id(answer))


def _refusal(error: GatewayError) -> Outcome:
    reaction, reason = reaction_to(error.code), str(error.code)
    if reaction is Reaction.DONE:
        return Outcome("sent", reason, _message_id(error.body))
    if reaction is Reaction.RETRY:
        return Outcome("again", reason)
    if reaction in {Reaction.DROP, Reaction.FIX}:
        return Outcome("refused", reason)
    return Outcome("stop", reason)


def _message_id(answer: dict[str, Any]) -> int | None:
    value = f"{answer.get('msg_id', answer.get('msgid'))}"
    # A number that no column can hold must not undo the record of a send.
    return int(value) if _MESSAGE_ID.fullmatch(value) else None
