"""Messages to one at a time: cascades, answers of every kind, who is left out at the door."""

from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from content.reviews import Hand
from handlers.push_actors import send_push, start_push
from kernel.outcomes import Outcome
from loyalty import consents, followers
from loyalty.consents import Consent
from loyalty.members import Member
from pushes import credits, life
from tests.jobs.house import House, Killed
from tests.pushes.lane import TEMPLATE, form


def approved(house: House, *channels: str, **given: object) -> int:
    """A push by these channels whose time has come."""
    house.form = form(*channels, **given)
    return house.approved()


def run(house: House, push_id: int) -> None:
    """The jobs see it and a worker does it."""
    house.tick()
    house.work()
    assert house.push(push_id).state == "finished"


def allow(house: House, *openids: str) -> None:
    """These tapped 允许 once."""
    for openid in openids:
        house.do(partial(credits.allow, openid=openid, template_id=TEMPLATE, at=house.clock.now()))


def member_id_of(house: House, openid: str) -> int:
    """The number of a member; not all databases begin with 1 in each test."""
    return house.database.read(
        lambda db: db.scalars(select(Member.id).where(Member.openid == openid)).one()
    )


def agree(house: House, *openids: str) -> None:
    """These agreed to marketing."""
    for openid in openids:
        member_id = member_id_of(house, openid)
        row = Consent(
            member_id=member_id, purpose="marketing", version="1", channel="site",
            granted_at=house.clock.now(), standing_for=f"{member_id}:marketing",
        )  # fmt: skip
        house.do(partial(Session.add, instance=row))


def at(house: House, **later: float) -> datetime:
    """An instant so much later."""
    return house.clock.now() + timedelta(**later)


def outcomes(house: House, push_id: int) -> list[tuple[str, str, str | None]]:
    """Each recipient's channel, state and reason."""
    return [(row.channel, row.state, row.reason) for row in house.rows(push_id)]


def test_each_gets_what_was_filled_in_for_him_once(house: House) -> None:
    openids = house.audience(5)
    push_id = approved(house, "template")
    run(house, push_id)
    assert house.lane.reached == dict.fromkeys(openids, 1)
    assert house.counts(push_id) == {"sent": 5}
    assert {row.message_id for row in house.rows(push_id)} == {7}
    names = {call.body["client_msg_id"] for call in house.lane.calls}
    assert len(names) == 5
    assert all(len(name) <= 64 for name in names)
    house.settle_everything()
    assert len(house.lane.calls) == 5


def test_a_cascade_takes_the_first_channel_that_reaches_somebody(house: House) -> None:
    one, two, three = house.audience(3)
    allow(house, one)
    agree(house, two)
    push_id = approved(house, "notice", "sms")
    run(house, push_id)
    assert outcomes(house, push_id) == [
        ("notice", "sent", None), ("sms", "sent", None), ("notice", "skipped", "no_credit"),
    ]  # fmt: skip
    assert [(call.channel, call.to) for call in house.lane.calls] == [
        ("notice", one), ("sms", "k1:1"),
    ]  # fmt: skip
    assert house.database.read(lambda db: credits.of(db, one)) == {TEMPLATE: 0}
    assert house.database.read(lambda db: credits.of(db, three)) == {}


def test_a_refusal_falls_to_the_next_channel_and_an_unclear_answer_never_does(
    house: House,
) -> None:
    openids = house.audience(3)
    allow(house, *openids)
    agree(house, *openids)
    house.lane.answers = {
        openids[0]: [Outcome("refused", "43101")],
        openids[1]: [Outcome("unknown", "HTTP 502")],
    }
    push_id = approved(house, "notice", "sms")
    house.rules = replace(house.rules, error_percent=100)
    run(house, push_id)
    assert outcomes(house, push_id) == [
        ("sms", "sent", None), ("notice", "unknown", "HTTP 502"), ("notice", "sent", None),
    ]  # fmt: skip
    assert [call.to for call in house.lane.calls].count("k1:1") == 0


