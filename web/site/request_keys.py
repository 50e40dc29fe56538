"""Keys of forms: what is sent twice with one key is done once."""

import re
import secrets

_KEY = re.compile(r"[\w-]{16,40}", re.ASCII)


def new() -> str:
    """A key for a form that has not been sent yet."""
    return secrets.token_urlsafe(18)


def read(sent: str) -> str:
    """The key as it was sent, or a new one in place of what is no key of ours."""
    return sent if _KEY.fullmatch(sent) else new()
