"""The pages of pushes, their life, and the second pair of eyes."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from pushes import drafts, life, switches
from pushes.pushes import Push
from tests.console import push_desk, seeds
from tests.console.acts import acts
from tests.console.house import NOON, Browser, House

PATH = "/console/pushes/1"


@pytest.fixture
def push(house: House) -> Push:
    """One that waits for approval, with two members who follow and one who does not."""

    def work(db: Session) -> Push:
        for number in (1, 2):
            seeds.add_member(db, house.vault, number)
        seeds.add_member(db, house.vault, 3, follows=False)
        return seeds.submit_push(db, "marketer")

    return house.database.transaction(work)


def state_of(house: House) -> str:
    return push_desk.get(house).state


def preflight(browser: Browser) -> str:
    return browser.get(f"{PATH}/preflight", **{"HX-Request": "true"}).text


@pytest.mark.usefixtures("push")
def test_the_approver_sees_whom_it_reaches_before_the_button(house: House) -> None:
    page = preflight(house.enter("approver"))

    assert "批准并马上发送" in page
    assert "马上发给 2 人" in page
    assert "已取消关注" in page
    assert "批准并马上发送" not in preflight(house.enter("marketer"))


def test_the_author_cannot_approve_even_as_owner(house: House) -> None:
    house.database.transaction(lambda db: seeds.submit_push(db, "owner"))
    owner = house.enter("owner")
    assert "批准并马上发送" not in preflight(owner)
    assert "需由另一位同事审核" in owner.text(PATH)

    assert owner.post(f"{PATH}/approvals", reason="我自己批").status_code == 303

    assert state_of(house) == "review"
    assert house.nudged == []
    assert [act.action for act in acts(house)] == ["push.drafted", "push.submitted"]


@pytest.mark.usefixtures("push")
def test_another_approves_and_the_worker_is_told_after_the_commit(house: House) -> None:
    seen: list[str] = []
    browser = house.enter("approver")
    house.nudged = Told(lambda: seen.append(state_of(house)))

    assert browser.post(f"{PATH}/approvals").location == PATH

    assert seen == ["scheduled"]
    assert house.nudged == [("start_push", 1)]
    assert [act.action for act in acts(house)][2:] == ["push.approved", "push.scheduled"]
    browser.post(f"{PATH}/approvals")
    assert house.nudged == [("start_push", 1)]
    assert "refused: push_wrong_state" in browser.text(PATH)


class Told(list[tuple[str, int]]):
    """Looks at the database at the moment of the nudge."""

    def __init__(self, look: Callable[[], None]) -> None:
        super().__init__()
        self._look = look

    def append(self, item: tuple[str, int]) -> None:
        self._look()
        super().append(item)


@pytest.mark.usefixtures("push")
def test_approval_wants_the_password_again(house: House) -> None:
    approver = house.enter("approver")
    house.clock.move(minutes=20)
    assert "确认密码，再批准" in preflight(approver)

    answer = approver.post(f"{PATH}/approvals")

    assert answer.location.startswith("/console/confirm")
    assert state_of(house) == "review"


@pytest.mark.usefixtures("push")
def test_one_may_approve_now_and_say_later_when(house: House) -> None:
    house.enter("approver").post(f"{PATH}/approvals", when="waits")
    assert state_of(house) == "approved"
    assert house.nudged == []

    marketer = house.enter("marketer")
    marketer.post(f"{PATH}/times", send_at="2026-11-20T09:00")
    assert state_of(house) == "approved"
    assert "发送时间已经过了" in marketer.text(PATH)
    marketer.post(f"{PATH}/times", send_at="2026-11-22T09:00")
    found = push_desk.get(house)
    assert (found.state, found.send_at) == ("scheduled", NOON + timedelta(hours=21))
    assert house.nudged == []


@pytest.mark.usefixtures("push")
def test_it_goes_back_with_a_comment_and_comes_again(house: House) -> None:
    approver, marketer = house.enter("approver"), house.enter("marketer")
    approver.post(f"{PATH}/refusals", reason="  ")
    assert state_of(house) == "review"
    approver.post(f"{PATH}/refusals", reason="饺子写错了")
    assert state_of(house) == "draft"
    assert "饺子写错了" in marketer.text(PATH)

    marketer.post(f"{PATH}/review", note="改好了")
    assert "改好了" in approver.text(PATH)
    marketer.post(f"{PATH}/withdrawals")
    assert state_of(house) == "draft"
    marketer.post(f"{PATH}/comments", body="明天再说")
    assert "明天再说" in approver.text(PATH)


@pytest.fixture
def running(house: House) -> None:
    """A push on its way to three people."""

    def work(db: Session) -> None:
        for number in (1, 2, 3):
            seeds.add_member(db, house.vault, number)
        seeds.run_push(db, "marketer")

    house.database.transaction(work)


@pytest.mark.usefixtures("running")
def test_it_is_paused_goes_on_and_ends(house: House) -> None:
    operations = house.enter("operations")
    operations.post(f"{PATH}/pauses", reason="")
    assert (state_of(house), house.nudged) == ("paused", [])
    assert "继续发送" in operations.text(PATH)
    operations.post(f"{PATH}/resumptions")
    assert (state_of(house), house.nudged) == ("running", [("send_push", 1)])
    operations.post(f"{PATH}/retries")  # nobody failed
    operations.post(f"{PATH}/cancellations", reason=" ")
    assert state_of(house) == "running"
    operations.post(f"{PATH}/cancellations", reason="内容有误")
    assert state_of(house) == "cancelled"
    assert "内容有误" in operations.text(PATH)


def test_what_was_missed_asks_what_to_do(house: House, push: Push) -> None:
    house.database.transaction(
        lambda db: db.execute(
            update(Push).values(
                state="missed", send_at=NOON - timedelta(hours=2), reason="已超过宽限"
            )
        )
    )
    marketer = house.enter("marketer")
    page = marketer.text(PATH)
    for words in ("已超过宽限", "怎么办", "现在发", "改时间", "取消推送"):
        assert words in page
    assert "要有人处理" in marketer.text("/console/pushes")
    assert "1 个推送要有人处理" in marketer.text("/console/")

    marketer.post(f"{PATH}/times", when="now")

    assert state_of(house) == "scheduled"
    assert house.nudged == [("start_push", push.id)]


def test_a_failure_is_told_for_a_week(house: House, push: Push) -> None:
    house.database.transaction(
        lambda db: db.execute(update(Push).values(state="failed", finished_at=NOON))
    )
    marketer = house.enter("marketer")
    assert "1 个推送要有人处理" in marketer.text("/console/")
    house.clock.move(days=8)
    assert "个推送要有人处理" not in house.enter("marketer").text("/console/")
    assert push.id == 1


@pytest.mark.usefixtures("running")
def test_the_list_is_narrowed(house: House) -> None:
    house.database.transaction(lambda db: seeds.add_push(db, "owner", "春节祝福"))
    marketer = house.enter("marketer")

    def shown(query: str) -> tuple[bool, bool]:
        page = marketer.text(f"/console/pushes?{query}")
        return "春节祝福</a>" in page, "冬至祝福</a>" in page

    assert shown("") == (True, True)
    assert shown("state=draft") == (True, False)
    assert shown("q=冬至") == (False, True)
    assert shown("q=2") == (True, False)
    assert shown("q=%25") == (False, False)
    assert shown("state=%00x&q=%00") == (True, True)
    assert shown("before=2") == (False, True)


def test_a_stopped_channel_is_said_on_the_push(house: House, push: Push) -> None:
    house.database.transaction(
        lambda db: switches.stop(db, "mass", "微信限流", seeds.hand_of(db, "operations"))
    )
    assert "群发已停用：微信限流" in house.enter("approver").text(f"/console/pushes/{push.id}")


def test_a_push_about_nobody_left_still_has_a_page(house: House) -> None:
    """Its segment was retired meanwhile."""

    def work(db: Session) -> None:
        push = drafts.write(db, drafts.text_form("旧的", "您好"), seeds.hand_of(db, "marketer"))
        push.audience = {"kind": "segment", "segment": "gone"}
        life.submit(db, push.id, seeds.hand_of(db, "marketer"))

    house.database.transaction(work)
    assert "已停用" in house.enter("approver").text(PATH)
