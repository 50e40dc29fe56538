"""The URL check that the platform makes when a callback is saved."""

import requests

from emulator.ciphers import sign
from emulator.deliveries import fetch
from emulator.identifiers import draw_letters
from emulator.platform import Platform
from emulator.state import Json


def verify(platform: Platform) -> Json:
    """GET with echostr: `{"ok", "status", "latency_ms", "problem"}`.

    The answer must be the echostr and nothing else, within five seconds.
    """
    if not platform.account.callback_url:
        return {"ok": False, "status": 0, "latency_ms": 0, "problem": "no callback URL is set"}
    timestamp, nonce = str(platform.clock.read_seconds()), draw_letters(10, "0123456789")
    echostr = draw_letters(19, "123456789")
    query = {
        "signature": sign(platform.account.token, timestamp, nonce),
        "timestamp": timestamp,
        "nonce": nonce,
        "echostr": echostr,
    }
    request = requests.Request("GET", platform.account.callback_url, params=query)
    answer = fetch(request, platform.settings.delivery_timeout_seconds)
    problem = answer.problem
    if not problem and answer.status != 200:
        problem = f"HTTP {answer.status}"
    if not problem and answer.body != echostr.encode():
        problem = f"the body is not the echostr but {answer.body[:80]!r}"
    return {
        "ok": not problem,
        "status": answer.status,
        "latency_ms": answer.latency_ms,
        "problem": problem,
    }
