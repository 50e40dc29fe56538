"""Passwords of operators: what is accepted, and how they are kept (argon2) and checked."""

import secrets
import unicodedata
from functools import cache
from pathlib import Path

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from kernel.refusals import Invalid

MIN_LENGTH = 12
# Longer ones would only make the slow hash slower.
MAX_LENGTH = 200
_COMMON = Path(__file__).with_name("common_passwords.txt")
_MIN_OF_ONES_OWN = 8
_MIN_DISTINCT = 5

_hasher = PasswordHasher()


def hashed(password: str, *names: str) -> str:
    """The hash of a new password that says little about `names`, login and name of its owner.

    Slow on purpose: call it outside of transactions. Raises Invalid for `password`.
    """
    _check(password, names)
    return _hasher.hash(_plain(password))


@cache
def _nobody() -> str:
    # Verified against when there is no such operator, so that both answers take the same time.
    # Made when it is first needed: it costs each process 64 MB and a tenth of a second.
    return _hasher.hash(secrets.token_urlsafe(16))


def is_right(password_hash: str | None, password: str) -> bool:
    """Whether that is the password; without a hash it never is, and takes as long to say so."""
    try:
        _hasher.verify(password_hash or _nobody(), _plain(password)[:MAX_LENGTH])
    except (VerificationError, InvalidHashError):
        return False
    return password_hash is not None


def _check(password: str, names: tuple[str, ...]) -> None:
    plain = _plain(password)
    if len(plain) < MIN_LENGTH:
        raise Invalid(field="password", reason=f"密码至少 {MIN_LENGTH} 位")
    if len(plain) > MAX_LENGTH:
        raise Invalid(field="password", reason=f"密码最多 {MAX_LENGTH} 位")
    if not plain.isprintable():
        raise Invalid(field="password", reason="密码里有无法输入的字符，请换一个")
    folded = plain.casefold()
    rest = folded
    for name in names:
        rest = rest.replace(_plain(name).casefold(), "") if name else rest
    if len(rest) < min(_MIN_OF_ONES_OWN, len(folded)):
        raise Invalid(field="password", reason="密码不能由登录名或姓名组成，请换一个")
    if folded in _common() or len(set(folded)) < _MIN_DISTINCT:
        raise Invalid(field="password", reason="这个密码太常见，容易被猜到，请换一个")


def _plain(password: str) -> str:
    # One phone types ü as one character, another as two.
    return unicodedata.normalize("NFKC", password)


@cache
def _common() -> frozenset[str]:
    lines = _COMMON.read_text("utf-8").splitlines()
    return frozenset(line.casefold() for line in lines if line and not line.startswith("#"))
