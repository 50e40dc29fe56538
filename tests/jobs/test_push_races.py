"""Pushes among rivals, and after a worker died at any line."""

import contextlib
import threading
from collections import Counter
from collections.abc import Callable

import pytest

from handlers.actors import finish_push, send_push, start_push
from pushes import deliveries
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
    assert house.waiting == [("send_push", push_id)]


def test_a_worker_lost_in_the_call_leaves_unknown_and_never_a_second_call(house: House) -> None:
    house.audience(6)
    push_id = running(house)
    house.channel.answers = [Killed]
    with pytest.raises(Killed):
        send_push(house.tools, push_id)
    assert house.counts(push_id) == {"sending": 3, "pending": 3}

    house.tick()  # too early: the worker could still be alive
    assert house.waiting == []
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
        patched.setattr(deliveries, "begin", die)
        with pytest.raises(Killed):
            send_push(house.tools, push_id)
    assert house.counts(push_id) == {"leased": 3, "pending": 3}

    house.settle_everything()

    assert house.counts(push_id) == {"sent": 6}
    assert set(house.channel.reached.values()) == {1}


def test_a_worker_that_slept_through_its_lease_does_not_begin(house: House) -> None:
    house.audience(3)
    push_id = running(house)
    now = house.clock.now
    house.do(lambda db: deliveries.claim(db, push_id, "slow", now()))
    house.clock.move(seconds=21)  # the lease lasts 30 s, a call may take 10
    begun = house.database.transaction(lambda db: deliveries.begin(db, push_id, 0, "slow", now()))
    assert begun == []
    assert house.counts(push_id) == {"leased": 3}


def test_an_answer_that_comes_after_the_lease_changes_nothing(house: House) -> None:
    house.audience(3)
    push_id = running(house)
    now = house.clock.now
    house.do(lambda db: deliveries.claim(db, push_id, "slow", now()))
    rows = house.database.transaction(lambda db: deliveries.begin(db, push_id, 0, "slow", now()))
    house.clock.move(seconds=31)
    house.tick()
    late = house.database.transaction(
        lambda db: deliveries.settle(
            db, [row[0] for row in rows], "slow", ("sent", None, 1), now()
        )
    )
    assert late == 0
    assert house.counts(push_id) == {"unknown": 3}


def test_a_push_is_closed_only_when_nobody_waits(house: House) -> None:
    house.audience(6)
    push_id = running(house)
    for state in ("pending", "leased", "sending"):
        finish_push(house.tools, push_id)
        assert house.push(push_id).state == "running", state
        if state == "pending":
            house.do(lambda db: deliveries.claim(db, push_id, "w", house.clock.now()))
        elif state == "leased":
            house.do(lambda db: deliveries.begin(db, push_id, 0, "w", house.clock.now()))
    house.settle_everything()
    assert house.push(push_id).state == "finished"


def test_workers_that_die_again_and_again_lose_nobody_and_double_nobody(
    quick_house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = quick_house
    house.chunk = 2
    following = house.audience(30)
    push_id = running(house)
    real, calls = deliveries.begin, iter(range(1000))

    def sometimes(*args: object) -> object:
        if next(calls) % 3 == 1:
            raise Killed
        return real(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(deliveries, "begin", sometimes)
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
