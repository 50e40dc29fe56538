"""One effect a key, and the same answer for ever after."""

import pytest
from sqlalchemy.orm import Session

from kernel.db import Database
from kernel.idempotency import KeyReused, once
from kernel.refusals import NotFound
from tests.kernel.counters import add, totals
from tests.kernel.races import at_once
from tests.world import NOON

NAME = ("member:7:claim", "k-1")


def claim(database: Database, request: object = 1, name: tuple[str, str] = NAME) -> object:
    """A request whose effect is one more in `a`."""

    def work(session: Session) -> object:
        def effect() -> object:
            add(session, "a")
            return {"code": "C-1", "n": [1, None]}

        return once(session, name, request, NOON, effect)

    return database.transaction(work)


def test_a_repeat_gets_the_first_answer_and_has_no_effect(counters: Database) -> None:
    answers = [claim(counters, {"a": 1, "b": 2}), claim(counters, {"b": 2, "a": 1})]
    assert answers == [{"code": "C-1", "n": [1, None]}] * 2
    assert totals(counters) == (1, 0)


def test_the_key_with_another_request_is_refused(counters: Database) -> None:
    claim(counters, 1)
    with pytest.raises(KeyReused):
        claim(counters, 2)
    assert totals(counters) == (1, 0)


def test_keys_are_apart_by_scope_and_by_case(counters: Database) -> None:
    for name in (NAME, ("member:8:claim", "k-1"), ("member:7:claim", "K-1")):
        claim(counters, name=name)
    assert totals(counters) == (3, 0)


def test_eight_at_once_have_one_effect_and_one_answer(counters: Database) -> None:
    answers = at_once(8, lambda number: claim(counters))
    assert answers == [{"code": "C-1", "n": [1, None]}] * 8
    assert totals(counters) == (1, 0)


def test_a_refusal_leaves_the_key_free(counters: Database) -> None:
    def refused(session: Session) -> object:
        def effect() -> object:
            add(session, "a")
            raise NotFound

        return once(session, NAME, 1, NOON, effect)

    with pytest.raises(NotFound):
        counters.transaction(refused)
    assert claim(counters) == {"code": "C-1", "n": [1, None]}
    assert totals(counters) == (1, 0)


def test_an_answer_of_nothing_is_kept_too(counters: Database) -> None:
    def work(session: Session) -> object:
        return once(session, NAME, 1, NOON, lambda: add(session, "a"))

    assert [counters.transaction(work) for _ in range(3)] == [None] * 3
    assert totals(counters) == (1, 0)
