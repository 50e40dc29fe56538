"""The SMS port: what each answer of a provider means."""

import pytest

from kernel import sms
from kernel.sms import HttpSms, Sms, SmsRefused, SmsUnknown
from kernel.vault import Unreadable, Vault
from tests.bot.stub import Answer, Hang, Page, Reset, open_platform
from tests.servers import free_port

PATH = "/send"
MESSAGE = Sms("验证码 1", "code", {"code": "1"})


def send(answer: Answer, patched: pytest.MonkeyPatch) -> None:
    """One message to a provider that answers so."""
    patched.setattr(sms, "_TIMEOUT_SECONDS", (0.3, 0.3))
    with open_platform() as provider:
        provider.will(PATH, answer)
        try:
            HttpSms(f"{provider.url}{PATH}?key=hunter2").send("13812345678", MESSAGE)
        finally:
            (call,) = provider.calls
            assert call.json == {"phone": "13812345678", "text": "验证码 1"}


def test_only_ok_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    send({"ok": True}, monkeypatch)


@pytest.mark.parametrize("status", [400, 402, 429])
def test_a_clear_no_is_refused(monkeypatch: pytest.MonkeyPatch, status: int) -> None:
    with pytest.raises(SmsRefused, match=str(status)):
        send(Page(b"{}", status=status), monkeypatch)


@pytest.mark.parametrize(
    "answer",
    [
        {"ok": False}, {"ok": 1}, {}, b"", b"null", b"[]", b"\xff", b"<html>",
        Page(b'{"ok":true}', status=500),
        Page(status=302, headers=(("Location", "/elsewhere"),)), Reset, Hang,
    ],
    ids=str,
)  # fmt: skip
def test_anything_else_is_unknown_and_tells_no_address(
    monkeypatch: pytest.MonkeyPatch, answer: Answer
) -> None:
    with pytest.raises(SmsUnknown) as unknown:
        send(answer, monkeypatch)
    assert "hunter2" not in str(unknown.value)


def test_a_provider_that_is_away_is_not_a_success() -> None:
    with pytest.raises((SmsUnknown, SmsRefused)):
        HttpSms(f"http://127.0.0.1:{free_port()}/").send("13812345678", MESSAGE)


def test_a_message_waits_sealed_and_whole() -> None:
    vault = Vault({"k1": b"k" * 32}, b"l" * 32)
    sealed = sms.seal(vault, "13812345678", MESSAGE)
    assert "13812345678" not in sealed
    assert sms.unseal(vault, sealed) == ("13812345678", MESSAGE)


@pytest.mark.parametrize("text", ["13812345678 验证码", "{}", "[]", "null"])
def test_what_was_sealed_in_another_form_is_unreadable(text: str) -> None:
    vault = Vault({"k1": b"k" * 32}, b"l" * 32)
    with pytest.raises(Unreadable):
        sms.unseal(vault, vault.seal(text, "outbox.sms"))
