"""Short messages: the port, and the provider that posts to an HTTP gateway."""

from typing import Protocol

import requests

_TIMEOUT_SECONDS = (2.0, 4.0)  # connect, read


class SmsRefused(Exception):
    """The provider answered and did not take the message: it was surely not sent."""


class SmsUnknown(Exception):
    """No clear answer: the message may have been sent, so it must not be sent again by itself."""


class SmsSender(Protocol):
    """Sends one short message. Raises SmsRefused or SmsUnknown."""

    def send(self, phone: str, text: str) -> None: ...


class HttpSms:
    """Posts `{"phone", "text"}` to a gateway; the emulator's inbox speaks the same."""

    def __init__(self, url: str) -> None:
        self._url = url

    def send(self, phone: str, text: str) -> None:
        try:
            answer = requests.post(
                self._url,
                json={"phone": phone, "text": text},
                timeout=_TIMEOUT_SECONDS,
                allow_redirects=False,
            )
        except requests.ConnectTimeout as error:
            raise SmsRefused("no connection") from error
        except requests.RequestException as error:
            # The text of the error holds the address; only its kind is kept.
            raise SmsUnknown(type(error).__name__) from None
        if answer.status_code == 200 and _says_ok(answer):
            return
        if 400 <= answer.status_code < 500:
            raise SmsRefused(str(answer.status_code))
        raise SmsUnknown(str(answer.status_code))


def _says_ok(answer: requests.Response) -> bool:
    try:
        body = answer.json()
    except requests.JSONDecodeError:
        return False
    return isinstance(body, dict) and body.get("ok") is True
