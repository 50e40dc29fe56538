"""The duty manager's WeChat: bound by a code, it stops and resumes channels, nobody else's."""

from collections.abc import Callable

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from content.customer_messages import CustomerMessage
from content.reviews import Hand
from kernel.audit import AuditEntry
from kernel.db import Database
from kernel.operators import Operator
from pushes import duty, life, switches
from tests.jobs.house import House
from tests.jobs.push_rows import Sending, Sent, put
from tests.jobs.test_push_events import ANNA, BORIS, staffed
from tests.races.rivals import race
from tests.world import Hall

APPROVER = 2


@pytest.fixture
def desk(hall: Hall) -> Hall:
    """A hall with a marketer (1) and an approver (2)."""
    staffed(hall)
    return hall


def code_of(hall: Hall, operator_id: int = APPROVER) -> str:
    """A code as the console shows it."""
    now, digest = hall.clock.now(), hall.vault.digest
    return hall.database.transaction(
        lambda session: duty.new_code(session, digest, operator_id, now)
    )


def stopped(hall: Hall) -> set[str]:
    """The channels that are stopped."""
    return set(hall.database.read(switches.stopped))


def test_a_bound_operator_stops_and_resumes_by_chat(desk: Hall) -> None:
    assert "已绑定值班" in desk.say(ANNA, f"绑定值班 {code_of(desk)}")
    assert "已停发：短信" in desk.say(ANNA, "停发 短信")
    assert "没有变化" in desk.say(ANNA, "停发短信。")
    assert stopped(desk) == {"sms"}
    assert "已停渠道：短信" in desk.say(ANNA, "推送状态")
    desk.say(ANNA, "停发 全部")
    assert len(stopped(desk)) == 5
    assert "已恢复：群发" in desk.say(ANNA, "恢复 全部")
    assert stopped(desk) == set()
    with Session(desk.database.engine) as session:
        acts = session.execute(select(AuditEntry.action, AuditEntry.operator_id)).all()
    assert ("duty.bound", APPROVER) in acts
    assert ("channel.stopped", APPROVER) in acts


def test_others_are_answered_as_always(desk: Hall) -> None:
    default = desk.say(ANNA, "没有这个词")
    assert desk.say(BORIS, "停发 全部") == default
    desk.say(ANNA, f"绑定值班 {code_of(desk, 1)}")  # a marketer may not stop pushes
    assert desk.say(ANNA, "停发 全部") == default
    desk.say(ANNA, f"绑定值班 {code_of(desk)}")
    assert desk.say(ANNA, "停发 抖音") == default

    def leave(session: Session) -> None:
        session.get_one(Operator, APPROVER).active = False

    desk.database.transaction(leave)
    assert desk.say(ANNA, "停发 全部") == default
    assert stopped(desk) == set()


def test_a_code_is_good_once_for_ten_minutes_and_cannot_be_guessed(desk: Hall) -> None:
    code = code_of(desk)
    desk.clock.move(minutes=10)
    assert "验证码不对" in desk.say(ANNA, f"绑定值班 {code}")
    first, second = code_of(desk), code_of(desk)
    if first != second:
        assert "验证码不对" in desk.say(ANNA, f"绑定值班 {first}")
    assert "已绑定" in desk.say(ANNA, f"绑定值班{second}")
    assert "验证码不对" in desk.say(BORIS, f"绑定值班 {second}")
    right = code_of(desk)
    for number in range(5):
        wrong = f"{(int(right) + 1 + number) % 10**6:06d}"
        assert "验证码不对" in desk.say(BORIS, f"绑定值班 {wrong}")
    assert "验证码不对" in desk.say(BORIS, f"绑定值班 {right}"), "he has tried too often"
    assert "已绑定" in desk.say("oC", f"绑定值班 {right}")
    with Session(desk.database.engine) as session:
        digest = session.scalar(select(duty.DutyOperator.code_digest))
        assert digest is None


def test_the_newest_binding_holds_and_unbinding_ends_it(desk: Hall) -> None:
    desk.say(ANNA, f"绑定值班 {code_of(desk)}")
    desk.say(BORIS, f"绑定值班 {code_of(desk)}")
    default = desk.say(ANNA, "没有这个词")
    assert desk.say(ANNA, "推送状态") == default
    assert "已停渠道" in desk.say(BORIS, "推送状态")
    hand = Hand(APPROVER, desk.clock.now())
    unbind = desk.database.transaction
    assert unbind(lambda session: duty.unbind(session, APPROVER, hand))
    assert not unbind(lambda session: duty.unbind(session, APPROVER, hand))
    assert desk.say(BORIS, "推送状态") == default


def test_a_push_that_paused_by_itself_is_told_within_the_window_once(desk: Hall) -> None:
    desk.say(ANNA, f"绑定值班 {code_of(desk)}")

    def pause(session: Session, state: str = "running") -> int:
        push = put(session, Sending([Sent(BORIS)], values={"state": state}))
        for _ in range(2):
            life.pause_by_itself(session, push.id, "微信返回 45009", desk.clock.now())
        return push.id

    desk.database.transaction(pause)
    told = select(CustomerMessage.openid)
    assert desk.database.read(lambda session: session.scalars(told).all()) == [ANNA]
    desk.clock.move(hours=49)
    desk.database.transaction(pause)
    assert desk.database.read(lambda session: session.scalars(told).all()) == [ANNA]


def test_two_who_send_one_code_at_once_are_not_both_bound(
    server_database: Database, house_of: Callable[[Database], House]
) -> None:
    house = house_of(server_database)
    now, digest = house.clock.now(), house.vault.digest
    code = house.database.transaction(
        lambda session: duty.new_code(session, digest, APPROVER, now)
    )

    def bind(session: Session, number: int) -> bool:
        return duty.bind(session, digest, f"oRival-{number}", code, now) is not None

    assert sum(race(house.database, bind, 12)) == 1
