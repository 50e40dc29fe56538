"""Messages to one at a time, held: stops, quiet hours, retries, a worker's end, a rate."""

from dataclasses import replace
from datetime import timedelta

import pytest

from content.reviews import Hand
from handlers.push_actors import send_push, start_push
from kernel.outcomes import Outcome
from pushes import life, retries, switches
from pushes.retries import NothingToRetry
from tests.jobs.house import House
from tests.pushes.test_lanes import allow, approved, at, run


def test_a_stopped_channel_holds_its_messages_and_loses_none(house: House) -> None:
    house.audience(3)
    push_id = approved(house, "template")
    hand = Hand(2, house.clock.now())
    house.do(lambda db: switches.stop(db, "template", "演练", hand))
    house.tick()
    house.work()
    assert house.lane.calls == []
    assert house.push(push_id).state == "running"
    house.do(lambda db: switches.let_on(db, "template", hand))
    house.tick()
    house.work()
    assert house.counts(push_id) == {"sent": 3}


def test_marketing_waits_while_people_sleep_and_service_does_not(quick_house: House) -> None:
    house = quick_house
    house.audience(2)
    allow(house, "oMember-0000", "oMember-0001")
    marketing = approved(house, "notice", title="营销", send_at=at(house, hours=8.99))
    service = approved(house, "template", title="检修")
    house.clock.move(hours=8, minutes=59.5)  # 20:59 in Shanghai
    start_push(house.tools, marketing)
    house.clock.move(minutes=1)
    send_push(house.tools, marketing)
    assert house.lane.calls == []
    house.do(lambda db: life.schedule(db, service, None, Hand(2, house.clock.now())))
    start_push(house.tools, service)
    send_push(house.tools, service)
    assert house.push(service).state == "finished"
    house.clock.move(hours=11)
    send_push(house.tools, marketing)
    assert house.counts(marketing) == {"sent": 2}


def test_only_the_failed_are_tried_again(house: House) -> None:
    openids = house.audience(4)
    house.rules = replace(house.rules, error_percent=100)
    house.lane.answers = {
        openids[0]: [Outcome("refused", "40037")],
        openids[1]: [Outcome("refused", "43004")],
        openids[2]: [Outcome("unknown", "HTTP 502")],
    }
    push_id = approved(house, "template")
    run(house, push_id)
    hand = Hand(1, house.clock.now())
    house.do(lambda db: retries.retry_failed(db, push_id, hand))
    run(house, push_id)
    assert house.lane.reached == {**dict.fromkeys(openids, 1), openids[0]: 2}
    assert house.counts(push_id) == {"sent": 2, "failed": 1, "unknown": 1}
    with pytest.raises(NothingToRetry):
        house.do(lambda db: retries.retry_failed(db, push_id, hand))


def test_a_cancelled_push_sends_nothing_more_and_counts_everybody(house: House) -> None:
    house.audience(9)
    house.rules = replace(house.rules, chunk=3)
    push_id = approved(house, "template")
    start_push(house.tools, push_id)

    def regret(_call: object) -> None:
        if house.push(push_id).state == "running":
            house.do(lambda db: life.cancel(db, push_id, Hand(2, house.clock.now()), "发错了"))

    house.lane.before = regret
    send_push(house.tools, push_id)
    house.tick()
    house.work()
    counts = house.counts(push_id)
    assert counts == {"sent": 3, "skipped": 6}
    assert len(house.lane.calls) == 3
    assert house.push(push_id).state == "cancelled"


def test_a_worker_that_must_end_gives_its_chunk_back_at_once(quick_house: House) -> None:
    house = quick_house
    house.rules = replace(house.rules, in_flight=2)
    house.audience(9)
    push_id = approved(house, "template")
    start_push(house.tools, push_id)
    tools = house.tools
    stopping = replace(tools, stopping=lambda: len(house.lane.calls) >= 2)
    send_push(stopping, push_id)
    counts = house.counts(push_id)
    assert (counts["sent"], counts["pending"]) == (
        len(house.lane.calls),
        9 - len(house.lane.calls),
    )
    send_push(house.tools, push_id)
    assert house.counts(push_id) == {"sent": 9}


def test_a_rate_is_shared_and_kept(quick_house: House) -> None:
    house = quick_house
    house.audience(30)
    house.rules = replace(house.rules, chunk=10)
    push_id = approved(house, "template", rate=10)
    start_push(house.tools, push_id)
    began, left = house.clock.now(), []
    house.lane.before = lambda _call: left.append(house.clock.now())
    real = house.clock.now
    # Each look at the clock takes a hundredth of a second.
    house.clock.now = lambda: house.clock.move(seconds=0.01) or real()  # type: ignore
    for _ in range(4):
        send_push(house.tools, push_id)
    del house.clock.now
    assert len(left) == 30
    for start in left:
        within = [one for one in left if start <= one < start + timedelta(seconds=1)]
        assert len(within) <= 11
    assert timedelta(seconds=2.7) <= left[-1] - began <= timedelta(seconds=4)


def test_a_worker_that_slept_before_its_calls_makes_none_of_them(quick_house: House) -> None:
    house = quick_house
    house.audience(6)
    push_id = approved(house, "template", rate=40)
    start_push(house.tools, push_id)
    real = house.clock.now
    house.clock.now = lambda: house.clock.move(seconds=0.01) or real()  # type: ignore
    house.lane.before = lambda _call: house.clock.move(seconds=40)
    send_push(house.tools, push_id)
    del house.clock.now
    # One a claim, since each call takes longer than a lease: but each once, and none under a
    # lease that was over.
    assert set(house.lane.reached.values()) == {1}
    assert {row.attempts for row in house.rows(push_id)} == {1}
    assert house.counts(push_id) == {"sent": 6}
