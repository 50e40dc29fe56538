"""The two clouds that send short messages: their signatures, and what each answer means."""

import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest

from kernel import sms, sms_aliyun, sms_tencent
from kernel.sms import Sms, SmsRefused, SmsSender, SmsUnknown
from kernel.sms_aliyun import AliyunAccount, AliyunSms
from kernel.sms_tencent import TencentAccount, TencentSms
from tests.servers import free_port
from tests.world import NOON, MovableClock

PHONE, SECRET = "13812345678", "hunter2-hunter2"
MESSAGE = Sms("【铁通】验证码 471100，5 分钟", "code", {"code": "471100", "minutes": "5"})
TEMPLATES = {"code": "SMS_1234"}


def test_the_signature_that_tencent_publishes() -> None:
    payload = (
        '{"Limit": 1, "Filters": [{"Values": ["\\u672a\\u547d\\u540d"], "Name": "instance-name"}]}'
    )
    request = sms_tencent.Request(
        "cvm", "cvm.tencentcloudapi.com", "DescribeInstances", payload.encode()
    )
    stars = "*" * 32
    at = datetime.fromtimestamp(1551113065, UTC)
    assert sms_tencent.authorization(f"AKID{stars}", stars, request, at) == (
        f"TC3-HMAC-SHA256 Credential=AKID{stars}/2019-02-25/cvm/tc3_request, "
        "SignedHeaders=content-type;host;x-tc-action, "
        "Signature=10b1a37a7301a02ca19a647ad722d5e43b4b3cff309d421d85b46093f6ab6c4f"
    )


def test_the_signature_that_aliyun_publishes() -> None:
    query = sms_aliyun.canonical_query(
        {
            "RegionId": "cn-shanghai",
            "ImageId": "win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd",
        }
    )
    request = sms_aliyun.Request(
        "ecs.cn-shanghai.aliyuncs.com", "RunInstances", "2014-05-26", query
    )
    moment = (
        datetime(2023, 10, 26, 10, 22, 32, tzinfo=UTC),
        "3156853299f313e23d1673dc12e1703d",
    )
    headers = sms_aliyun.sign("YourAccessKeyId", "YourAccessKeySecret", request, moment)
    assert headers["Authorization"] == (
        "ACS3-HMAC-SHA256 Credential=YourAccessKeyId,SignedHeaders=host;x-acs-action;"
        "x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version,"
        "Signature=06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0"
    )


def test_a_query_is_spelled_as_it_is_signed() -> None:
    spelled = sms_aliyun.canonical_query({"b": "a b+c*~/", "a": '{"验":"1"}'})
    assert spelled == "a=%7B%22%E9%AA%8C%22%3A%221%22%7D&b=a%20b%2Bc%2A~%2F"


@dataclass
class Cloud:
    """A provider that checks the signature itself before it answers."""

    answer: tuple[int, bytes] = (200, b"")
    url: str = ""
    seen: list[dict[str, Any]] = field(default_factory=list)


def mac(key: bytes, text: str) -> bytes:
    """One step of a signature."""
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def sha(data: bytes) -> str:
    """The hash of what was sent."""
    return hashlib.sha256(data).hexdigest()


def tencent_signature(headers: dict[str, str], body: bytes) -> str:
    """What Tencent Cloud makes of a request."""
    canonical = (
        f"POST\n/\n\ncontent-type:{headers['content-type']}\nhost:{headers['host']}\n"
        f"x-tc-action:{headers['x-tc-action'].lower()}\n\ncontent-type;host;x-tc-action\n{sha(body)}"
    )
    stamp = int(headers["x-tc-timestamp"])
    day = datetime.fromtimestamp(stamp, UTC).date().isoformat()
    key = mac(mac(mac(f"TC3{SECRET}".encode(), day), "sms"), "tc3_request")
    text = f"TC3-HMAC-SHA256\n{stamp}\n{day}/sms/tc3_request\n{sha(canonical.encode())}"
    return mac(key, text).hex()


def aliyun_signature(headers: dict[str, str], query: str) -> str:
    """What Alibaba Cloud makes of a request."""
    named = sorted(name for name in headers if name == "host" or name.startswith("x-acs-"))
    lines = "".join(f"{name}:{headers[name]}\n" for name in named)
    canonical = f"POST\n/\n{query}\n{lines}\n{';'.join(named)}\n{sha(b'')}"
    return mac(SECRET.encode(), f"ACS3-HMAC-SHA256\n{sha(canonical.encode())}").hex()


@contextmanager
def open_cloud(status: int, answer: object) -> Iterator[Cloud]:
    """The provider, over real HTTP."""
    data = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
    cloud = Cloud((status, data))

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            query = urlsplit(self.path).query
            by_tencent = "x-tc-action" in headers
            signature = (
                tencent_signature(headers, body)
                if by_tencent
                else aliyun_signature(headers, query)
            )
            assert headers["authorization"].endswith(f"Signature={signature}")
            values = json.loads(body) if by_tencent else dict(parse_qsl(query))
            cloud.seen.append({"headers": headers, "values": values})
            self.send_response(cloud.answer[0])
            self.send_header("Content-Length", str(len(cloud.answer[1])))
            self.send_header("Location", "/elsewhere")
            self.end_headers()
            self.wfile.write(cloud.answer[1])

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    cloud.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield cloud
    finally:
        server.shutdown()
        server.server_close()


