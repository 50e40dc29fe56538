"""Transactional notices: told once, to whom may be told, within a day or not at all."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from handlers.actors import send_message
from handlers.push_notices import leave_notices
from handlers.tools import Tools
from kernel.db import Database
from kernel.outbox import OutboxMessage
from kernel.outcomes import Outcome
from loyalty import followers, notices
from loyalty.members import Member
from products import applications, catalogue
from products.applications import Actor
from pushes import credits, notice_sending, push_events
from pushes.notice_kinds import NoticeEntry, NoticeTemplate, check
from pushes.push_events import Failure
from pushes.sent_notices import SentNotice
from pushes.settings import PushRules
from tests.jobs.house import House
from tests.races.rivals import race
from tests.world import NOON, Hall

REMINDER = "tpl-check-in-0000"
TEMPLATES = {
    "points_expiring": NoticeTemplate(
        "template", "tpl-points-0000", {"number1": "{points}", "date2": "{date}"}, "/site/rewards"
    ),
    "check_in_reminder": NoticeTemplate("notice", REMINDER, {"number2": "{streak}"}),
}


@dataclass
class Line:
    """Takes notices: `answers` in their order, then sent."""

    answers: list[Outcome] = field(default_factory=list)
    calls: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)

    def send_one(self, path: str, openid: str, body: dict[str, Any]) -> Outcome:
        """One call of the platform."""
        self.calls.append((path, openid, body))
        return self.answers.pop(0) if self.answers else Outcome("sent", message_id=77)


def tools_of(house: House, line: Line) -> Tools:
    """The tools of one process that tells members."""
    return replace(house.tools, notices=line, notice_templates=TEMPLATES)


def tell(house: House, kind: str = "points_expiring", **facts: Any) -> Callable[[Session], object]:
    """Something that the only member should hear of."""
    given = {"points": 120, "days": 7} if kind == "points_expiring" else {}
    at = house.clock.now()
    reference = f"{kind}:{at.isoformat()}"

    def post(session: Session) -> bool:
        return notices.post(session, one(session), kind, reference, at, **{**given, **facts})

    return post


def one(session: Session) -> int:
    """The number of the only member."""
    return session.scalars(select(Member.id)).one()


def work(house: House, line: Line) -> None:
    """The job, then a worker."""
    tools = tools_of(house, line)
    leave_notices(tools)
    waiting = select(OutboxMessage.id).where(OutboxMessage.state == "waiting")
    for message_id in house.database.read(lambda session: session.scalars(waiting).all()):
        send_message(tools, message_id)


def told(house: House) -> list[tuple[str, str | None]]:
    """State and reason of each that was decided about."""
    query = select(SentNotice).order_by(SentNotice.id)
    rows = house.database.read(lambda session: session.scalars(query).all())
    return [(row.state, row.reason) for row in rows]


def test_a_notice_leaves_once_with_its_values(house: House) -> None:
    line = Line()
    house.audience(1)
    house.do(tell(house))
    for _ in range(3):
        work(house, line)
        house.clock.move(minutes=3)
    ((path, openid, body),) = line.calls
    assert (path, openid) == ("message/template/send", "oMember-0000")
    assert body["data"] == {"number1": {"value": "120"}, "date2": {"value": "2026年11月27日"}}
    assert body["url"] == "https://hall.example/site/rewards"
    assert body["client_msg_id"].startswith("notice-")
    assert told(house) == [("sent", None)]


def test_a_row_that_was_committed_late_is_still_told(quick_house: House) -> None:
    house, line = quick_house, Line()
    house.audience(1)
    house.do(tell(house))
    house.clock.move(seconds=1)
    house.do(tell(house))

    def hide(number: int) -> Callable[[Session], object]:
        return lambda session: session.execute(
            notices.Notice.__table__.update()  # type: ignore[attr-defined]
            .where(notices.Notice.id == abs(number))
            .values(kind="points_expiring" if number > 0 else "not yet committed")
        )

    house.do(hide(-1))
    work(house, line)
    house.clock.move(seconds=60)
    work(house, line)
    house.do(hide(1))
    house.clock.move(seconds=30)
    work(house, line)
    assert len(line.calls) == 2


def test_what_is_older_than_a_day_is_told_no_more(quick_house: House) -> None:
    house, line = quick_house, Line()
    house.audience(1)
    house.do(tell(house))
    house.clock.move(days=1, seconds=1)
    work(house, line)
    assert (line.calls, told(house)) == ([], [])


def test_only_a_credit_that_is_left_lets_a_reminder_go(quick_house: House) -> None:
    house, line = quick_house, Line()
    house.audience(1)
    house.do(lambda session: credits.allow(session, "oMember-0000", REMINDER, NOON))
    for _ in range(2):
        house.do(tell(house, "check_in_reminder", day="2026-11-20"))
        house.clock.move(seconds=5)
        work(house, line)
    assert [call[0] for call in line.calls] == ["message/subscribe/bizsend"]
    assert line.calls[0][2]["data"] == {"number2": {"value": "0"}}
    assert told(house) == [("sent", None), ("skipped", "no_credit")]


def test_wechat_knows_better_about_credits(quick_house: House) -> None:
    house, line = quick_house, Line([Outcome("refused", "43101")])
    house.audience(1)
    for _ in range(3):
        house.do(lambda session: credits.allow(session, "oMember-0000", REMINDER, NOON))
    house.do(tell(house, "check_in_reminder"))
    work(house, line)
    assert told(house) == [("failed", "43101")]
    assert house.database.read(lambda session: credits.of(session, "oMember-0000")) == {
        REMINDER: 0
    }


def test_reminders_wait_for_the_morning_and_others_do_not(quick_house: House) -> None:
    house, line = quick_house, Line()
    house.audience(1)
    house.clock.move(hours=10)  # 22:00
    house.do(tell(house))
    work(house, line)
    assert line.calls == []
    house.clock.move(hours=10, minutes=5)
    work(house, line)
    assert len(line.calls) == 1


def test_who_left_is_not_told_and_what_wechat_would_refuse_is_not_sent(
    quick_house: House,
) -> None:
    house, line = quick_house, Line()
    house.audience(1)
    house.do(tell(house, points="许多"))
    work(house, line)
    house.do(lambda session: followers.unfollow(session, "oMember-0000", house.clock.now()))
    house.clock.move(seconds=5)
    house.do(tell(house))
    work(house, line)
    assert line.calls == []
    assert told(house) == [("skipped", "unfit"), ("skipped", "unfollowed")]


def test_what_did_not_arrive_is_known_by_its_number(quick_house: House) -> None:
    house, line = quick_house, Line()
    house.audience(1)
    house.do(tell(house))
    work(house, line)
    failure = Failure("template", "oMember-0000", 77, "user block")
    house.do(lambda session: push_events.note_failure(session, failure, house.clock.now()))
    house.do(lambda session: push_events.match(session, house.clock.now()))
    assert told(house) == [("failed", "user block")]


def test_a_kill_between_the_steps_tells_nobody_twice(quick_house: House) -> None:
    house, line = quick_house, Line()
    house.audience(1)
    house.do(tell(house))
    tools = tools_of(house, line)

    def die(session: Session) -> None:
        # The page commits as one: row, credit and message, or nothing.
        desk = notice_sending.Desk(TEMPLATES, house.rules, "", house.clock.now())
        notice_sending.run_page(session, "notice", desk)
        raise RuntimeError

    with pytest.raises(RuntimeError):
        house.do(die)
    assert told(house) == []
    leave_notices(tools)
    house.clock.move(minutes=5)
    leave_notices(tools)
    assert told(house) == [("left", None)]


@pytest.mark.parametrize(
    ("kind", "data", "why"),
    [
        ("birthday", {"thing1": "x"}, "no notice birthday"),
        ("points_expiring", {"number1": "{balance}"}, "names balance"),
        ("points_expiring", {"number1": "许多"}, "no value"),
    ],
)
def test_entries_that_could_never_be_sent(kind: str, data: dict[str, str], why: str) -> None:
    entry = NoticeEntry(channel="notice", template_id="tpl-0123456789", data=data)
    with pytest.raises(ValueError, match=why):
        check({kind: entry})


def test_a_moved_application_is_told_and_what_the_customer_did_himself_is_not(
    hall: Hall, anna: str
) -> None:
    member = hall.member(anna)
    keys = {"thing1": "{product}", "phrase3": "{state}", "time4": "{time}"}
    moved = {"application_moved": NoticeTemplate("template", "tpl-progress-00", keys)}

    def apply(session: Session) -> int:
        product = catalogue.every(session, "broadband")[0]
        visit_on = NOON.date() + timedelta(days=2)
        form = applications.Form(
            product.id, "千兆宽带", "西湖区", "文三路 1 号 2 幢", visit_on, "上午"
        )
        made = applications.submit(session, hall.vault, member.id, form, NOON)
        applications.move(session, made.id, "accepted", NOON, Actor("营业厅", 1))
        applications.move(session, made.id, "cancelled", NOON, Actor("客户"))
        desk = notice_sending.Desk(moved, PushRules(), "https://hall.example", NOON)
        return notice_sending.run_page(session, "application", desk)

    assert hall.database.transaction(apply) == 1
    query = select(OutboxMessage.payload).where(OutboxMessage.topic == "push_notice")
    payload = hall.database.read(lambda session: session.scalars(query).one())
    assert payload["body"]["data"] == {
        "thing1": {"value": "千兆宽带"},
        "phrase3": {"value": "已受理"},
        "time4": {"value": "2026年11月20日 12:00"},
    }


def test_schedulers_at_once_leave_each_notice_once_and_take_one_credit(
    server_database: Database, house_of: Callable[[Database], House]
) -> None:
    house = house_of(server_database)
    house.audience(1)

    def ask(session: Session) -> None:
        for number in range(6):
            credits.allow(session, "oMember-0000", REMINDER, NOON)
            member_id = one(session)
            notices.post(session, member_id, "check_in_reminder", f"reminder:{number}", NOON)

    house.do(ask)
    desk = notice_sending.Desk(TEMPLATES, house.rules, "", house.clock.now())
    outcomes = race(
        house.database, lambda session, _n: notice_sending.run_page(session, "notice", desk), 12
    )
    assert sum(outcomes) == 6
    assert told(house) == [("left", None)] * 6
    left = house.database.read(lambda session: credits.of(session, "oMember-0000"))
    assert left == {REMINDER: 0}
    count = select(func.count(OutboxMessage.id))
    assert house.database.read(lambda session: session.scalar(count)) == 6
