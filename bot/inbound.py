"""Inbound: from a request of WeChat's servers to one checked message.

Facts: developers.weixin.qq.com/doc/service/guide/dev/push and …/encryption. The signature covers
token, timestamp and nonce but not the body: only safe mode proves a body, so when a key is
configured for it, anything less is refused.
"""

import binascii
import hashlib
import hmac
import re
import secrets
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from wechatpy.crypto.base import BasePrpCrypto
from wechatpy.exceptions import InvalidAppIdException

from bot.xml import Field, Malformed, parse, text

FRESH_SECONDS = 300
_OPENID = re.compile(r"[\w-]{1,64}", re.ASCII)
_TIMESTAMP = re.compile(r"\d{10}", re.ASCII)
_NONCE = re.compile(r"[\w-]{1,64}", re.ASCII)
_MESSAGE_ID = re.compile(r"\d{1,20}", re.ASCII)
_CREATED = re.compile(r"\d{1,10}|\d{13}", re.ASCII)


class Forged(Exception):
    """Nothing proves that WeChat sent this; the text says which proof is missing."""


@dataclass(frozen=True)
class Account:
    """What we know of our own account; `aes_key` is empty in plain mode."""

    app_id: str
    token: str
    aes_key: str
    mode: str


@dataclass(frozen=True)
class Inbound:
    """One message or event.

    `kind` is MsgType, or `event.` and the event's name in lower case. `key` is the duplicate key.
    """

    kind: str
    openid: str
    account: str
    sent_at: datetime
    key: str
    fields: Mapping[str, Field]
    encrypted: bool = False

    def text(self, name: str) -> str:
        """A flat field, empty when it is missing."""
        return text(dict(self.fields), name)


class Gate:
    """Lets through what WeChat sent, and only that."""

    def __init__(self, account: Account) -> None:
        if not account.token:
            raise ValueError("an empty token would let anybody sign")
        self._account = account
        self._crypto = _Crypto(account.aes_key) if account.aes_key else None

    def echo(self, args: Mapping[str, str], now: datetime) -> str:
        """The answer to the URL check. Raises Forged."""
        self._check_signature(args, now)
        return args.get("echostr", "")

    def open(self, args: Mapping[str, str], body: bytes, now: datetime) -> Inbound:
        """The message in a POST. Raises Forged, Malformed."""
        if self._account.mode != "plain" and args.get("encrypt_type") == "aes":
            return self._open_sealed(args, body, now)
        if self._account.mode == "safe" or args.get("encrypt_type", "raw") != "raw":
            raise Forged("encryption is required")  # a downgrade
        self._check_signature(args, now)
        return read(parse(body))

    def _open_sealed(self, args: Mapping[str, str], body: bytes, now: datetime) -> Inbound:
        assert self._crypto is not None
        timestamp, nonce = _fresh(args, now)
        sealed = text(parse(body), "Encrypt")
        given = args.get("msg_signature", "")
        if not sealed or not _same(given, self._sign(timestamp, nonce, sealed)):
            raise Forged("message signature")
        return read(parse(self._crypto.unseal(sealed, self._account.app_id)), encrypted=True)

    def _check_signature(self, args: Mapping[str, str], now: datetime) -> None:
        timestamp, nonce = _fresh(args, now)
        if not _same(args.get("signature", ""), self._sign(timestamp, nonce)):
            raise Forged("signature")

    def seal(self, xml: str, timestamp: str, nonce: str) -> str:
        """An encrypted reply."""
        assert self._crypto is not None
        sealed = self._crypto.seal(xml, self._account.app_id)
        signature = self._sign(timestamp, nonce, sealed)
        return (
            f"<xml><Encrypt><![CDATA[{sealed}]]></Encrypt>"
            f"<MsgSignature><![CDATA[{signature}]]></MsgSignature>"
            f"<TimeStamp>{timestamp}</TimeStamp><Nonce><![CDATA[{nonce}]]></Nonce></xml>"
        )

    def _sign(self, *parts: str) -> str:
        ordered = sorted([self._account.token, *parts])
        return hashlib.sha1("".join(ordered).encode()).hexdigest()  # noqa: S324 - WeChat's choice