def tencent(url: str) -> SmsSender:
    """An account at Tencent Cloud."""
    account = TencentAccount("AKID1", SECRET, "1400006666", "铁通", TEMPLATES, endpoint=url)
    return TencentSms(account, MovableClock())


def aliyun(url: str) -> SmsSender:
    """An account at Alibaba Cloud."""
    return AliyunSms(AliyunAccount("LTAI1", SECRET, "铁通", TEMPLATES, url), MovableClock())


def sent(code: str) -> dict[str, Any]:
    """What Tencent Cloud says of one message."""
    return {"Response": {"SendStatusSet": [{"Code": code, "Message": PHONE}], "RequestId": "1"}}


def failed(code: str) -> dict[str, Any]:
    """What Tencent Cloud says of a request that it does not take."""
    return {"Response": {"Error": {"Code": code, "Message": SECRET}, "RequestId": "1"}}


def test_tencent_gets_a_signed_template_with_values_in_their_order() -> None:
    with open_cloud(200, sent("Ok")) as cloud:
        tencent(cloud.url).send(PHONE, MESSAGE)
    (seen,) = cloud.seen
    assert seen["values"] == {
        "PhoneNumberSet": ["+8613812345678"],
        "SmsSdkAppId": "1400006666",
        "SignName": "铁通",
        "TemplateId": "SMS_1234",
        "TemplateParamSet": ["471100", "5"],
    }
    assert seen["headers"]["x-tc-version"] == "2021-01-11"
    assert seen["headers"]["x-tc-timestamp"] == str(int(NOON.timestamp()))


def test_aliyun_gets_a_signed_template_with_values_by_name() -> None:
    with open_cloud(200, {"Code": "OK", "BizId": "9"}) as cloud:
        aliyun(cloud.url).send(PHONE, MESSAGE)
        aliyun(cloud.url).send(PHONE, MESSAGE)
    first, second = cloud.seen
    assert first["values"] == {
        "PhoneNumbers": PHONE,
        "SignName": "铁通",
        "TemplateCode": "SMS_1234",
        "TemplateParam": '{"code": "471100", "minutes": "5"}',
    }
    nonces = {seen["headers"]["x-acs-signature-nonce"] for seen in (first, second)}
    assert len(nonces) == 2


CLEAR_NO = [
    (tencent, 200, sent("LimitExceeded.PhoneNumberDailyLimit"), "LimitExceeded"),
    (tencent, 200, failed("AuthFailure.SignatureFailure"), "AuthFailure"),
    (aliyun, 200, {"Code": "isv.BUSINESS_LIMIT_CONTROL", "Message": PHONE}, "isv.BUSINESS"),
    (aliyun, 400, {"Code": "SignatureDoesNotMatch", "Message": SECRET}, "SignatureDoes"),
    (aliyun, 404, {"Code": "InvalidAccessKeyId.NotFound"}, "InvalidAccessKeyId"),
]
NO_CLEAR_ANSWER = [
    (tencent, 200, sent("InternalError.Timeout")),
    (tencent, 200, failed("InternalError")),
    (tencent, 500, sent("Ok")),
    (tencent, 200, {"Response": {"SendStatusSet": []}}),
    (tencent, 200, {"Response": []}),
    (tencent, 200, sent(f"Ok {PHONE}")),
    (tencent, 302, b""),
    (aliyun, 200, {"Code": "isp.SYSTEM_ERROR"}),
    (aliyun, 503, {"Code": "ServiceUnavailable"}),
    (aliyun, 500, {"Code": "OK"}),
    (aliyun, 200, {"Code": ["OK"]}),
    (aliyun, 200, b"<html>"),
    (aliyun, 302, b""),
]


@pytest.mark.parametrize(("make", "status", "answer", "kept"), CLEAR_NO)
def test_a_clear_no_is_refused_by_its_code(
    make: Any, status: int, answer: object, kept: str
) -> None:
    with open_cloud(status, answer) as cloud, pytest.raises(SmsRefused) as refused:
        make(cloud.url).send(PHONE, MESSAGE)
    assert str(refused.value).startswith(kept)
    assert SECRET not in str(refused.value)


@pytest.mark.parametrize(("make", "status", "answer"), NO_CLEAR_ANSWER)
def test_no_clear_answer_is_unknown_and_tells_nothing(
    make: Any, status: int, answer: object
) -> None:
    with open_cloud(status, answer) as cloud, pytest.raises(SmsUnknown) as unknown:
        make(cloud.url).send(PHONE, MESSAGE)
    assert len(cloud.seen) == 1
    for word in (PHONE, "471100", SECRET):
        assert word not in unquote(str(unknown.value))


@pytest.mark.parametrize("make", [tencent, aliyun])
def test_a_provider_that_is_away_tells_no_secret(
    make: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sms, "_TIMEOUT_SECONDS", (0.3, 0.3))
    with pytest.raises((SmsRefused, SmsUnknown)) as error:
        make(f"http://127.0.0.1:{free_port()}").send(PHONE, MESSAGE)
    chain: BaseException | None = error.value
    while chain is not None:
        assert PHONE not in unquote(str(chain))
        chain = chain.__cause__


@pytest.mark.parametrize("make", [tencent, aliyun])
def test_a_template_that_is_not_set_up_is_never_sent(make: Any) -> None:
    with open_cloud(200, {}) as cloud, pytest.raises(SmsRefused, match="no template gift"):
        make(cloud.url).send(PHONE, Sms("x", "gift", {}))
    assert cloud.seen == []
