"""Signatures and AES of the callback, as the platform's encryption guide gives them.

AES-256-CBC, IV = the key's first 16 bytes, PKCS#7 with blocks of 32 (not 16) bytes; inside:
16 random bytes, 4 bytes big-endian length of the message in bytes, message, app id.
"""

import base64
import hashlib
import hmac
import os
import struct

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

BLOCK = 32


class Undecipherable(ValueError):
    """A text was not encrypted as the platform asks; the message says what is wrong."""


def sign(*parts: str) -> str:
    """Lower-case hex SHA-1 of the sorted parts joined."""
    joined = "".join(sorted(parts)).encode()
    return hashlib.sha1(joined).hexdigest()  # noqa: S324 (the platform's choice)


def is_signed(signature: str, *parts: str) -> bool:
    """Whether `signature` signs the parts, compared in constant time."""
    return hmac.compare_digest(signature.encode(), sign(*parts).encode())


def encrypt(aes_key: str, app_id: str, message: bytes, random: bytes | None = None) -> str:
    """Base64 of the encrypted message; `random` (16 bytes) is given only by test vectors."""
    prefix = os.urandom(16) if random is None else random
    plain = prefix + struct.pack(">I", len(message)) + message + app_id.encode()
    pad = BLOCK - len(plain) % BLOCK
    encryptor = build_cipher(aes_key).encryptor()
    sealed = encryptor.update(plain + bytes([pad]) * pad) + encryptor.finalize()
    return base64.b64encode(sealed).decode()


def decrypt(aes_key: str, app_id: str, encrypted: str) -> bytes:
    """The message inside; raises `Undecipherable` for anything not sealed for `app_id`."""
    try:
        sealed = base64.b64decode(encrypted, validate=True)
    except ValueError as error:
        raise Undecipherable("Encrypt is not base64") from error
    if not sealed or len(sealed) % BLOCK:
        raise Undecipherable("Encrypt is not a whole number of 32-byte blocks")
    decryptor = build_cipher(aes_key).decryptor()
    plain = unpad(decryptor.update(sealed) + decryptor.finalize())
    if len(plain) < 20:
        raise Undecipherable("Encrypt is too short")
    (length,) = struct.unpack(">I", plain[16:20])
    message, owner = plain[20 : 20 + length], plain[20 + length :]
    if owner != app_id.encode():
        raise Undecipherable("the app id inside Encrypt is not ours")
    return message


def build_cipher(aes_key: str) -> Cipher[modes.CBC]:
    """The cipher of a 43-character EncodingAESKey."""
    key = base64.b64decode(aes_key + "=")
    return Cipher(algorithms.AES(key), modes.CBC(key[:16]))


def unpad(plain: bytes) -> bytes:
    """Without the PKCS#7 padding of 1 to 32 bytes."""
    pad = plain[-1]
    if not 1 <= pad <= BLOCK or plain[-pad:] != bytes([pad]) * pad:
        raise Undecipherable("the padding inside Encrypt is wrong (blocks are 32 bytes)")
    return plain[:-pad]
