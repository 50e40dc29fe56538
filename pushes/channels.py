"""Channels: how a push leaves the house."""

from collections.abc import Sequence
from typing import Protocol

from kernel.outcomes import Outcome


class MassSender(Protocol):
    """Sends one text to many followers in one call.

    `client_msg_id` names the call for a day: WeChat refuses a second one with the same name.
    """

    def send_to_many(self, openids: Sequence[str], text: str, client_msg_id: str) -> Outcome: ...
