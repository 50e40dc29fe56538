"""Operators for the tests of the kernel, with passwords that are cheap to check."""

from datetime import UTC, datetime

from argon2 import PasswordHasher
from sqlalchemy.orm import Session

from kernel.operators import NewOperator, find, insert
from kernel.vault import Vault

NOON = datetime(2026, 11, 21, 4, 0, tzinfo=UTC)  # 12:00 in Shanghai
PASSWORD = "correct horse battery"
VAULT = Vault({"k1": b"k" * 32}, b"l" * 32)
# A hash says itself what it cost, so checking these is fast.
CHEAP_HASH = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)


def hire(session: Session, login: str, role: str = "owner", branch: str | None = None) -> int:
    """A new operator's number."""
    assert insert(session, NewOperator(login, login, role, "", branch), CHEAP_HASH, NOON)
    found = find(session, login)
    assert found is not None
    return found.id
