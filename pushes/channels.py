"""Channels: the ways a push leaves the house, and what stands behind each."""

from collections.abc import Iterable, Sequence
from typing import Any, Literal, NamedTuple, Protocol

from kernel.outcomes import Outcome

Name = Literal["mass", "notice", "template", "customer", "sms"]

NAMES: dict[str, str] = {
    "mass": "群发",
    "notice": "订阅通知",
    "template": "模板消息",
    "customer": "客服消息",
    "sms": "短信",
}
# What a marketer must know of each before choosing it.
HINTS = {
    "mass": "每位粉丝每月最多收到 4 条，发出后不能撤回",
    "notice": "只发给点过“允许订阅”的人，每次允许用掉一次",
    "template": "只用于服务通知，不得用于营销",
    "customer": "只发给 48 小时内发过消息的粉丝",
    "sms": "只发给同意接收营销信息的会员，按条计费",
}
# WeChat: each follower gets at most four mass messages in a calendar month
# (developers.weixin.qq.com/doc/service/api/notify/message/api_sendall).
MASS_A_MONTH = 4
# One call of a mass send takes 2 to 10,000 openids.
MASS_LEAST, MASS_MOST = 2, 10_000


class Call(NamedTuple):
    """One message to one person, ready to leave: which delivery it is of, and its body.

    `to` is an openid; for SMS a sealed phone, and `body` is {"text", "template", "params"}.
    """

    delivery_id: int
    channel: str
    to: str
    body: dict[str, Any]
    attempt: int = 1


class MassSender(Protocol):
    """Sends one message to many followers in one call.

    `client_msg_id` names the call for a day: WeChat refuses a second one with the same name.
    """

    def send_to_many(
        self, openids: Sequence[str], body: dict[str, Any], client_msg_id: str
    ) -> Outcome: ...

    def send_to_tag(self, tag_id: int, body: dict[str, Any], client_msg_id: str) -> Outcome: ...


class PushPreview(Protocol):
    """Sends one message to one colleague, by the calls that a push would make."""

    def preview(self, openid: str, body: dict[str, Any]) -> Outcome:
        """What a mass send would look like; costs no quota of the follower."""
        ...

    def send_one(self, path: str, openid: str, body: dict[str, Any]) -> Outcome:
        """One message by a path below /cgi-bin/."""
        ...


class SmsTrial(Protocol):
    """Sends one short message to one colleague's sealed phone, by the call that a push would make.

    `body` is {"text", "template", "params"}.
    """

    def __call__(self, sealed: str, body: dict[str, Any], /) -> Outcome: ...


class Lane(Protocol):
    """Many calls in flight at once, of one thread that sends; closed when that thread is done."""

    def submit(self, calls: Iterable[Call]) -> None:
        """Begin these calls; they go on while `collect` is waited for."""
        ...

    def collect(self, seconds: float) -> list[tuple[int, Outcome]]:
        """What came of calls since, as (delivery id, outcome); waits for the first so long."""
        ...

    def close(self) -> None:
        """Give connections back; calls still in flight are lost sight of."""
        ...


class Lanes(Protocol):
    """Opens a lane for a thread."""

    def __call__(self, kind: str, /) -> Lane:
        """`kind` is sms, or wechat for everything else."""
        ...
