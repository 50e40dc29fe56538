"""Wraps a message or event as the platform posts it: XML, signature, encryption."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from emulator.ciphers import encrypt, sign
from emulator.identifiers import draw_letters
from emulator.platform import Account


@dataclass(frozen=True)
class Envelope:
    """One HTTP request to the callback."""

    query: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Quirks:
    """What is deliberately wrong with an envelope (control/deliver)."""

    wrong_signature: bool = False
    timestamp_offset: int = 0
    plain: bool = False
    app_id: str = ""
    raw_body: bytes | None = None


NO_QUIRKS = Quirks()


def seal(
    account: Account, fields: Mapping[str, Any], now: int, quirks: Quirks = NO_QUIRKS
) -> Envelope:
    """The request for one push, as the account's mode asks.

    plain: XML · compatible: XML with Encrypt added · safe: only ToUserName and Encrypt.
    """
    timestamp, nonce = str(now + quirks.timestamp_offset), draw_letters(10, "0123456789")
    # A wrong signature is a right one made with somebody else's token.
    token = account.token + ("-wrong" if quirks.wrong_signature else "")
    query = {
        "signature": sign(token, timestamp, nonce),
        "timestamp": timestamp,
        "nonce": nonce,
        "openid": str(fields["FromUserName"]),
    }
    plain = build_xml(fields)
    if account.mode == "plain" or quirks.plain:
        return Envelope(query, plain if quirks.raw_body is None else quirks.raw_body)
    encrypted = encrypt(account.aes_key, quirks.app_id or account.app_id, plain)
    query["encrypt_type"] = "aes"
    query["msg_signature"] = sign(token, timestamp, nonce, encrypted)
    shown = fields if account.mode == "compatible" else {"ToUserName": fields["ToUserName"]}
    body = build_xml({**shown, "Encrypt": encrypted})
    return Envelope(query, body if quirks.raw_body is None else quirks.raw_body)


def build_xml(fields: Mapping[str, Any]) -> bytes:
    """`<xml>…</xml>`: strings as CDATA, numbers bare, lists as repeated elements."""
    return f"<xml>{build_elements(fields)}</xml>".encode()


def build_elements(fields: Mapping[str, Any]) -> str:
    """The elements of `fields` one after another."""
    return "".join(build_element(name, value) for name, value in fields.items())


def build_element(name: str, value: Any) -> str:
    """One element, or as many as a list has values."""
    if isinstance(value, list):
        return "".join(build_element(name, each) for each in value)
    if isinstance(value, Mapping):
        return f"<{name}>{build_elements(value)}</{name}>"
    if isinstance(value, int | float):
        return f"<{name}>{value}</{name}>"
    text = str(value).replace("]]>", "]]]]><![CDATA[>")
    return f"<{name}><![CDATA[{text}]]></{name}>"
