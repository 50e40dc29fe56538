"""Tencent Cloud SMS: SendSms of 2021-01-11, signed with TC3-HMAC-SHA256.

Sources: cloud.tencent.com/document/api/382/55981 (SendSms), /382/52072 (the signature), and
/382/52075 (error codes).
"""

import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from kernel.clock import Clock
from kernel.sms import Sms, SmsRefused, SmsUnknown, post

ENDPOINT = "https://sms.tencentcloudapi.com"
_ALGORITHM = "TC3-HMAC-SHA256"
_SIGNED = "content-type;host;x-tc-action"
_TYPE = "application/json; charset=utf-8"
_CODE = re.compile(r"[A-Za-z][A-Za-z0-9._]{0,60}", re.ASCII)


@dataclass(frozen=True)
class TencentAccount:
    """What the console of Tencent Cloud shows; `templates` maps our names to template ids."""

    secret_id: str
    secret_key: str
    app_id: str
    sign_name: str
    templates: Mapping[str, str]
    region: str = "ap-guangzhou"
    endpoint: str = ENDPOINT


class TencentSms:
    """Sends templates through Tencent Cloud."""

    def __init__(self, account: TencentAccount, clock: Clock) -> None:
        self._account = account
        self._clock = clock

    def send(self, phone: str, message: Sms) -> None:
        """Send one template; its values go in their order. Raises SmsRefused, SmsUnknown."""
        account = self._account
        template = account.templates.get(message.template)
        if template is None:
            raise SmsRefused(f"no template {message.template}")
        body = {
            "PhoneNumberSet": [f"+86{phone}"],
            "SmsSdkAppId": account.app_id,
            "SignName": account.sign_name,
            "TemplateId": template,
            "TemplateParamSet": list(message.params.values()),
        }
        payload = json.dumps(body).encode()
        request = Request("sms", urlsplit(account.endpoint).netloc, "SendSms", payload)
        at = self._clock.now()
        headers = {
            "Content-Type": _TYPE,
            "Host": request.host,
            "X-TC-Action": request.action,
            "X-TC-Version": "2021-01-11",
            "X-TC-Region": account.region,
            "X-TC-Timestamp": str(int(at.timestamp())),
            "Authorization": authorization(account.secret_id, account.secret_key, request, at),
        }
        status, answer = post(f"{account.endpoint}/", payload, headers)
        _judge(status, answer)


@dataclass(frozen=True)
class Request:
    """What is signed of a request."""

    service: str
    host: str
    action: str
    payload: bytes


def authorization(secret_id: str, secret_key: str, request: Request, at: datetime) -> str:
    """The header `Authorization` of a POST to `/`, signed at `at`."""
    canonical = "\n".join(
        [
            "POST", "/", "",
            f"content-type:{_TYPE}",
            f"host:{request.host}",
            f"x-tc-action:{request.action.lower()}",
            "",
            _SIGNED,
            hashlib.sha256(request.payload).hexdigest(),
        ]
    )  # fmt: skip
    day = f"{at.astimezone(UTC):%Y-%m-%d}"
    scope = f"{day}/{request.service}/tc3_request"
    hashed = hashlib.sha256(canonical.encode()).hexdigest()
    text = "\n".join([_ALGORITHM, str(int(at.timestamp())), scope, hashed])
    key = f"TC3{secret_key}".encode()
    for part in (day, request.service, "tc3_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    signature = hmac.digest(key, text.encode(), "sha256").hex()
    return (
        f"{_ALGORITHM} Credential={secret_id}/{scope}, "
        f"SignedHeaders={_SIGNED}, Signature={signature}"
    )


def _judge(status: int, answer: dict[str, Any]) -> None:
    code = _code_of(answer)
    if status == 200 and code == "Ok":
        return
    # Of its own troubles the platform does not say whether the message went out before them.
    if status >= 500 or not _CODE.fullmatch(code) or code.startswith("InternalError"):
        raise SmsUnknown(code if _CODE.fullmatch(code) else str(status))
    raise SmsRefused(code)


def _code_of(answer: dict[str, Any]) -> str:
    try:
        response = answer["Response"]
        if "Error" in response:
            return str(response["Error"]["Code"])
        (sent,) = response["SendStatusSet"]
        return str(sent["Code"])
    except (KeyError, TypeError, ValueError):
        return ""
