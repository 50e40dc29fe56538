"""Pushes among rivals, and after a worker died at any line."""

import contextlib
import dataclasses
import threading
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text

from handlers.push_actors import finish_push, send_push, start_push
from kernel.db import Database
from pushes import addressees, chunks, deliveries
from pushes.addressees import Addressee
from pushes.chunks import Claim
from pushes.deliveries import Settled
from tests.jobs.house import House, Killed


def running(house: House) -> int:
    """A push whose rows stand."""
    push_id = house.approved()
    start_push(house.tools, push_id)
    house.waiting.clear()
    return push_id


def at_once(count: int, work: Callable[[], object]) -> None:
    """Run `work` in threads that start together; their errors are the test's."""
    barrier, errors = threading.Barrier(count), []

    def run() -> None:
        barrier.wait()
        try:
            work()
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []


def test_workers_at_once_send_no_chunk_twice(house: House) -> None:
    house.chunk = 2
    following = house.audience(24)
    push_id = running(house)

    at_once(4, lambda: send_push(house.tools, push_id))
    house.settle_everything()

    assert house.channel.reached == dict.fromkeys(following, 1)
    names = Counter(name for name, _ in house.channel.calls)
    assert set(names.values()) == {1}
    assert house.counts(push_id) == {"sent": 24}
    assert house.push(push_id).state == "finished"


def test_two_who_start_one_push_make_one_set_of_rows(house: House) -> None:
    following = house.audience(7)
    push_id = house.approved()

    at_once(3, lambda: start_push(house.tools, push_id))

    assert sorted(row.openid for row in house.rows(push_id)) == following
    assert set(house.waiting) == {("send_push", push_id)}


def test_a_worker_lost_in_the_call_leaves_unknown_and_never_a_second_call(house: House) -> None:
    house.audience(6)
    push_id = running(house)
    house.channel.answers = [Killed]
    with pytest.raises(Killed):
        send_push(house.tools, push_id)
    assert house.counts(push_id) == {"sending": 3, "pending": 3}

    house.tick()  # too early: the worker could still be alive
    assert house.counts(push_id)["sending"] == 3
    house.settle_everything()

    assert house.counts(push_id) == {"unknown": 3, "sent": 3}
    assert set(house.channel.reached.values()) == {1}
    assert house.push(push_id).state == "finished"
    assert house.rows(push_id)[0].reason == "worker lost"


def test_a_worker_lost_before_the_call_leaves_its_chunk_to_another(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.audience(6)
    push_id = running(house)

    def die(*_args: object) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(chunks, "begin", die)
        with pytest.raises(Killed):
            send_push(house.tools, push_id)
    assert house.counts(push_id) == {"pending": 6}

    house.settle_everything()

    assert house.counts(push_id) == {"sent": 6}
    assert set(house.channel.reached.values()) == {1}


def claim(house: House, push_id: int) -> Claim:
    """The claim of a worker that may be slow."""
    now = house.clock.now()
    found = house.database.transaction(lambda db: chunks.claim(db, push_id, "slow", now))
    assert found is not None
    return found


def renew(house: House, held: Claim) -> bool:
    """Whether the worker may still begin something."""
    now = house.clock.now()
    return house.database.transaction(lambda db: chunks.renew(db, held, now))


def test_a_worker_that_slept_through_its_lease_does_not_begin(house: House) -> None:
    house.audience(3)
    push_id = running(house)
    held = claim(house, push_id)
    assert renew(house, held)
    house.clock.move(seconds=21)  # the lease lasts 30 s, a call may take 10
    assert not renew(house, held)
    house.clock.move(seconds=10)
    house.tick()
    other = claim(house, push_id)
    assert (other.chunk_id, other.claim_no) == (held.chunk_id, held.claim_no + 1)
    assert not renew(house, held)
    assert renew(house, other)


def test_a_late_answer_is_taken_from_whoever_made_the_call_and_nobody_else(house: House) -> None:
    house.audience(3)
    push_id = running(house)
    held = claim(house, push_id)
    ids = [row.id for row in house.rows(push_id)]
    house.do(lambda db: chunks.begin(db, held, ids))
    house.clock.move(seconds=31)
    house.tick()
    assert house.counts(push_id) == {"unknown": 3}
    other = claim(house, push_id)
    ended = [Settled(each, "sent", "mass") for each in ids]

    def settle(claim_no: int) -> int:
        now = house.clock.now()
        return house.database.transaction(lambda db: deliveries.settle(db, claim_no, ended, now))

    assert settle(other.claim_no) == 0
    assert house.counts(push_id) == {"unknown": 3}
    assert settle(held.claim_no) == 3
    assert house.counts(push_id) == {"sent": 3}


def test_what_was_begun_is_begun_again_by_its_own_claim_alone(house: House) -> None:
    # The answer to a commit may be lost: the transaction is then repeated whole.
    following = house.audience(3)
    push_id = running(house)
    held = claim(house, push_id)
    ids = [row.id for row in house.rows(push_id)]

    def begin(by: Claim) -> list[Addressee]:
        return house.database.transaction(lambda db: addressees.begin(db, by, ids))

    first = begin(held)
    assert sorted(one.openid for one in first) == following
    assert {(one.attempts, one.subscribed) for one in first} == {(1, True)}
    assert begin(held) == first
    assert begin(dataclasses.replace(held, claim_no=held.claim_no + 1)) == []
    assert house.counts(push_id) == {"sending": 3}


def test_the_pages_of_deliveries_have_room_for_their_updates(
    opened: dict[str, Database],
) -> None:
    options = text("SELECT reloptions FROM pg_class WHERE relname = 'delivery'")
    found = opened["postgresql"].read(lambda db: db.scalar(options))
    assert found == ["fillfactor=50"]


def test_a_push_is_closed_only_when_nobody_waits(house: House) -> None:
    house.audience(3)
    push_id = running(house)
    finish_push(house.tools, push_id)
    assert house.push(push_id).state == "running"
    held = claim(house, push_id)
    house.do(lambda db: chunks.begin(db, held, [row.id for row in house.rows(push_id)]))
    finish_push(house.tools, push_id)
    assert house.push(push_id).state == "running"
    house.settle_everything()
    assert house.push(push_id).state == "finished"


def test_workers_that_die_again_and_again_lose_nobody_and_double_nobody(
    quick_house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = quick_house
    house.chunk = 2
    following = house.audience(30)
    push_id = running(house)
    real, calls = chunks.begin, iter(range(1000))

    def sometimes(*args: Any) -> None:
        if next(calls) % 3 == 1:
            raise Killed
        real(*args)

    monkeypatch.setattr(chunks, "begin", sometimes)
    house.channel.answers = [Killed] * 4
    while house.push(push_id).state == "running":
        with contextlib.suppress(Killed):
            send_push(house.tools, push_id)
        house.clock.move(seconds=31)
        with contextlib.suppress(Killed):
            house.tick()
            house.work()
    counts = house.counts(push_id)
    assert counts == {"unknown": 8, "sent": 22}
    assert house.channel.reached == dict.fromkeys(following, 1)
