"""Articles on their way: two people, trial, time, WeChat, revisions, taking off."""

from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from content import article_revisions, article_sync, article_workflow, articles, reviews
from content.articles import Article
from tests.console import content_seeds
from tests.console.article_hands import SCRIPT, do, post, revision_of
from tests.console.content_seeds import hand_of
from tests.console.house import NOON, House


@pytest.fixture
def topic(house: House) -> int:
    """An article that nobody wrote yet."""
    return house.database.transaction(content_seeds.add_topic)[0]


def test_two_people_bring_it_to_the_customers(house: House, topic: int) -> None:
    marketer, approver = house.enter("marketer"), house.enter("approver")
    post(marketer, topic)

    assert "已提交审核" in do(marketer, topic, "review", note="请看")
    assert "不能自己通过" in marketer.text(f"/console/articles/{topic}")
    assert marketer.post(f"/console/articles/{topic}/approve").status_code == 403
    assert "请写明退回的原因" in do(approver, topic, "refuse")
    assert "标题太短" in do(approver, topic, "refuse", reason="标题太短")
    assert revision_of(house, topic).state == "writing"
    post(marketer, topic, title="2027 年春节服务安排", version="2")
    do(marketer, topic, "comments", body="已改好")
    do(marketer, topic, "review")
    assert "2027 年春节服务安排" in approver.text("/console/reviews")
    page = do(approver, topic, "approve", reason="已核对")
    assert "已留言" not in page
    assert "已改好" in page
    assert revision_of(house, topic).state == "approved"
    do(marketer, topic, "publish")
    live = house.database.read(lambda db: articles.get(db, "spring"))
    assert live.title == "2027 年春节服务安排"


def test_an_owner_who_wrote_may_not_approve(house: House, topic: int) -> None:
    owner = house.enter("owner")
    post(owner, topic)
    do(owner, topic, "review")

    page = do(owner, topic, "approve", reason="好")

    assert "refused: own_work" in page
    assert revision_of(house, topic).state == "review"


def test_red_findings_keep_it_from_the_approvers(house: House, topic: int) -> None:
    marketer = house.enter("marketer")
    post(marketer, topic, rows=[("b1", {"kind": "product", "code": "gone"})])

    assert "没有在用的产品" in marketer.text(f"/console/articles/{topic}")
    assert "refused: not_compliant" in do(marketer, topic, "review")
    assert revision_of(house, topic).state == "writing"


def ready(house: House) -> int:
    """An article that was approved."""

    def work(db: Session) -> int:
        article_id, revision_id = content_seeds.add_written(db, "ready")
        review = reviews.ask(
            db, article_workflow.subject_of(article_revisions.get(db, revision_id)), [],
            hand_of(db, "marketer"),
        )  # fmt: skip
        article_workflow.approve(db, review.id, hand_of(db, "approver"))
        return article_id

    return house.database.transaction(work)


def test_it_is_tried_timed_and_taken_back(house: House) -> None:
    marketer, article_id = house.enter("marketer"), ready(house)

    do(marketer, article_id, "trial")
    assert revision_of(house, article_id).state == "trial"
    do(marketer, article_id, "trial-end")
    assert "发布时间须晚于现在" in do(
        marketer, article_id, "schedule", publish_at="2026-11-21T11:00"
    )
    do(marketer, article_id, "schedule", publish_at="2026-11-22T09:00")
    held = revision_of(house, article_id)
    assert held.state == "scheduled"
    assert held.publish_at == NOON + timedelta(hours=21)
    calendar = marketer.text("/console/articles/calendar?month=2026-11")
    assert "wt-entry-scheduled" in calendar
    assert "wt-entry-" not in marketer.text("/console/articles/calendar?month=2027-06")
    assert "2026 年 11 月" in marketer.text("/console/articles/calendar?month=nonsense")
    do(marketer, article_id, "unschedule")
    do(marketer, article_id, "take-back")
    assert revision_of(house, article_id).state == "writing"
    assert marketer.get(f"/console/articles/{article_id}/edit").status_code == 200
    do(marketer, article_id, "drop")
    assert marketer.get(f"/console/articles/{article_id}/edit").status_code == 303


def test_what_is_approved_cannot_be_written_on(house: House) -> None:
    marketer, article_id = house.enter("marketer"), ready(house)

    assert post(marketer, article_id, version="2").status_code == 303
    assert "refused: article_state" in marketer.text(f"/console/articles/{article_id}")
    assert revision_of(house, article_id).version == 2


def test_a_live_one_is_revised_compared_and_withdrawn(house: House) -> None:
    article_id = house.database.transaction(content_seeds.add_live)
    marketer = house.enter("marketer")

    assert marketer.post(f"/console/articles/{article_id}/revisions").status_code == 303
    assert "refused: article_busy" in do(marketer, article_id, "revisions")
    rows = [("b1", {"kind": "paragraph", "text": "第二版"})]
    assert post(marketer, article_id, rows=rows, title="资费说明", chat="资费").status_code == 303
    compared = marketer.text(f"/console/articles/{article_id}/differences?old=1&new=2")
    assert 'wt-removed"><span class="visually-hidden">删去' in compared
    assert "段落： 第二版" in compared
    assert "春节" not in compared
    missing = f"/console/articles/{article_id}/differences?old=1&new=99"
    assert marketer.get(missing).status_code == 404
    assert "第一版" in marketer.text("/console/articles/revisions/1")
    assert "请写明下线的原因" in do(marketer, article_id, "withdrawals")
    do(marketer, article_id, "withdrawals", reason="资费调整")
    assert house.database.read(lambda db: db.get_one(Article, article_id)).state == "withdrawn"


def test_it_goes_to_wechat_and_is_tried_again(house: House) -> None:
    article_id = house.database.transaction(content_seeds.add_live)
    marketer = house.enter("marketer")

    assert "等待同步" in do(marketer, article_id, "syncs", to="publish")
    assert house.nudged == [("sync_article", 1)]
    assert "refused: sync_running" in do(marketer, article_id, "syncs", to="publish")
    house.database.transaction(lambda db: article_sync.failed(db, 1, SCRIPT, NOON))
    page = marketer.text(f"/console/articles/{article_id}")
    assert "重试" in page
    assert "<script>alert" not in page
    assert marketer.post("/console/articles/syncs/1/retries").status_code == 303
    assert marketer.post("/console/articles/syncs/1/ends").status_code == 303
    assert "已人工终止" in marketer.text(f"/console/articles/{article_id}")
    assert marketer.post("/console/articles/syncs/99/ends").status_code == 404
