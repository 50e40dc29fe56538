"""Publications: now, at a time, back again, rolled back; refused, unsure and killed on the way."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from kernel.audit import AuditEntry
from kernel.outcomes import Outcome
from kernel.refusals import Invalid
from menus import publications, sendings, versions
from menus.conditional import Face
from menus.publications import NothingToReturnTo, Plan
from menus.versions import MenuState
from tests.menus.house import BASE, MARKETER, RULES, House, Killed, menu

ONE, TWO, THREE = menu("资费"), menu("网点"), menu("活动")


def test_a_version_goes_live_and_the_next_takes_its_place(house: House) -> None:
    first = house.publish(ONE)
    assert (house.live(), house.state(first), house.wechat.names) == (first, "published", ["资费"])
    second = house.publish(TWO)
    assert (house.state(first), house.state(second)) == ("superseded", "published")
    assert house.wechat.names == ["网点"]
    assert house.log() == [(first, "published", "done"), (second, "published", "done")]
    acts = house.database.read(lambda db: db.scalars(select(AuditEntry)).all())
    assert [act.operator_id for act in acts if act.action == "menu.published"] == [1, 1]


def test_only_what_was_approved_is_published(house: House) -> None:
    hand = house.hand(MARKETER)
    number = house.do(lambda db: versions.draft(db, Face(ONE), "", hand)).id
    with pytest.raises(MenuState):
        house.order(number)
    assert house.log() == []


def test_the_first_one_is_published_by_the_system_and_says_so(house: House) -> None:
    at = house.clock.now()
    number = house.do(lambda db: versions.add(db, ONE, "config.yaml", at, BASE)).id
    made = house.do(lambda db: publications.publish_first(db, number, at))
    house.send()
    done = house.publication(made.id)
    assert (done.state, done.by_operator) == ("done", None)
    assert "未经审核" in done.reason
    other = house.do(lambda db: versions.add(db, TWO, "again", at, BASE)).id
    with pytest.raises(MenuState):
        house.do(lambda db: publications.publish_first(db, other, at))


def test_of_two_publications_the_newest_wins(house: House) -> None:
    first, second = house.approved(ONE), house.approved(TWO)
    house.order(first)
    house.order(second)
    house.send()
    assert house.live() == second
    assert house.log() == [(first, "published", "overtaken"), (second, "published", "done")]
    assert house.state(first) == "approved"
    assert house.wechat.calls.count("create") == 1


def test_a_rollback_takes_one_call_and_no_review(house: House) -> None:
    zero, first, second = house.publish(THREE), house.publish(ONE), house.publish(TWO)
    house.clock.move(seconds=1)
    made = house.do(lambda db: publications.roll_back(db, house.hand(MARKETER)))
    assert made.version_id == first
    house.send()
    assert (house.live(), house.state(second)) == (first, "rolled_back")
    assert house.wechat.names == ["资费"]
    made = house.do(lambda db: publications.roll_back(db, house.hand(MARKETER)))
    assert made.version_id == zero  # what was rolled back from is not gone back to
    house.send()
    with pytest.raises(NothingToReturnTo):
        house.do(lambda db: publications.roll_back(db, house.hand(MARKETER)))


def test_a_second_before_midnight_in_shanghai(house: House) -> None:
    house.publish(ONE)
    festival = house.approved(TWO)
    at = datetime(2026, 12, 31, 15, 59, 59, tzinfo=UTC)  # 23:59:59 on the last day of the year
    house.order(festival, Plan(at))
    assert house.state(festival) == "scheduled"
    house.clock.instant = at - timedelta(seconds=1)
    house.later()
    assert house.live() != festival
    house.later(seconds=1)
    assert (house.live(), house.version(festival).published_at) == (festival, at)


def test_after_the_festival_it_returns_by_itself(house: House) -> None:
    ordinary, festival = house.publish(ONE), house.approved(TWO)
    start = house.clock.now() + timedelta(days=1)
    house.order(festival, Plan(start, start + timedelta(days=3)))
    house.later(days=1)
    assert house.live() == festival
    house.later(days=2, hours=23)
    assert house.live() == festival
    house.later(hours=1)
    assert (house.live(), house.state(festival)) == (ordinary, "superseded")
    assert house.log()[-1] == (ordinary, "returned", "done")
    assert house.wechat.names == ["资费"]


def test_a_return_gives_way_to_what_was_published_meanwhile(house: House) -> None:
    house.publish(ONE)
    festival = house.approved(TWO)
    house.order(festival, Plan(None, house.clock.now() + timedelta(days=3)))
    house.send()
    newer = house.publish(THREE)
    house.later(days=3)
    assert house.live() == newer
    assert house.log()[-2][1:] == ("returned", "overtaken")


def test_a_festival_that_was_slept_through_is_not_published(house: House) -> None:
    ordinary, festival = house.publish(ONE), house.approved(TWO)
    start = house.clock.now() + timedelta(days=1)
    house.order(festival, Plan(start, start + timedelta(days=1)))
    house.later(days=5)
    assert (house.live(), house.state(festival)) == (ordinary, "approved")
    assert house.log()[-1] == (festival, "scheduled", "failed")


@pytest.mark.parametrize(("publish", "back"), [(-1, None), (0, None), (None, 0), (2, 1), (1, 1)])
def test_times_in_the_wrong_order_are_refused(
    quick_house: House, publish: float | None, back: float | None
) -> None:
    quick_house.publish(ONE)
    number, now = quick_house.approved(TWO), quick_house.clock.now()
    at, until = (None if by is None else now + timedelta(hours=by) for by in (publish, back))
    with pytest.raises(Invalid):
        quick_house.order(number, Plan(at, until))


def test_the_very_first_has_nothing_to_return_to(quick_house: House) -> None:
    number = quick_house.approved(ONE)
    with pytest.raises(NothingToReturnTo):
        quick_house.order(number, Plan(None, quick_house.clock.now() + timedelta(days=1)))


def test_a_schedule_is_cancelled(house: House) -> None:
    first, second = house.publish(ONE), house.approved(TWO)
    house.order(second, Plan(house.clock.now() + timedelta(days=1)))
    house.do(lambda db: publications.cancel(db, second, house.hand(MARKETER)))
    house.later(days=2)
    assert (house.live(), house.state(second)) == (first, "approved")
    assert house.log()[-1] == (second, "scheduled", "cancelled")
    with pytest.raises(MenuState):
        house.do(lambda db: publications.cancel(db, second, house.hand(MARKETER)))


def test_what_wechat_refuses_is_told_and_the_old_menu_stays(house: House) -> None:
    first, second = house.publish(ONE), house.approved(TWO)
    house.wechat.fail("create", "refused", "45064")
    number = house.order(second)
    house.send()
    failed = house.publication(number)
    assert (failed.state, failed.errcode) == ("failed", 45064)
    assert "小程序没有与公众号关联" in failed.reason
    assert (house.live(), house.state(second)) == (first, "approved")
    assert house.wechat.names == ["资费"]
    house.order(second)
    house.send()
    assert house.live() == second


def test_a_busy_wechat_is_asked_again_a_bounded_number_of_times(house: House) -> None:
    number = house.approved(ONE)
    for _ in range(sendings.MOST_TRIES):
        house.wechat.fail("create", "again", "-1")
    ordered = house.order(number)
    house.send()
    assert house.publication(ordered).state == "waiting"
    calls = len(house.wechat.calls)
    house.send()
    assert len(house.wechat.calls) == calls  # not before its pause is over
    for _ in range(20):
        house.later(minutes=10)
    done = house.publication(ordered)
    assert (done.state, done.tries, house.live()) == ("failed", sendings.MOST_TRIES, None)
    assert house.state(number) == "approved"


def test_what_waits_for_another_try_does_not_overtake_the_newer(house: House) -> None:
    first, second = house.approved(ONE), house.approved(TWO)
    house.wechat.fail("create", "again", "-1")
    house.order(first)
    house.send()
    house.order(second)
    house.send()
    house.later(hours=1)
    assert house.live() == second
    assert house.log() == [(first, "published", "overtaken"), (second, "published", "done")]


@pytest.mark.parametrize("arrived", [True, False])
def test_a_kill_while_sending_is_unknown_until_the_look(house: House, arrived: bool) -> None:
    first, second = house.publish(ONE), house.approved(TWO)
    at = house.clock.now() + timedelta(hours=1)
    ordered = house.order(second, Plan(at))
    house.wechat.kill("create", arrived=arrived)
    with pytest.raises(Killed):
        house.later(hours=1)
    assert house.publication(ordered).state == "sending"
    house.waiting.clear()
    house.later(seconds=sendings.SENDING_SECONDS)  # lost, so unknown, and why
    assert house.publication(ordered).state == "unknown"
    assert "中断" in house.publication(ordered).reason
    assert house.live() == first
    house.later(seconds=60)
    house.later(seconds=60)
    done = house.publication(ordered)
    assert (done.state, house.live(), house.wechat.names) == ("done", second, ["网点"])
    assert ("核对后确认" in done.reason) is arrived
    assert house.wechat.calls.count("create") == (2 if arrived else 3)


def test_no_clear_answer_is_cleared_up_by_the_look(house: House) -> None:
    house.publish(ONE)
    second = house.approved(TWO)
    house.wechat.fail("create", "unknown", "menu/create: ReadTimeout")
    ordered = house.order(second)
    house.send()
    assert house.publication(ordered).state == "unknown"
    house.later(seconds=60)
    house.later(seconds=60)
    assert house.live() == second


def test_a_late_worker_changes_nothing_any_more(house: House) -> None:
    first = house.approved(ONE)
    house.order(first)
    order = house.do(lambda db: sendings.claim(db, house.clock.now(), RULES))
    assert order is not None
    house.clock.move(seconds=sendings.SENDING_SECONDS)
    second = house.approved(TWO)
    house.order(second)
    house.send()
    now = house.clock.now()
    assert not house.do(lambda db: sendings.settle(db, order.publication_id, Outcome("sent"), now))
    assert house.live() == second
    assert house.log()[0][2] == "overtaken"
