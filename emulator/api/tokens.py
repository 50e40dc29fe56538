"""Access tokens: the two families that know nothing of each other, and the jsapi ticket.

`/token` gives a new one each time, the last one works 300 s longer. `/stable_token` gives the
same one until its last 300 s, then a new one while the old works 300 s longer.
"""

import re
from collections.abc import Mapping

from emulator.api.calls import Call, Endpoint
from emulator.errcodes import Refused
from emulator.identifiers import draw_letters, make_token
from emulator.platform import Platform
from emulator.state import Json, Token

LIFETIME = 7200
OVERLAP = 300
FORCES_A_DAY = 20
FORCE_PAUSE = 30
KEPT_AFTER_DEATH = 86400
WELL_FORMED = re.compile(r"\d+_[A-Za-z0-9_-]{100,}")


def require_token(platform: Platform, text: str) -> None:
    """Refuse with 41001 (none), 40014 (malformed), 40001 (unknown, not latest), 42001."""
    if not text:
        raise Refused(41001)
    token = platform.state.tokens.get(text)
    if token is None:
        raise Refused(40001 if WELL_FORMED.fullmatch(text) else 40014)
    if token.expires_at <= platform.clock.now():
        raise Refused(40001 if token.superseded else 42001)


def get_token(call: Call) -> Json:
    """GET /cgi-bin/token: a new token; refuses with 40002, 41002, 40013, 41004, 40125."""
    require_account(call, call.args)
    supersede(call, "plain", OVERLAP)
    return issue(call, "plain")


def get_stable_token(call: Call) -> Json:
    """POST /cgi-bin/stable_token: the current token, or a new one near its end."""
    require_account(call, {name: call.text(name) for name in ("grant_type", "appid", "secret")})
    current = find_current(call)
    if call.body.get("force_refresh") is True:
        return force(call, current)
    if current is None or call.state.tokens[current].expires_at - call.now <= OVERLAP:
        supersede(call, "stable", OVERLAP)
        return issue(call, "stable")
    return describe(call, current)


def require_account(call: Call, given: Mapping[str, str]) -> None:
    """The checks that both token calls share, the caller's address last."""
    account = call.platform.account
    if given.get("grant_type") != "client_credential":
        raise Refused(40002)
    if not given.get("appid"):
        raise Refused(41002)
    if given.get("appid") != account.app_id:
        raise Refused(40013)
    if not given.get("secret"):
        raise Refused(41004)
    if given.get("secret") != account.app_secret:
        raise Refused(40125)
    address = call.remote_addr
    if account.allowed_ips and address not in account.allowed_ips:
        raise Refused(40164, f"invalid ip {address} ipv6 ::ffff:{address}, not in whitelist")


def find_current(call: Call) -> str | None:
    """The stable token that is not superseded and still alive."""
    for text, token in call.state.tokens.items():
        if token.family == "stable" and not token.superseded and token.expires_at > call.now:
            return text
    return None


def force(call: Call, current: str | None) -> Json:
    """Kill the current token at once: 20 a day (45009), sooner than 30 s it is only returned."""
    forcing = call.state.forcing
    today = call.platform.clock.day()
    if forcing.day != today:
        forcing.day, forcing.count = today, 0
    if current and call.now - forcing.last_at < FORCE_PAUSE:
        return describe(call, current)
    if forcing.count >= FORCES_A_DAY:
        raise Refused(45009)
    forcing.count += 1
    forcing.last_at = call.now
    supersede(call, "stable", 0)
    return issue(call, "stable")


def supersede(call: Call, family: str, overlap: int) -> None:
    """End the family's living tokens in `overlap` seconds, and forget the long dead."""
    tokens = call.state.tokens
    for text in [
        text for text, each in tokens.items() if each.expires_at < call.now - KEPT_AFTER_DEATH
    ]:
        del tokens[text]
    for token in tokens.values():
        if token.family == family and token.expires_at > call.now and not token.superseded:
            token.superseded = True
            token.expires_at = call.now + overlap


def issue(call: Call, family: str) -> Json:
    """A new token of 7200 seconds."""
    text = make_token()
    call.state.tokens[text] = Token(family, call.now + LIFETIME)
    call.platform.store.touch()
    return describe(call, text)


def describe(call: Call, text: str) -> Json:
    """`{"access_token", "expires_in"}` with the seconds that remain."""
    left = round(call.state.tokens[text].expires_at - call.now)
    return {"access_token": text, "expires_in": left}


def get_ticket(call: Call) -> Json:
    """GET /cgi-bin/ticket/getticket?type=jsapi: the same ticket while it lasts; else 40097."""
    if call.args.get("type") != "jsapi":
        raise Refused(40097)
    if call.state.ticket_expires_at <= call.now + OVERLAP:
        call.state.ticket = draw_letters(86)
        call.state.ticket_expires_at = call.now + LIFETIME
        call.platform.store.touch()
    left = round(call.state.ticket_expires_at - call.now)
    return {"errcode": 0, "errmsg": "ok", "ticket": call.state.ticket, "expires_in": left}


ENDPOINTS = {
    "/cgi-bin/token": Endpoint(get_token, "GET", daily=2000, body="none", needs_token=False),
    "/cgi-bin/stable_token": Endpoint(
        get_stable_token, daily=500_000, minute=10_000, needs_token=False
    ),
    "/cgi-bin/ticket/getticket": Endpoint(get_ticket, "GET", daily=1_000_000, body="none"),
}
