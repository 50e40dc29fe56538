"""Signatures and AES against the vectors of the platform's documentation."""

import pytest

from emulator.ciphers import Undecipherable, decrypt, encrypt, is_signed, sign

KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
APP = "wx1234567890abcdef"
MESSAGE = "<xml><Content><![CDATA[你好]]></Content></xml>".encode()
ENCRYPTED = (
    "Q3stYC6hdFzMh9T8HCvyDMwQK6xyeRZ7UnuZsYfP7/6Yf0piNuk7kxZYuxJFeZQQ6WWSSAGv9ZFJIKURndrGs2FWSu"
    "GKbKoh+jFCL+nhblympfCTiydWkLInGji0C1OF"
)


@pytest.mark.parametrize(
    ("timestamp", "nonce", "signature"),
    [
        ("1714036504", "1514711492", "f464b24fc39322e44b38aa78f5edd27bd1441696"),
        ("1714037059", "486452656", "899cf89e464efb63f54ddac96b0a0a235f53aa78"),
    ],
)
def test_url_check_is_signed_as_documented(timestamp: str, nonce: str, signature: str) -> None:
    assert sign("AAAAA", timestamp, nonce) == signature


def test_message_is_encrypted_as_documented() -> None:
    assert encrypt(KEY, APP, MESSAGE, random=b"0123456789abcdef") == ENCRYPTED
    signature = "c4468cfdccc95f812e93e94817e1a9c5512c465f"
    assert is_signed(signature, "AAAAA", "1714112445", "415670741", ENCRYPTED)


def test_decrypt_opens_what_encrypt_sealed_for_every_padding() -> None:
    for length in range(70):
        message = b"x" * length
        assert decrypt(KEY, APP, encrypt(KEY, APP, message)) == message


def test_decrypt_refuses_what_is_not_ours() -> None:
    assert decrypt(KEY, APP, ENCRYPTED) == MESSAGE
    with pytest.raises(Undecipherable, match="app id"):
        decrypt(KEY, "wx-other", ENCRYPTED)
    with pytest.raises(Undecipherable, match="base64"):
        decrypt(KEY, APP, "not base64 ")
    with pytest.raises(Undecipherable):
        decrypt(KEY, APP, ENCRYPTED[:-4])
