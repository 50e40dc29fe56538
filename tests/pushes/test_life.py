"""The life of a push: its time, two schedulers, clocks that jump, and who may do what when."""

from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from content.reviews import Hand, OwnWork
from handlers.push_actors import freeze_push, send_push, start_push
from kernel.refusals import Invalid
from loyalty import followers
from pushes import drafts, life
from pushes.life import TooLate
from pushes.pushes import AlreadyPlanned, WrongState
from tests.jobs.house import House, member
from tests.pushes.lane import form
from tests.pushes.test_races import at_once


def hand(house: House, by: int = 1) -> Hand:
    """An operator, now."""
    return Hand(by, house.clock.now())


def scheduled(house: House, **later: float) -> int:
    """A push that should leave so much later."""
    house.audience(3)
    house.form = form("template", send_at=house.clock.now() + timedelta(**later))
    return house.approved()


def test_it_leaves_at_its_time_and_not_before(quick_house: House) -> None:
    house = quick_house
    push_id = scheduled(house, hours=1)
    house.clock.move(minutes=59, seconds=59)
    house.tick()
    assert house.waiting == []
    house.clock.move(seconds=1)
    house.tick()
    house.work()
    assert house.push(push_id).state == "finished"


def test_two_schedulers_at_once_begin_it_once(house: House) -> None:
    push_id = scheduled(house, hours=1)
    house.clock.move(hours=1)
    at_once(4, lambda: start_push(house.tools, push_id))
    assert house.counts(push_id) == {"pending": 3}
    send_push(house.tools, push_id)
    assert len(house.lane.calls) == 3


def test_asleep_within_the_grace_it_still_leaves(quick_house: House) -> None:
    push_id = scheduled(quick_house, hours=1)
    quick_house.clock.move(hours=1, minutes=60)
    quick_house.tick()
    quick_house.work()
    assert quick_house.push(push_id).state == "finished"


def test_asleep_longer_it_is_missed_and_waits_for_a_person(quick_house: House) -> None:
    house = quick_house
    push_id = scheduled(house, hours=1)
    house.clock.move(hours=2, seconds=1)
    house.tick()
    house.work()
    assert house.push(push_id).state == "missed"
    house.settle_everything()
    assert house.lane.calls == []
    house.do(lambda db: life.schedule(db, push_id, None, hand(house, 2)))
    house.tick()
    house.work()
    assert house.push(push_id).state == "finished"


@pytest.mark.parametrize("jump", [-1, 1])
def test_a_clock_that_jumps_an_hour_neither_doubles_nor_loses_it(
    quick_house: House, jump: int
) -> None:
    house = quick_house
    push_id = scheduled(house, minutes=30)
    house.clock.move(hours=jump)
    house.tick()
    house.work()
    house.clock.move(hours=-jump)
    house.tick()
    house.work()
    house.clock.move(minutes=30)
    house.tick()
    house.work()
    assert house.push(push_id).state == "finished"
    assert len(house.lane.calls) == 3


def test_a_time_at_the_end_of_the_month_is_that_time(quick_house: House) -> None:
    house = quick_house
    house.clock.move(days=10, hours=8)  # 20:00 on the last day of November in Shanghai
    push_id = scheduled(house, minutes=30)
    house.clock.move(minutes=30)
    house.tick()
    house.work()
    assert house.push(push_id).state == "finished"


def test_frozen_at_approval_it_keeps_its_list_and_still_looks_at_the_door(
    quick_house: House,
) -> None:
    house = quick_house
    openids = house.audience(3)
    house.form = form(
        "template", freeze_at="approval", send_at=house.clock.now() + timedelta(hours=1)
    )
    push_id = house.approved()
    house.tick()
    house.work()
    freeze_push(house.tools, push_id)  # a second time changes nothing
    assert house.counts(push_id) == {"pending": 3}

    def change(session: Session) -> None:
        followers.follow(session, "oLate", house.clock.now())
        session.add(member(99, "oLate"))
        later = house.clock.now() + timedelta(seconds=1)
        followers.unfollow(session, openids[0], later)

    house.do(change)
    house.clock.move(hours=1)
    house.tick()
    house.work()
    assert house.counts(push_id) == {"sent": 2, "skipped": 1}
    assert "oLate" not in house.lane.reached


def test_a_reviewer_sends_it_back_and_the_author_mends_it(quick_house: House) -> None:
    house = quick_house
    house.audience(2)
    push = house.database.transaction(lambda db: drafts.write(db, form("template"), hand(house)))
    house.do(lambda db: life.submit(db, push.id, hand(house), "请看"))
    with pytest.raises(WrongState):
        house.do(lambda db: drafts.revise(db, push.id, form("template"), hand(house)))
    with pytest.raises(OwnWork):
        house.do(lambda db: life.approve(db, push.id, hand(house)))
    with pytest.raises(Invalid):
        house.do(lambda db: life.refuse(db, push.id, hand(house, 2), " "))
    house.do(lambda db: life.refuse(db, push.id, hand(house, 2), "标题不清楚"))
    mended = form("template", title="宽带检修通知")
    house.do(lambda db: drafts.revise(db, push.id, mended, hand(house)))
    house.do(lambda db: life.submit(db, push.id, hand(house)))
    house.do(lambda db: life.approve(db, push.id, hand(house, 2)))
    assert (house.push(push.id).state, house.push(push.id).title) == ("approved", "宽带检修通知")


def test_a_time_that_is_over_is_not_approved(quick_house: House) -> None:
    house = quick_house
    timed = form("template", send_at=house.clock.now() + timedelta(hours=1))
    push = house.database.transaction(lambda db: drafts.write(db, timed, hand(house)))
    house.do(lambda db: life.submit(db, push.id, hand(house)))
    house.clock.move(hours=3)
    with pytest.raises(TooLate):
        house.do(lambda db: life.approve(db, push.id, hand(house, 2)))


def test_one_occasion_is_planned_once(house: House) -> None:
    origin = drafts.Origin("holiday:mid-autumn:2026-09-25")
    house.do(lambda db: drafts.write(db, form("template"), hand(house), origin))
    with pytest.raises(AlreadyPlanned):
        house.do(lambda db: drafts.write(db, form("template"), hand(house), origin))


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"title": " "}, "title"),
        ({"channels": []}, "channels"),
        ({"channels": ["fax"]}, "channels"),
        ({"service": False}, "channels"),
        ({"variants": []}, "variants"),
        ({"holdout_percent": 51}, "holdout_percent"),
        ({"rate": -1}, "rate"),
        ({"freeze_at": "never"}, "freeze_at"),
        ({"link": "http://evil.example/"}, "link"),
        ({"link": "//evil.example/"}, "link"),
        ({"link": "javascript:alert(1)"}, "link"),
        ({"audience": {"kind": "everybody"}}, "audience"),
        ({"audience": {"kind": "tag", "tag": "none"}}, "audience"),
        ({"audience": {"kind": "list", "list": "1"}}, "audience"),
        ({"audience": {"kind": "trigger", "trigger": "silent", "days": 0, "on": "2026-11-20"}},
         "days"),
    ],
)  # fmt: skip
def test_what_no_channel_can_carry_is_refused(
    quick_house: House, given: dict[str, object], field: str
) -> None:
    with pytest.raises(Invalid) as refused:
        quick_house.do(lambda db: drafts.write(db, form("template", **given), hand(quick_house)))
    assert refused.value.facts["field"] == field
