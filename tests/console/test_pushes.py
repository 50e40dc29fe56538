"""The pages of pushes, and the second pair of eyes."""

from collections.abc import Callable

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from pushes import deliveries
from pushes.deliveries import Delivery
from pushes.pushes import Push
from tests.console import seeds
from tests.console.acts import acts
from tests.console.house import House


@pytest.fixture
def push(house: House) -> Push:
    """A draft of the marketer, with two members who follow and one who does not."""

    def work(db: Session) -> Push:
        for number in (1, 2):
            seeds.add_member(db, house.vault, number)
        seeds.add_member(db, house.vault, 3, follows=False)
        return seeds.add_push(db, "marketer")

    return house.database.transaction(work)


def state_of(house: House, push: Push) -> str:
    return house.database.read(lambda db: db.get_one(Push, push.id).state)


def send(house: House, push: Push, sent: int) -> None:
    """Let the push run, with the first `sent` recipients done."""

    def work(db: Session) -> None:
        deliveries.snapshot(db, push.id, 100)
        db.execute(update(Push).where(Push.id == push.id).values(state="running"))
        ids = db.scalars(select(Delivery.id).order_by(Delivery.id).limit(sent)).all()
        db.execute(update(Delivery).where(Delivery.id.in_(ids)).values(state="sent"))

    house.database.transaction(work)


def test_a_push_is_drafted(house: House) -> None:
    marketer = house.enter("marketer")

    answer = marketer.post("/console/pushes", title="冬至", body="第一行\r\n第二行")

    push = house.database.read(lambda db: db.scalars(select(Push)).one())
    assert answer.location == f"/console/pushes/{push.id}"
    assert (push.state, push.body) == ("draft", "第一行\n第二行")
    (act,) = acts(house)
    assert (act.action, act.subject, act.login) == ("push.drafted", "push:1", "marketer")
    assert "需由另一位同事审核" in marketer.text(answer.location)


def test_lines_count_one_byte_as_the_counter_does(house: House) -> None:
    body = "\r\n".join(["汉" * 9] * 73)  # 27 bytes and one for the line, 73 times: 2043

    answer = house.enter("marketer").post("/console/pushes", title="长", body=body)

    assert answer.status_code == 303


def test_a_body_that_is_too_long_comes_back_with_its_text(house: House) -> None:
    body = "汉" * 683  # 2049 bytes

    answer = house.enter("marketer").post("/console/pushes", title="长", body=body)

    assert answer.status_code == 422
    assert body in answer.text
    assert "不超过 2048 字节" in answer.text
    assert house.database.read(lambda db: db.scalar(select(func.count(Push.id)))) == 0
    assert acts(house) == []


def test_the_approver_sees_whom_it_reaches(house: House, push: Push) -> None:
    page = house.enter("approver").text(f"/console/pushes/{push.id}")

    assert "批准并发送" in page
    assert "<b>2</b> 位" in page
    assert ">1 位" in page


def test_the_author_cannot_approve_even_as_owner(house: House) -> None:
    owner = house.enter("owner")
    push = house.database.transaction(lambda db: seeds.add_push(db, "owner"))
    page = owner.text(f"/console/pushes/{push.id}")
    assert "需由另一位同事审核" in page
    assert "批准并发送" not in page

    answer = owner.post(f"/console/pushes/{push.id}/approvals")

    assert answer.status_code == 403
    assert state_of(house, push) == "draft"
    assert house.nudged == []
    assert acts(house) == []


def test_another_approves_and_the_worker_is_told(house: House, push: Push) -> None:
    answer = house.enter("approver").post(f"/console/pushes/{push.id}/approvals")

    assert answer.status_code == 303
    assert state_of(house, push) == "approved"
    assert house.nudged == [("start_push", push.id)]
    (act,) = acts(house)
    assert (act.action, act.login, act.details) == ("push.approved", "approver", {"reached": 2})


def test_a_second_approval_is_refused(house: House, push: Push) -> None:
    first, second = house.enter("approver"), house.enter("owner")
    first.post(f"/console/pushes/{push.id}/approvals")

    answer = second.post(f"/console/pushes/{push.id}/approvals")

    assert answer.status_code == 409
    assert house.nudged == [("start_push", push.id)]
    assert len(acts(house)) == 1


def test_the_worker_is_told_after_the_commit(house: House, push: Push) -> None:
    seen: list[str] = []
    browser = house.enter("approver")
    house.nudged = Told(lambda: seen.append(state_of(house, push)))

    browser.post(f"/console/pushes/{push.id}/approvals")

    assert seen == ["approved"]


class Told(list[tuple[str, int]]):
    """Looks at the database at the moment of the nudge."""

    def __init__(self, look: Callable[[], None]) -> None:
        super().__init__()
        self._look = look

    def append(self, item: tuple[str, int]) -> None:
        self._look()
        super().append(item)


def test_progress_refreshes_itself_until_the_push_is_over(house: House, push: Push) -> None:
    send(house, push, sent=1)
    browser = house.enter("approver")
    path = f"/console/pushes/{push.id}/progress"

    running = browser.text(path)
    house.database.transaction(lambda db: db.execute(update(Push).values(state="finished")))
    finished = browser.text(path)

    assert "<html" not in running
    assert "50%" in running
    assert 'hx-trigger="every 2s"' in running
    assert "hx-trigger" not in finished


def test_recipients_are_masked_and_narrowed(house: House, push: Push) -> None:
    send(house, push, sent=1)
    browser = house.enter("approver")

    everybody = browser.text(f"/console/pushes/{push.id}")
    sent = browser.text(f"/console/pushes/{push.id}?state=sent")

    assert "oMem…0001" in everybody
    assert "oMember0000" not in everybody
    assert "oMem…0002" in everybody
    assert "oMem…0002" not in sent


def test_the_text_of_a_push_is_text(house: House) -> None:
    marketer = house.enter("marketer")
    evil = "</textarea><script>alert(1)</script>"
    answer = marketer.post("/console/pushes", title=evil, body=evil)
    refused = marketer.post("/console/pushes", title="x" * 50, body=evil)

    for page in (marketer.text(answer.location), marketer.text("/console/pushes"), refused.text):
        assert "<script>alert" not in page
        assert "&lt;script&gt;alert(1)" in page
