"""What WeChat's answer to a send means for whoever sent it."""

import re
from collections.abc import Mapping
from typing import Any

from bot.reactions import Reaction, reaction_to
from kernel.outcomes import Outcome

_MESSAGE_ID = re.compile(r"\d{1,19}", re.ASCII)
_LARGEST_ID = 2**63 - 1


def taken(answer: Mapping[str, Any]) -> Outcome:
    """WeChat took the message."""
    return Outcome("sent", message_id=message_id(answer))


def refused(code: int, answer: Mapping[str, Any]) -> Outcome:
    """WeChat answered with an error code other than 0."""
    reaction, reason = reaction_to(code), str(code)
    if reaction is Reaction.DONE:
        return Outcome("sent", reason, message_id(answer))
    if reaction in {Reaction.RETRY, Reaction.REFRESH}:
        return Outcome("again", reason)
    if reaction in {Reaction.DROP, Reaction.FIX}:
        return Outcome("refused", reason)
    return Outcome("stop", reason)


def message_id(answer: Mapping[str, Any]) -> int | None:
    """The number of the message; a number that no column can hold does not undo the send."""
    value = answer.get("msg_id", answer.get("msgid"))
    if type(value) is not int:
        value = int(f"{value}") if _MESSAGE_ID.fullmatch(f"{value}") else -1
    return value if 0 <= value <= _LARGEST_ID else None