def _fresh(args: Mapping[str, str], now: datetime) -> tuple[str, str]:
    timestamp, nonce = args.get("timestamp", ""), args.get("nonce", "")
    # Exact forms: the signature joins the parts, so digits could wander from one to the other.
    if not _TIMESTAMP.fullmatch(timestamp) or not _NONCE.fullmatch(nonce):
        raise Forged("timestamp or nonce")
    if abs(now.timestamp() - int(timestamp)) > FRESH_SECONDS:
        raise Forged("stale")
    return timestamp, nonce


def _same(given: str, right: str) -> bool:
    return hmac.compare_digest(given.encode(), right.encode())


class _Crypto:
    """wechatpy's AES (PKCS#7 over 32 bytes, length and app id inside), with two failures."""

    def __init__(self, aes_key: str) -> None:
        self._prp = _Prp(binascii.a2b_base64(f"{aes_key}="))

    def seal(self, xml: str, app_id: str) -> str:
        sealed: bytes = self._prp._encrypt(xml, app_id)
        return sealed.decode()

    def unseal(self, sealed: str, app_id: str) -> bytes:
        try:
            opened: str = self._prp._decrypt(sealed, app_id, InvalidAppIdException)
        except InvalidAppIdException as error:
            raise Forged("app id") from error
        except (IndexError, ValueError, struct.error, TypeError) as error:
            raise Malformed("ciphertext") from error
        return opened.encode()


class _Prp(BasePrpCrypto):  # type: ignore[misc]
    """The same cipher; its random bytes come from the system's generator, not from `random`."""

    def get_random_string(self) -> bytes:
        return secrets.token_bytes(16)


def read(fields: dict[str, Field], *, encrypted: bool = False) -> Inbound:
    """Check the fields that every message has. Raises Malformed."""
    openid, account = text(fields, "FromUserName").strip(), text(fields, "ToUserName").strip()
    if not _OPENID.fullmatch(openid) or not _OPENID.fullmatch(account):
        raise Malformed("sender or receiver")
    return Inbound(
        kind=_kind(fields),
        openid=openid,
        account=account,
        sent_at=_instant(text(fields, "CreateTime")),
        key=duplicate_key(fields),
        fields=fields,
        encrypted=encrypted,
    )


def _instant(created: str) -> datetime:
    if not _CREATED.fullmatch(created):
        raise Malformed("CreateTime")
    # Some relays write milliseconds, which would be the year 50000 in seconds.
    seconds = int(created) / 1000 if len(created) == 13 else int(created)
    return datetime.fromtimestamp(seconds, UTC)


def _kind(fields: dict[str, Field]) -> str:
    kind = text(fields, "MsgType").strip().lower()
    if not kind:
        raise Malformed("MsgType")
    message_id = fields.get("MsgId")
    if message_id is not None and not (
        isinstance(message_id, str) and _MESSAGE_ID.fullmatch(message_id)
    ):
        raise Malformed("MsgId")
    if kind != "event":
        return kind[:40]
    event = text(fields, "Event").strip().lower()
    if not event:
        raise Malformed("Event")
    return f"event.{event}"[:40]


def duplicate_key(fields: Mapping[str, Field]) -> str:
    """What two deliveries of one message share and no two messages do, 64 hex digits.

    A message: MsgId with sender and time, since fifteen people who spoke at once got equal MsgIds
    (WxJava #333). An event: every field, since one user's events can share a second (WxJava #858).
    """
    named = dict(fields)
    # What varies between the modes of one delivery must not vary the key.
    named.pop("Encrypt", None)
    if text(named, "MsgType") != "event" and text(named, "MsgId"):
        kept = ("ToUserName", "FromUserName", "CreateTime", "MsgId")
        named = {name: named[name] for name in kept if name in named}
    return hashlib.sha256(repr(sorted(named.items())).encode()).hexdigest()
