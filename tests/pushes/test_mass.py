"""A push by mass send from approval to its end: one row a recipient, each sent once."""

import pytest

from content.reviews import Hand, OwnWork
from handlers.push_actors import start_push
from kernel.outcomes import Outcome
from pushes import drafts, life
from pushes.pushes import WrongState
from tests.jobs.house import House

STOP = Outcome("stop", "45028")
AGAIN = Outcome("again", "-1")


def run(house: House) -> int:
    """Approve a push, let the jobs see it and a worker do it."""
    push_id = house.approved()
    house.tick()
    house.work()
    return push_id


def test_everybody_who_follows_gets_it_once(house: House) -> None:
    following = house.audience(8, unsubscribed=3)

    push_id = run(house)

    assert house.channel.reached == dict.fromkeys(following, 1)
    assert house.channel.sizes == [3, 3, 2]
    push, rows = house.push(push_id), house.rows(push_id)
    assert (push.state, push.total) == ("finished", 11)
    assert push.started_at == push.finished_at == house.clock.now()
    sent = [row for row in rows if row.state == "sent"]
    assert [row.openid for row in sent] == following
    assert {row.attempts for row in sent} == {1}
    assert {(row.state, row.reason) for row in rows[8:]} == {("skipped", "unfollowed")}
    assert house.counts(push_id) == {"sent": 8, "skipped": 3}
    house.settle_everything()
    assert len(house.channel.calls) == 3


def test_a_push_that_reaches_nobody_fails_with_its_reason(quick_house: House) -> None:
    quick_house.audience(0, unsubscribed=2)
    push_id = run(quick_house)
    push = quick_house.push(push_id)
    assert (push.state, push.total, push.reason) == ("failed", 2, "没有可以送达的收件人")
    quick_house.settle_everything()
    assert quick_house.channel.calls == []


def test_a_single_recipient_cannot_be_reached_by_a_mass_send(quick_house: House) -> None:
    quick_house.audience(1)
    push_id = run(quick_house)
    quick_house.settle_everything()
    assert quick_house.channel.calls == []
    assert quick_house.rows(push_id)[0].reason == "alone"
    assert quick_house.push(push_id).state == "finished"


@pytest.mark.parametrize(
    ("count", "sizes"),
    [(2, [2]), (3, [3]), (4, [4]), (5, [3, 2]), (6, [3, 3]), (7, [3, 4]), (8, [3, 3, 2])],
)
def test_no_call_is_left_with_one_recipient(
    quick_house: House, count: int, sizes: list[int]
) -> None:
    following = quick_house.audience(count)
    push_id = run(quick_house)
    assert quick_house.channel.sizes == sizes
    assert quick_house.channel.reached == dict.fromkeys(following, 1)
    assert quick_house.push(push_id).state == "finished"


def test_the_smallest_chunk_makes_pairs_and_one_three(quick_house: House) -> None:
    quick_house.chunk = 2
    quick_house.audience(7)
    run(quick_house)
    assert quick_house.channel.sizes == [2, 2, 3]


def test_nobody_approves_what_he_wrote(quick_house: House) -> None:
    house = quick_house
    house.audience(2)
    author, other = Hand(1, house.clock.now()), Hand(2, house.clock.now())
    form = drafts.text_form("t", "端午安康")
    push = house.database.transaction(lambda db: drafts.write(db, form, author))
    house.do(lambda db: life.submit(db, push.id, author))
    with pytest.raises(OwnWork):
        house.do(lambda db: life.approve(db, push.id, author))
    house.tick()
    house.work()
    assert house.channel.calls == []
    house.do(lambda db: life.approve(db, push.id, other))
    with pytest.raises(WrongState):
        house.do(lambda db: life.approve(db, push.id, other))
    assert house.push(push.id).state == "approved"


def test_an_approval_that_the_queue_lost_is_found_by_the_tick(quick_house: House) -> None:
    house = quick_house
    house.audience(4)
    push_id = house.approved()
    house.tick()
    house.waiting.clear()
    house.tick()
    house.work()
    assert house.push(push_id).state == "finished"


def test_a_running_push_that_the_queue_lost_is_found_by_the_sweep(quick_house: House) -> None:
    house = quick_house
    house.audience(4)
    push_id = house.approved()
    house.tick()
    assert house.waiting == [("start_push", push_id)]
    start_push(house.tools, push_id)
    house.waiting.clear()  # the queue was flushed
    assert house.push(push_id).state == "running"
    house.tick()
    house.work()
    assert house.push(push_id).state == "finished"


def test_a_refused_account_pauses_the_push_with_the_reason(house: House) -> None:
    house.audience(8)
    house.channel.answers = [Outcome("sent"), STOP]

    push_id = run(house)

    push = house.push(push_id)
    assert push.state == "paused"
    assert "45028" in (push.reason or "")
    assert house.counts(push_id) == {"sent": 3, "pending": 5}
    house.settle_everything()
    assert len(house.channel.calls) == 2
    assert house.push(push_id).state == "paused"


def test_a_busy_platform_is_asked_again_by_the_sweep_under_the_same_name(house: House) -> None:
    house.audience(5)
    house.channel.answers = [AGAIN]

    push_id = run(house)

    assert house.counts(push_id) == {"pending": 3, "sent": 2}
    assert house.push(push_id).state == "running"
    house.clock.move(seconds=6)
    house.tick()
    house.work()
    assert house.push(push_id).state == "finished"
    names = [name for name, _ in house.channel.calls]
    assert (len(names), len(set(names)), names.count(names[0])) == (3, 2, 2)
    assert sorted(row.attempts for row in house.rows(push_id)) == [1, 1, 2, 2, 2]


def test_what_is_refused_for_good_fails_and_the_rest_goes_on(house: House) -> None:
    house.audience(6)
    house.channel.answers = [Outcome("refused", "40130")]

    push_id = run(house)

    assert house.counts(push_id) == {"failed": 3, "sent": 3}
    assert house.push(push_id).state == "finished"
    assert house.rows(push_id)[0].reason == "40130"


def test_no_clear_answer_is_kept_as_unknown_and_not_sent_again(house: House) -> None:
    house.audience(6)
    house.channel.answers = [Outcome("unknown", "HTTP 502")]

    push_id = run(house)
    house.settle_everything()

    assert house.counts(push_id) == {"unknown": 3, "sent": 3}
    assert set(house.channel.reached.values()) == {1}
    assert house.push(push_id).state == "finished"


def test_names_of_calls_differ_between_pushes_and_fit_the_platform(quick_house: House) -> None:
    house = quick_house
    house.audience(4)
    run(house)
    house.clock.move(seconds=1)
    run(house)
    names = [name for name, _ in house.channel.calls]
    assert len(set(names)) == len(names) == 2
    assert all(len(name.encode()) <= 64 for name in names)
