"""One call: what was really answered by WeChat, and by what stands between, over the years."""

import json
from pathlib import Path
from typing import Any

import pytest
import requests

from bot.transport import GatewayError, OutcomeUnknown, Transport, Unreachable
from tests.bot.stub import Hang, Page, Platform, Reset
from tests.servers import free_port

API = Path(__file__).parents[1] / "data" / "api"
INDEX: list[dict[str, Any]] = json.loads((API / "index.json").read_text())
PATH = "/cgi-bin/anything"
# What the recorded body says, when it is not simply its errcode.
ODD = {
    "error-bad-escape.json": "unclear",
    "error-truncated-json.json": "unclear",
    "error-empty-200.json": "unclear",
    "error-html-502.json": "unclear",
}


def page(item: dict[str, Any]) -> Page:
    """The recorded answer; an enveloped one brings status and content type."""
    raw = (API / str(item["file"])).read_bytes()
    if not item.get("envelope"):
        return Page(raw)
    envelope = json.loads(raw)
    body = envelope["body"]
    text = body if isinstance(body, str) else json.dumps(body, ensure_ascii=False)
    headers = (("Content-Type", envelope["content_type"]),)
    return Page(text.encode(), envelope["http_status"], headers)


def expected(item: dict[str, Any], answer: Page) -> str:
    """`object`, `unclear` or the error code."""
    if item["file"] in ODD:
        return ODD[str(item["file"])]
    body = json.loads(answer.body.decode(), strict=False)
    if answer.status != 200 or not isinstance(body, dict) or not body:
        return "unclear"
    return str(body["errcode"]) if int(body.get("errcode", 0)) else "object"


def outcome(transport: Transport) -> str:
    """What the transport makes of the next answer; any other exception is a failure."""
    try:
        transport.get(PATH, {"access_token": "T"})
    except GatewayError as error:
        return str(error.code)
    except OutcomeUnknown:
        return "unclear"
    return "object"


def test_the_collection_is_whole() -> None:
    assert len(INDEX) >= 160
    assert sum(expected(item, page(item)).lstrip("-").isdigit() for item in INDEX) > 50


def test_every_recorded_answer_is_understood(platform: Platform) -> None:
    transport, wrong = Transport(platform.url), []
    for item in INDEX:
        answer = page(item)
        platform.will(PATH, answer)
        got = outcome(transport)
        if got != expected(item, answer):
            wrong.append((item["file"], got))
    assert wrong == []


def test_utf8_is_read_whatever_the_header_says(platform: Platform) -> None:
    latin = (("Content-Type", "text/plain; charset=ISO-8859-1"),)
    platform.will(PATH, Page('{"nickname":"张三"}'.encode(), headers=latin))
    assert Transport(platform.url).get(PATH, {}) == {"nickname": "张三"}


def test_control_characters_in_a_nickname_do_not_hide_an_answer(platform: Platform) -> None:
    platform.will(PATH, b'{"nickname":"a\x00b\x1f","broken":"\xff"}')
    assert Transport(platform.url).get(PATH, {}) == {"nickname": "a\0b\x1f", "broken": "\ufffd"}


def test_a_redirect_is_not_followed(platform: Platform) -> None:
    platform.will(PATH, Page(status=302, headers=(("Location", f"{platform.url}/away"),)))
    assert outcome(Transport(platform.url)) == "unclear"
    assert [call.path for call in platform.calls] == [PATH]


@pytest.mark.parametrize("answer", [Hang, Reset])
def test_what_was_sent_and_not_answered_is_unknown(
    platform: Platform, answer: type[Hang | Reset]
) -> None:
    platform.will(PATH, answer)
    transport = Transport(platform.url)
    with pytest.raises(OutcomeUnknown) as error:
        transport.post(PATH, {"access_token": "T0PSECRET"}, {"a": 1})
    assert "T0PSECRET" not in str(error.value)
    assert platform.count(PATH) == 1


@pytest.mark.parametrize("base", ["http://127.0.0.1:{port}", "http://no-such-host.invalid"])
def test_what_found_no_connection_was_surely_not_sent(base: str) -> None:
    with pytest.raises(Unreachable) as error:
        Transport(base.format(port=free_port())).get(PATH, {"access_token": "T0PSECRET"})
    assert "T0PSECRET" not in str(error.value)


def test_a_connection_that_takes_too_long_was_surely_not_sent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def late(*_args: object, **_sent: object) -> requests.Response:
        raise requests.ConnectTimeout("https://x/?access_token=T0PSECRET")

    transport = Transport("http://127.0.0.1")
    monkeypatch.setattr(transport._http, "request", late)
    with pytest.raises(Unreachable):
        transport.get(PATH, {})
