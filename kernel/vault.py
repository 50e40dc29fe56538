"""Field encryption: personal data is sealed at rest and found again by a keyed digest."""

import base64
import hashlib
import hmac
import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE_BYTES = 12


class Unreadable(Exception):
    """A sealed value does not open: wrong key, wrong place or a changed byte."""


class Vault:
    """Seals text with AES-256-GCM under a named key; keys rotate, old ones stay for reading.

    `keys` maps a key id to 32 bytes; the last one seals. `lookup_key` makes digests, which stay
    findable across rotations; a plain hash of an 11-digit phone would fall in seconds.
    """

    def __init__(self, keys: dict[str, bytes], lookup_key: bytes) -> None:
        self._ciphers = {name: AESGCM(key) for name, key in keys.items()}
        self._current = list(keys)[-1]
        self._lookup_key = lookup_key

    def seal(self, text: str, place: str) -> str:
        """Seal `text` for `place`, such as `member.phone`: it opens nowhere else."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        sealed = self._ciphers[self._current].encrypt(nonce, text.encode(), place.encode())
        return f"{self._current}:{base64.b64encode(nonce + sealed).decode()}"

    def open(self, sealed: str, place: str) -> str:
        """The text that was sealed for `place`. Raises Unreadable."""
        name, _, body = sealed.partition(":")
        try:
            raw = base64.b64decode(body, validate=True)
            cipher = self._ciphers[name]
            opened = cipher.decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], place.encode())
        except (KeyError, ValueError, InvalidTag) as error:
            raise Unreadable(name) from error
        return opened.decode()

    def digest(self, text: str) -> str:
        """A keyed digest, 64 hex digits: equal texts have equal digests, and only we can tell."""
        return hmac.new(self._lookup_key, text.encode(), hashlib.sha256).hexdigest()


def vault_of(keys: str, lookup_key: str) -> Vault:
    """A vault from configuration: `id:base64` pairs joined by commas, and a base64 lookup key.

    Raises ValueError when a key is not 32 bytes.
    """
    parsed: dict[str, bytes] = {}
    for pair in keys.split(","):
        name, _, body = pair.strip().partition(":")
        parsed[name] = base64.b64decode(body, validate=True)
    lookup = base64.b64decode(lookup_key, validate=True)
    if any(len(key) != 32 for key in (*parsed.values(), lookup)):
        raise ValueError("keys must be 32 bytes each, base64")
    return Vault(parsed, lookup)