def test_what_is_busy_is_tried_again_until_it_gives_up(quick_house: House) -> None:
    house = quick_house
    busy, tired = house.audience(2)
    house.rules = replace(house.rules, most_attempts=3, error_percent=100)
    again = Outcome("again", "-1")
    house.lane.answers = {busy: [again], tired: [again] * 9}
    push_id = approved(house, "template")
    house.tick()
    house.work()
    for _ in range(4):
        house.clock.move(seconds=6)
        house.tick()
        house.work()
    rows = house.rows(push_id)
    assert [(row.state, row.reason, row.attempts) for row in rows] == [
        ("sent", None, 2), ("failed", "gave up", 3),
    ]  # fmt: skip
    assert house.push(push_id).state == "finished"
    names = {call.to: call.body["client_msg_id"] for call in house.lane.calls}
    assert len(set(names.values())) == 2


def test_an_account_that_is_refused_pauses_and_nobody_is_marked_failed(house: House) -> None:
    openids = house.audience(6)
    house.lane.answers = {openids[2]: [Outcome("stop", "48001")]}
    push_id = approved(house, "template")
    house.tick()
    house.work()
    push = house.push(push_id)
    assert push.state == "paused"
    assert "48001" in (push.reason or "")
    assert house.counts(push_id) == {"sent": 5, "pending": 1}
    house.do(lambda db: life.resume(db, push_id, Hand(2, house.clock.now())))
    house.tick()
    house.work()
    assert house.lane.reached == {**dict.fromkeys(openids, 1), openids[2]: 2}
    assert house.push(push_id).state == "finished"


def test_too_many_errors_pause_the_push(quick_house: House) -> None:
    house = quick_house
    house.rules = replace(house.rules, error_sample=20, error_percent=40, in_flight=10)
    openids = house.audience(60)
    house.lane.answers = {openid: [Outcome("refused", "40003")] for openid in openids[10:]}
    push_id = approved(house, "template")
    house.tick()
    house.work()
    push, counts = house.push(push_id), house.counts(push_id)
    assert push.state == "paused"
    assert "没有送出" in (push.reason or "")
    assert counts["sent"] == 10
    assert counts["pending"] > 20


def test_whoever_left_between_snapshot_and_sending_is_not_called(house: House) -> None:
    openids = house.audience(4)
    push_id = approved(house, "template")
    start_push(house.tools, push_id)
    house.clock.move(seconds=1)
    blocked = member_id_of(house, openids[2])
    house.do(lambda db: followers.unfollow(db, openids[1], house.clock.now()))
    house.do(lambda db: setattr(db.get_one(Member, blocked), "state", "blocked"))
    send_push(house.tools, push_id)
    assert outcomes(house, push_id) == [
        ("template", "sent", None), ("template", "skipped", "unfollowed"),
        ("template", "skipped", "blocked"), ("template", "sent", None),
    ]  # fmt: skip


def test_a_consent_taken_back_stops_the_short_message(quick_house: House) -> None:
    house = quick_house
    agree(house, *house.audience(2))
    push_id = approved(house, "sms")
    start_push(house.tools, push_id)
    house.do(lambda db: consents.withdraw(db, 1, "marketing", house.clock.now()))
    send_push(house.tools, push_id)
    assert outcomes(house, push_id)[0] == ("sms", "skipped", "no_consent")
    assert [call.body["text"] for call in house.lane.calls] == ["会员1，中秋安康 拒收请回复R"]


def test_a_worker_killed_in_a_call_leaves_only_its_own_group_unknown(house: House) -> None:
    openids = house.audience(8)
    house.rules = replace(house.rules, in_flight=2)
    push_id = approved(house, "template")
    start_push(house.tools, push_id)
    house.waiting.clear()
    house.lane.answers = {openids[3]: [Killed]}
    with pytest.raises(Killed):
        send_push(house.tools, push_id)
    assert house.counts(push_id)["sending"] <= 4
    house.settle_everything()
    counts = house.counts(push_id)
    assert counts["sent"] + counts["unknown"] == 8
    assert counts["unknown"] <= 4
    assert set(house.lane.reached.values()) == {1}
    assert house.push(push_id).state == "finished"
