"""Makes up ids that look like the platform's."""

import hashlib
import secrets
import string

LETTERS = string.ascii_letters + string.digits


def draw_letters(length: int, alphabet: str = LETTERS) -> str:
    """Random characters."""
    return "".join(secrets.choice(alphabet) for _ in range(length))


def make_openid() -> str:
    """28 characters that start with o."""
    return "o" + draw_letters(27)


def disguise_openid(openid: str) -> str:
    """The virtual openid that a snapshot page gives for a real one, always the same."""
    return "o" + hashlib.sha256(f"snapshot:{openid}".encode()).hexdigest()[:27]


def make_token() -> str:
    """An access token; the leading number tells well-formed from malformed (40014)."""
    return "90_" + draw_letters(133, LETTERS + "-_")


def make_ticket() -> str:
    """A scene ticket, with the characters that must be URL-encoded."""
    return "gQ" + draw_letters(92, LETTERS + "+/") + "=="


def make_media_id() -> str:
    """A media id."""
    return draw_letters(64, LETTERS + "-_")


def make_rid(now: float) -> str:
    """The request id behind every errmsg: three groups of eight hex digits."""
    return f"{int(now):08x}-{secrets.token_hex(4)}-{secrets.token_hex(4)}"
