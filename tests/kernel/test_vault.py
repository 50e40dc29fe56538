"""Sealed values: open with the right key in the right place, otherwise not at all."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.vault import Unreadable, Vault, vault_of

OLD, NEW, LOOKUP = b"o" * 32, b"n" * 32, b"l" * 32
PLACE = "member.phone"


def test_what_was_sealed_opens_and_looks_different_each_time() -> None:
    vault = Vault({"k1": OLD}, LOOKUP)
    sealed = {vault.seal("13812345678", PLACE) for _ in range(5)}
    assert len(sealed) == 5
    assert {vault.open(each, PLACE) for each in sealed} == {"13812345678"}
    assert not any("1381234" in each for each in sealed)


@given(st.text(st.characters(codec="utf-8")), st.text("abc.", max_size=5))
def test_any_text_opens_in_its_place(text: str, place: str) -> None:
    vault = Vault({"k1": OLD}, LOOKUP)
    assert vault.open(vault.seal(text, place), place) == text


def test_old_keys_read_and_the_newest_seals() -> None:
    before, after = Vault({"k1": OLD}, LOOKUP), Vault({"k1": OLD, "k2": NEW}, LOOKUP)
    assert after.open(before.seal("x", PLACE), PLACE) == "x"
    assert after.seal("x", PLACE).startswith("k2:")
    with pytest.raises(Unreadable):
        before.open(after.seal("x", PLACE), PLACE)
    assert before.digest("138") == after.digest("138")


def test_another_place_or_key_does_not_open() -> None:
    vault = Vault({"k1": OLD}, LOOKUP)
    sealed = vault.seal("x", PLACE)
    with pytest.raises(Unreadable):
        vault.open(sealed, "member.name")
    with pytest.raises(Unreadable):
        Vault({"k1": NEW}, LOOKUP).open(sealed, PLACE)


def test_no_changed_byte_is_overlooked() -> None:
    vault = Vault({"k1": OLD}, LOOKUP)
    name, _, body = vault.seal("13812345678", PLACE).partition(":")
    raw = base64.b64decode(body)
    for position in range(len(raw)):
        changed = bytearray(raw)
        changed[position] ^= 1
        with pytest.raises(Unreadable):
            vault.open(f"{name}:{base64.b64encode(changed).decode()}", PLACE)


@pytest.mark.parametrize("broken", ["", "k1", "k1:", "k1:AAAA", "k1:é", "k1:@@", ":", "k9:AAAA"])
def test_garbage_is_unreadable(broken: str) -> None:
    with pytest.raises(Unreadable):
        Vault({"k1": OLD}, LOOKUP).open(broken, PLACE)


def test_digests_need_the_key() -> None:
    one, two = Vault({"k1": OLD}, LOOKUP), Vault({"k1": OLD}, b"m" * 32)
    assert one.digest("138") == one.digest("138") != one.digest("139")
    assert one.digest("138") != two.digest("138")
    assert len(one.digest("")) == 64


@pytest.mark.parametrize(
    "keys", ["", "k1", "k1:", "k1:AAAA", f"k1:{'A' * 44},", "k1:" + "é" * 44, "k1:" + "A" * 45]
)
def test_keys_that_are_not_32_bytes_are_refused(keys: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        vault_of(keys, base64.b64encode(LOOKUP).decode())


def test_a_vault_is_read_from_configuration() -> None:
    pairs = f"k1:{base64.b64encode(OLD).decode()}, k2:{base64.b64encode(NEW).decode()}"
    vault = vault_of(pairs, base64.b64encode(LOOKUP).decode())
    assert vault.open(Vault({"k1": OLD}, LOOKUP).seal("x", PLACE), PLACE) == "x"
    assert vault.seal("x", PLACE).startswith("k2:")
