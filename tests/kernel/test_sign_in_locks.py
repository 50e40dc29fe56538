"""Lock-out: five tries in fifteen minutes, for known and unknown logins alike."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from kernel import sign_in_locks
from kernel.db import Database
from kernel.sign_in_locks import LoginLocked, SignInLock
from tests.kernel.people import NOON


def fail(database: Database, login: str, at: datetime) -> int:
    """A try that was wrong: how many are left."""
    return database.transaction(lambda db: sign_in_locks.take_try(db, login, at))


def after(**passed: float) -> datetime:
    return NOON + timedelta(**passed)


def test_five_failures_lock_for_a_quarter_of_an_hour(database: Database) -> None:
    assert [fail(database, "lin", after(minutes=n)) for n in range(5)] == [4, 3, 2, 1, 0]

    for minutes in (4, 10, 18.9):
        with pytest.raises(LoginLocked):
            fail(database, "lin", after(minutes=minutes))
    assert fail(database, "lin", after(minutes=19)) == 4, "then all tries are there again"


def test_failures_that_are_long_ago_count_no_more(database: Database) -> None:
    for minutes in (0, 4, 8, 12):
        fail(database, "lin", after(minutes=minutes))

    assert fail(database, "lin", after(minutes=15)) == 1, "the first is out of the window"
    assert fail(database, "lin", after(minutes=16)) == 0
    with pytest.raises(LoginLocked):
        fail(database, "lin", after(minutes=17))


def test_a_try_that_was_right_is_given_back(database: Database) -> None:
    for _ in range(4):
        fail(database, "lin", NOON)
    at = after(minutes=1)
    assert fail(database, "lin", at) == 0

    database.transaction(lambda db: sign_in_locks.give_back(db, "lin", at))

    assert fail(database, "lin", after(minutes=2)) == 0, "the four failures still count"
    with pytest.raises(LoginLocked):
        fail(database, "lin", after(minutes=3))


def test_a_sign_in_forgets_the_failures(database: Database) -> None:
    for _ in range(4):
        fail(database, "lin", NOON)

    database.transaction(lambda db: sign_in_locks.clear(db, "lin"))

    assert fail(database, "lin", NOON) == 4


def test_logins_are_locked_one_by_one_whatever_is_typed(database: Database) -> None:
    for login in ("lin", " lin ", "lin", "lin  ", "lin"):
        fail(database, login, NOON)

    with pytest.raises(LoginLocked):
        fail(database, "lin", NOON)
    for other in ("Lin", "li", "", "\x00", "林" * 5_000, "\ud800"):
        assert fail(database, other, NOON) == 4


def test_the_lock_is_seen_while_it_lasts(database: Database) -> None:
    def until(minutes: float) -> datetime | None:
        return database.read(
            lambda db: sign_in_locks.locked_until(db, "lin", after(minutes=minutes))
        )

    assert until(0) is None
    for _ in range(5):
        fail(database, "lin", NOON)

    assert until(1) == after(minutes=15)
    assert until(15) is None


def test_what_was_typed_is_not_kept(database: Database) -> None:
    fail(database, "my own password", NOON)

    row = database.read(lambda db: db.scalars(select(SignInLock)).one())
    assert "password" not in repr(vars(row))
