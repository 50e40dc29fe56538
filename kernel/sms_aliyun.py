"""Alibaba Cloud SMS: SendSms of Dysmsapi 2017-05-25, signed with ACS3-HMAC-SHA256.

Sources: help.aliyun.com/document_detail/2593177.html (the signature),
help.aliyun.com/zh/sms/developer-reference/api-dysmsapi-2017-05-25-sendsms, and
help.aliyun.com/document_detail/101346.html (error codes).
"""

import hashlib
import hmac
import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlsplit

from kernel.clock import Clock
from kernel.sms import Sms, SmsRefused, SmsUnknown, post

ENDPOINT = "https://dysmsapi.aliyuncs.com"
_ALGORITHM = "ACS3-HMAC-SHA256"
_EMPTY = hashlib.sha256(b"").hexdigest()
_CODE = re.compile(r"[A-Za-z][A-Za-z0-9._-]{0,60}", re.ASCII)
# Its own troubles: whether the message went out before them is not said.
_UNSURE = frozenset({"isp.SYSTEM_ERROR", "InternalError", "ServiceUnavailable"})


@dataclass(frozen=True)
class AliyunAccount:
    """What the console of Alibaba Cloud shows; `templates` maps our names to template codes."""

    access_key_id: str
    access_key_secret: str
    sign_name: str
    templates: Mapping[str, str]
    endpoint: str = ENDPOINT


class AliyunSms:
    """Sends templates through Alibaba Cloud."""

    def __init__(self, account: AliyunAccount, clock: Clock) -> None:
        self._account = account
        self._clock = clock

    def send(self, phone: str, message: Sms) -> None:
        """Send one template; its values go by name. Raises SmsRefused, SmsUnknown."""
        account = self._account
        template = account.templates.get(message.template)
        if template is None:
            raise SmsRefused(f"no template {message.template}")
        query = canonical_query(
            {
                "PhoneNumbers": phone,
                "SignName": account.sign_name,
                "TemplateCode": template,
                "TemplateParam": json.dumps(dict(message.params), ensure_ascii=False),
            }
        )
        host = urlsplit(account.endpoint).netloc
        request = Request(host, "SendSms", "2017-05-25", query)
        headers = sign(
            account.access_key_id,
            account.access_key_secret,
            request,
            (self._clock.now(), secrets.token_hex(16)),
        )
        status, answer = post(f"{account.endpoint}/?{query}", b"", headers)
        _judge(status, answer)


@dataclass(frozen=True)
class Request:
    """What is signed of a request without a body."""

    host: str
    action: str
    version: str
    query: str


def canonical_query(values: Mapping[str, str]) -> str:
    """The values as a query in the one spelling that is signed."""
    pairs = sorted((quote(name, safe="~"), quote(text, safe="~")) for name, text in values.items())
    return "&".join(f"{name}={text}" for name, text in pairs)


def sign(
    key_id: str, key_secret: str, request: Request, moment: tuple[datetime, str]
) -> dict[str, str]:
    """The headers of a signed POST to `/`; `moment` is (instant, a number used once)."""
    at, nonce = moment
    headers = {
        "host": request.host,
        "x-acs-action": request.action,
        "x-acs-content-sha256": _EMPTY,
        "x-acs-date": f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "x-acs-signature-nonce": nonce,
        "x-acs-version": request.version,
    }
    names = ";".join(headers)
    lines = [f"{name}:{text}" for name, text in headers.items()]
    canonical = "\n".join(["POST", "/", request.query, *lines, "", names, _EMPTY])
    text = f"{_ALGORITHM}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    signature = hmac.digest(key_secret.encode(), text.encode(), "sha256").hex()
    headers["Authorization"] = (
        f"{_ALGORITHM} Credential={key_id},SignedHeaders={names},Signature={signature}"
    )
    return headers


def _judge(status: int, answer: dict[str, Any]) -> None:
    code = str(answer.get("Code", ""))
    if status == 200 and code == "OK":
        return
    if status >= 500 or code in _UNSURE or not _CODE.fullmatch(code):
        raise SmsUnknown(code if _CODE.fullmatch(code) else str(status))
    raise SmsRefused(code)
