"""Sessions: how they end, the step between password and code, the fresh password."""

from datetime import timedelta
from functools import partial

import pytest

from kernel import operator_sessions
from kernel.db import Database
from kernel.operator_sessions import Browser, Found, SessionRules
from kernel.refusals import NotFound
from tests.kernel.people import NOON, hire

RULES = SessionRules(timedelta(minutes=30), timedelta(hours=8))


@pytest.fixture
def lin(database: Database) -> int:
    return database.transaction(lambda db: hire(db, "lin"))


def open_one(database: Database, number: int, *, awaits_code: bool = False) -> str:
    browser = Browser("Mozilla/5.0 (林\x00) Chrome" + "x" * 500, "2001:db8::1")
    return database.transaction(
        lambda db: operator_sessions.open_session(
            db, number, NOON, browser, awaits_code=awaits_code
        )
    )


def find(database: Database, token: str, **passed: float) -> Found | None:
    at = NOON + timedelta(**passed)
    return database.read(lambda db: operator_sessions.find(db, token, at, RULES))


def test_a_session_ends_when_idle_and_after_its_life(database: Database, lin: int) -> None:
    token = open_one(database, lin)
    assert find(database, token, minutes=29)
    assert find(database, token, minutes=30) is None

    for hour in range(8):
        for minute in (20, 40, 60):
            at = NOON + timedelta(hours=hour, minutes=minute)
            database.transaction(partial(operator_sessions.touch_session, token=token, at=at))
    assert find(database, token, hours=7, minutes=59)
    assert find(database, token, hours=8) is None


def test_one_that_awaits_a_code_lives_ten_minutes_and_is_on_no_list(
    database: Database, lin: int
) -> None:
    token = open_one(database, lin, awaits_code=True)

    waiting = find(database, token, minutes=9)
    assert waiting is not None
    assert waiting.session.awaits_code
    assert not operator_sessions.is_confirmed(waiting.session, NOON)
    assert find(database, token, minutes=10) is None
    assert database.read(lambda db: operator_sessions.of_operator(db, lin, NOON, RULES)) == []


def test_the_password_is_fresh_for_five_minutes(database: Database, lin: int) -> None:
    token = open_one(database, lin)
    found = find(database, token)
    assert found is not None
    assert operator_sessions.is_confirmed(found.session, NOON + timedelta(minutes=4.9))
    later = NOON + timedelta(minutes=5)
    assert not operator_sessions.is_confirmed(found.session, later)

    database.transaction(lambda db: operator_sessions.confirm(db, token, later))

    again = find(database, token, minutes=5)
    assert again is not None
    assert operator_sessions.is_confirmed(again.session, later)


def test_sessions_are_ended_one_by_one_or_all_but_mine(database: Database, lin: int) -> None:
    mine, phone, tablet = (open_one(database, lin) for _ in range(3))
    zhou = database.transaction(lambda db: hire(db, "zhou"))
    other = open_one(database, zhou)
    mark = operator_sessions.hash_of

    with pytest.raises(NotFound):
        database.transaction(lambda db: operator_sessions.end_one(db, lin, mark(other), NOON))
    database.transaction(lambda db: operator_sessions.end_one(db, lin, mark(phone), NOON))
    with pytest.raises(NotFound):
        database.transaction(lambda db: operator_sessions.end_one(db, lin, mark(phone), NOON))
    ended = database.transaction(
        lambda db: operator_sessions.end_all(db, lin, NOON, but_token=mine)
    )

    assert ended == 1
    assert [bool(find(database, one)) for one in (mine, phone, tablet, other)] == [
        True, False, False, True,
    ]  # fmt: skip


def test_what_a_browser_says_of_itself_is_kept_short_and_plain(
    database: Database, lin: int
) -> None:
    open_one(database, lin)

    (row,) = database.read(lambda db: operator_sessions.of_operator(db, lin, NOON, RULES))
    assert row.address == "2001:db8::1"
    assert row.user_agent.startswith("Mozilla/5.0 () Chrome")
    assert len(row.user_agent) <= 200
