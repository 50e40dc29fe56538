"""Articles on their way to WeChat, against the box: each at most once."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import requests
from sqlalchemy.orm import Session

from content import (
    article_revisions,
    article_sync,
    article_workflow,
    article_writing,
    block_text,
)
from content.article_revisions import Content
from content.article_writing import Topic
from handlers import publishing
from products import facts
from tests.content.people import two_hands
from tests.content.wechat_desk import BASE, Desk, author_of
from tests.world import NOON


def test_an_article_reaches_wechat(desk: Desk) -> None:
    desk.article()
    desk.run()
    sync = desk.sync
    assert (sync.state, sync.reason) == ("published", "")
    (shown,) = desk.published()
    article = shown["content"]["news_item"][0]
    assert (article["title"], article["author"], article["digest"]) == ("宽带说明", "小王", "摘要")
    assert article["content_source_url"] == f"{BASE}/site/articles/guide?from=wechat-{sync.id}"
    assert "<strong>重点</strong>" in article["content"]
    assert article["content"].count("<img") == 1
    assert (sync.wechat_article_id, sync.url) == (shown["article_id"], article["url"])
    assert desk.drafts() == []
    page = requests.get(desk.url + sync.url.partition(":0")[2], timeout=5)
    assert "宽带说明" in page.text


def test_only_into_the_drafts(desk: Desk) -> None:
    article_id = desk.article(publishes=False)
    desk.run()
    assert desk.state == "drafted"
    assert desk.published() == []
    first = desk.sync.draft_id

    def again(session: Session) -> None:
        hand = replace(author_of(session), at=desk.clock.now())
        live = article_revisions.of_article(session, article_id)[0]
        article_sync.ask(session, live, hand)

    desk.database.transaction(again)
    desk.run(rounds=1)
    assert desk.sync.draft_id == first  # changed in place, not left behind
    desk.run()
    assert desk.state == "published"
    assert len(desk.published()) == 1


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "reset"}, {"kind": "reset", "act": True}, {"kind": "garbage"},
        {"kind": "html_502"}, {"kind": "empty"}, {"kind": "errcode", "errcode": -1},
    ],
    ids=str,
)  # fmt: skip
def test_a_draft_without_an_answer_is_made_once(desk: Desk, fault: dict[str, Any]) -> None:
    desk.fail("draft/add", **fault)
    desk.article()
    desk.run(minutes=5, rounds=10)
    assert desk.state == "published"
    assert len(desk.published()) == 1
    assert desk.drafts() == []


@pytest.mark.parametrize(
    "fault", [{"kind": "reset", "act": True}, {"kind": "garbage", "act": True}], ids=str
)
def test_a_publication_without_an_answer_is_found(desk: Desk, fault: dict[str, Any]) -> None:
    desk.fail("freepublish/submit", **fault)
    desk.article()
    desk.run(minutes=5, rounds=10)
    assert desk.state == "published"
    assert len(desk.published()) == 1


def test_a_publication_that_was_surely_not_taken_is_tried_again(desk: Desk) -> None:
    desk.fail("freepublish/submit", kind="reset")
    desk.article()
    desk.run(minutes=10)
    assert desk.state == "unknown"
    desk.run(minutes=40, rounds=8)
    assert desk.state == "published"
    assert len(desk.published()) == 1


@pytest.mark.parametrize(
    ("title", "reason"), [("审核不通过的", "平台审核未通过"), ("发布失败的", "发布失败")]
)
def test_what_wechat_refuses_is_said(desk: Desk, title: str, reason: str) -> None:
    desk.article(title)
    desk.run()
    assert (desk.state, desk.sync.reason) == ("failed", reason)


def test_a_refusal_can_be_tried_again_by_somebody(desk: Desk) -> None:
    desk.fail("draft/add", kind="errcode", errcode=48001)
    desk.article()
    desk.run()
    assert (desk.state, desk.sync.reason) == ("failed", "微信返回 48001")
    sync_id = desk.sync.id

    def retry(session: Session) -> None:
        article_sync.retry(session, sync_id, replace(author_of(session), at=desk.clock.now()))

    desk.database.transaction(retry)
    desk.run()
    assert desk.state == "published"


def test_a_worker_that_died_in_the_middle_doubles_nothing(desk: Desk) -> None:
    desk.article()
    desk.run(minutes=0.2, rounds=1)  # pictures
    sync_id = desk.sync.id
    marker = f"{BASE}/site/articles/guide?from=wechat-{sync_id}"
    desk.clock.move(seconds=10)

    def die(session: Session) -> None:
        row = article_sync.claim(session, sync_id, marker, desk.clock.now())
        assert row is not None
        assert row.state == "drafting"

    desk.database.transaction(die)
    desk.run(minutes=1)
    assert desk.state == "drafting"  # nobody else touches it for three minutes
    desk.run(minutes=6, rounds=8)
    assert desk.state == "published"
    assert len(desk.published()) == 1


def test_a_picture_that_cannot_go_fails_the_article(desk: Desk) -> None:
    desk.fail("media/uploadimg", kind="errcode", errcode=40005)
    desk.article()
    desk.run()
    assert desk.state == "failed"
    assert desk.sync.reason == "图片未能上传：微信返回 40005"


def test_the_scheduler_publishes_what_is_due(desk: Desk) -> None:
    def work(session: Session) -> int:
        author, approver = two_hands(session)
        made = article_writing.propose(session, Topic("guide", "page", "x"), author)
        content = Content("说明", "", "聊天", tuple(block_text.read("正文")))
        article_writing.save(session, made.id, 1, content, author)
        known = facts.of_content(session, content, NOON)
        review = article_workflow.submit(session, made.id, known, author)
        article_workflow.approve(session, review.id, approver, "好")
        at = NOON + timedelta(minutes=30)
        article_workflow.schedule(session, made.id, at, author)
        return made.id

    revision_id = desk.database.transaction(work)

    def state() -> str:
        return desk.database.read(lambda s: article_revisions.get(s, revision_id).state)

    publishing.publish_articles(desk.tools)
    assert state() == "scheduled"
    desk.clock.move(minutes=30)
    publishing.publish_articles(desk.tools)
    assert state() == "published"
