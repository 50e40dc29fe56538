"""Which passwords are accepted, and what checking one costs."""

import time
import unicodedata

import pytest

from kernel import passwords
from kernel.refusals import Invalid


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("short words", "至少 12 位"),
        ("十一个汉字的密码不够长", "至少 12 位"),
        ("x" * 201, "最多 200 位"),
        ("a line\nand another", "无法输入"),
        ("zhang.weiling", "登录名"),
        ("ZHANG.weilingZhang.Weiling", "登录名"),
        ("张伟张伟张伟张伟张伟张伟", "登录名"),
        ("zhang.weiling1234567", "登录名"),
        ("1234567890123", "太常见"),
        ("Qwertyuiop12", "太常见"),
        ("woaini1314520", "太常见"),
        ("aaaaaaaaaaaaaaaa", "太常见"),
        ("121212121212", "太常见"),
    ],
)
def test_a_weak_password_is_refused_with_the_reason(password: str, why: str) -> None:
    with pytest.raises(Invalid) as refused:
        passwords.hashed(password, "zhang.weiling", "张伟")

    assert refused.value.facts["field"] == "password"
    assert why in str(refused.value.facts["reason"])


@pytest.mark.parametrize(
    "password",
    [
        "just a few plain words",
        "十二个汉字组成的一句密码话",
        "zhang.weiling likes tea",
        "🍵 tea in the morning 🍵",
        "w" + "xyzuvt" * 33,
    ],
)
def test_length_is_enough_and_no_kinds_of_characters_are_asked_for(password: str) -> None:
    hashed = passwords.hashed(password, "zhang.weiling", "张伟")

    assert hashed.startswith("$argon2id$")
    assert passwords.is_right(hashed, password)
    assert not passwords.is_right(hashed, password + " ")


def test_one_password_typed_on_two_keyboards_is_one() -> None:
    typed = "grüne äpfel im frühling"
    hashed = passwords.hashed(unicodedata.normalize("NFD", typed))

    assert passwords.is_right(hashed, unicodedata.normalize("NFC", typed))


@pytest.mark.parametrize("stored", [None, "-", "$argon2id$broken"])
def test_without_a_hash_no_password_is_right(stored: str | None) -> None:
    assert not passwords.is_right(stored, "")
    assert not passwords.is_right(stored, "-")


def test_nobody_takes_as_long_to_check_as_somebody() -> None:
    hashed = passwords.hashed("just a few plain words")

    def cost(stored: str | None) -> float:
        begun = time.process_time()
        passwords.is_right(stored, "not the right words")
        return time.process_time() - begun

    known = min(cost(hashed) for _ in range(5))
    unknown = min(cost(None) for _ in range(5))
    assert 0.5 < unknown / known < 2


def test_the_common_ones_could_be_chosen_at_all() -> None:
    common = passwords._common()

    assert len(common) > 200
    assert all(len(one) >= passwords.MIN_LENGTH for one in common)
