"""The pages of series: written from a push, approved by a colleague, switched off and on."""

from datetime import timedelta

from content.reviews import Hand
from pushes import drafts, series_runs
from pushes.schedules import no_occasions
from tests.console.house import NOON, House

FORM = {"title": "早安", "trigger": "push", "kind": "weekly", "at": "09:30", "weekdays-0": "yes"}


def push_of(house: House) -> str:
    """A push whose content a series takes over."""
    form = drafts.text_form("早安", "早上好")
    return str(house.database.transaction(lambda db: drafts.write(db, form, Hand(1, NOON))).id)


def test_from_the_first_draft_to_the_runs(house: House) -> None:
    push_id = push_of(house)
    marketer, approver = house.enter("marketer"), house.enter("approver")
    assert "还没有定期推送" in marketer.text("/console/push-series")
    assert "早安（草稿）" in marketer.text("/console/push-series/new")
    made = marketer.post("/console/push-series", push=push_id, **FORM)
    assert made.location == "/console/push-series/1"
    assert marketer.post("/console/push-series/1/review", note="试试").status_code == 303
    assert "自己写的、自己提交的" in marketer.text("/console/push-series/1")
    waiting = approver.text("/console/reviews")
    assert "定期推送" in waiting
    approver.post("/console/push-series/1/approve", reason="可以")
    page = approver.text("/console/push-series/1")
    assert "运行中" in page
    assert "每周一 09:30" in page
    assert "11月23日 09:30" in page
    due = NOON + timedelta(days=1, hours=22)  # Monday 10:00 in Shanghai
    house.database.transaction(lambda db: series_runs.run_due(db, 1, no_occasions, due))
    assert "待发送" in approver.text("/console/push-series/1")
    late = due + timedelta(days=7, hours=2)
    house.database.transaction(lambda db: series_runs.run_due(db, 1, no_occasions, late))
    assert "已错过" in approver.text("/console/push-series/1")
    house.clock.at = late
    assert "1 次定期推送没有发出" in house.enter("approver").text("/console/")
    house.clock.at = NOON
    marketer.post("/console/push-series/1/off")
    assert "已停用" in marketer.text("/console/push-series")


def test_a_change_asks_for_approval_again_and_faults_come_back(house: House) -> None:
    push_id = push_of(house)
    marketer = house.enter("marketer")
    answer = marketer.post("/console/push-series", **FORM)
    assert answer.status_code == 422
    assert "请选择一条推送" in answer.text
    trigger = {**FORM, "trigger": "registered", "kind": "daily"}
    answer = marketer.post("/console/push-series", push=push_id, **trigger)
    assert answer.status_code == 422
    assert "请填写 1 至 730 天" in answer.text
    marketer.post("/console/push-series", push=push_id, days="30", **trigger)
    assert "注册满 30 天" in marketer.text("/console/push-series/1")
    assert 'value="30"' in marketer.text("/console/push-series/1/edit")
    changed = {**trigger, "days": "31", "version": "1"}
    assert marketer.post("/console/push-series/1", **changed).status_code == 303
    assert "注册满 31 天" in marketer.text("/console/push-series/1")
    stale = marketer.post("/console/push-series/1", **changed)
    assert stale.status_code == 409
    assert "alert alert-danger" in stale.text
    assert marketer.get("/console/push-series/9").status_code == 404


def test_who_may_not_write_sees_no_buttons(house: House) -> None:
    house.enter("marketer").post("/console/push-series", push=push_of(house), **FORM)
    auditor = house.enter("auditor")
    page = auditor.text("/console/push-series/1")
    assert "push-series/1/review" not in page
    assert auditor.post("/console/push-series/1/off").status_code == 403
