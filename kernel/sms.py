"""Short messages: the port, what waits in the outbox, and the provider that is a plain gateway."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import requests

from kernel.vault import Unreadable, Vault

_TIMEOUT_SECONDS = (2.0, 4.0)  # connect, read
_PLACE = "outbox.sms"


@dataclass(frozen=True)
class Sms:
    """One short message: its whole text, and the same as a template with its values.

    Chinese providers send templates that they have approved. `template` is our name for one;
    `params` are its values by name, in the order in which the template has them.
    """

    text: str
    template: str
    params: Mapping[str, str]


class SmsRefused(Exception):
    """The provider answered and did not take the message: it was surely not sent."""


class SmsUnknown(Exception):
    """No clear answer: the message may have been sent, so it must not be sent again by itself."""


class SmsSender(Protocol):
    """Sends one short message. Raises SmsRefused or SmsUnknown."""

    def send(self, phone: str, message: Sms) -> None: ...


class HttpSms:
    """Posts `{"phone", "text"}` to a gateway; the emulator's inbox speaks the same."""

    def __init__(self, url: str) -> None:
        self._url = url

    def send(self, phone: str, message: Sms) -> None:
        """Send the text; templates are not a gateway's business."""
        body = json.dumps({"phone": phone, "text": message.text}).encode()
        status, answer = post(self._url, body, {"Content-Type": "application/json"})
        if status == 200 and answer.get("ok") is True:
            return
        if 400 <= status < 500:
            raise SmsRefused(str(status))
        raise SmsUnknown(str(status))


def post(url: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, dict[str, Any]]:
    """(status, JSON object of the answer, empty when it is none). Raises SmsRefused, SmsUnknown.

    Errors keep only their kind: their text may hold the address with a key, a phone, a code.
    """
    try:
        answer = requests.post(
            url, data=body, headers=headers, timeout=_TIMEOUT_SECONDS, allow_redirects=False
        )
    except requests.ConnectTimeout:
        raise SmsRefused("no connection") from None
    except requests.RequestException as error:
        raise SmsUnknown(type(error).__name__) from None
    try:
        found = answer.json()
    except requests.JSONDecodeError:
        found = None
    return answer.status_code, found if isinstance(found, dict) else {}


def seal(vault: Vault, phone: str, message: Sms) -> str:
    """The message as it waits in the outbox."""
    values = {
        "phone": phone,
        "text": message.text,
        "template": message.template,
        "params": dict(message.params),
    }
    return vault.seal(json.dumps(values, ensure_ascii=False), _PLACE)


def unseal(vault: Vault, sealed: str) -> tuple[str, Sms]:
    """(phone, message) of what `seal` made. Raises Unreadable."""
    try:
        values = json.loads(vault.open(sealed, _PLACE))
        return values["phone"], Sms(values["text"], values["template"], values["params"])
    except (ValueError, KeyError, TypeError) as error:
        raise Unreadable("form") from error
