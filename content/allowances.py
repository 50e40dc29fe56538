"""How many customer messages a follower may still be sent, and until when, as WeChat counts.

developers.weixin.qq.com/doc/service/guide/product/message/Service_Center_messages: five within 48
hours of a message; three within a minute of a click, a scan or a follow. Quotas do not add up.
Where the platform's way of joining two windows is not documented, the smaller number counts here:
a reply is never promised that WeChat then refuses.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from kernel.refusals import Refused

LONGEST = timedelta(hours=48)
_MESSAGE, _ACTION = (5, LONGEST), (3, timedelta(minutes=1))
_MESSAGES = {
    "text", "image", "voice", "video", "shortvideo", "location", "link", "miniprogrampage",
}  # fmt: skip
_ACTIONS = {
    "event.click", "event.scan", "event.subscribe", "event.scancode_push",
    "event.scancode_waitmsg", "text.tapped",
}  # fmt: skip


class WindowClosed(Refused):
    """The follower did nothing within the time in which he may be written to."""

    code = "window_closed"


class NoMessagesLeft(Refused):
    """As many messages were sent as WeChat allows until the follower writes again."""

    code = "no_messages_left"


@dataclass(frozen=True)
class Action:
    """Something a follower did: `kind` as in the inbox, `text.tapped` for a tapped menu line."""

    kind: str
    at: datetime


@dataclass(frozen=True)
class Allowance:
    """`left` messages may be sent until `until`; `until` is None when no window is open."""

    left: int
    until: datetime | None

    def require(self) -> None:
        """Raises WindowClosed, NoMessagesLeft."""
        if self.until is None:
            raise WindowClosed
        if self.left <= 0:
            raise NoMessagesLeft(until=self.until)


def allowance(actions: Sequence[Action], sent: Sequence[datetime], at: datetime) -> Allowance:
    """What is left at an instant, from what a follower did and what he was sent."""
    left, until = 0, None
    for action in actions:
        quota, span = _window(action.kind)
        ends_at = action.at + span
        if quota == 0 or not action.at <= at < ends_at:
            continue
        used = sum(action.at <= one for one in sent)
        if quota - used > left or until is None or (quota - used == left and ends_at > until):
            left, until = max(left, quota - used), ends_at
    return Allowance(left, until)


def _window(kind: str) -> tuple[int, timedelta]:
    if kind in _MESSAGES:
        return _MESSAGE
    return _ACTION if kind in _ACTIONS else (0, timedelta())
