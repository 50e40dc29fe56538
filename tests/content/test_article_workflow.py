"""Articles from topic to readers and beyond, by two people, on every database."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from content import (
    article_checks,
    article_revisions,
    article_sync,
    article_trials,
    article_workflow,
    article_writing,
    articles,
    block_text,
    reviews,
)
from content.article_revisions import (
    ArticleBusy,
    ArticleState,
)
from content.article_trials import Reader
from content.article_writing import Plan
from content.articles import Article
from content.compliance import DEFAULT
from content.reviews import Hand, NotCompliant, OwnWork
from kernel import operators
from kernel.audit import AuditEntry
from kernel.db import Database
from kernel.operators import NewOperator
from kernel.refusals import Invalid, NotFound
from kernel.vault import vault_of
from loyalty import followers, members, tag_definitions, tags
from loyalty.members import Registration
from products.catalogue import Product
from tests.content.articles_seed import KEY, TEXT, approved, begin, known, live
from tests.world import NOON


def test_the_whole_way(database: Database) -> None:
    def work(session: Session) -> None:
        revision, author, approver = begin(session)
        assert revision.state == "topic"
        with pytest.raises(NotFound):
            articles.get(session, "guide")
        article_writing.save(session, revision.id, 1, TEXT, author)
        assert (revision.state, revision.version) == ("writing", 2)

        first = article_workflow.submit(
            session, revision.id, known(session), author, ("请看", DEFAULT)
        )
        with pytest.raises(ArticleState):
            article_writing.save(session, revision.id, 2, TEXT, author)
        article_workflow.refuse(session, first.id, approver, "标题太短")
        better = replace(TEXT, title="三百兆宽带说明")
        article_writing.save(session, revision.id, 2, better, author)
        second = article_workflow.submit(session, revision.id, known(session), author)
        with pytest.raises(OwnWork):
            article_workflow.approve(session, second.id, author, "我自己")
        article_workflow.approve(session, second.id, approver, "可以")
        article_workflow.publish(session, revision.id, known(session), author)

        shown = articles.get(session, "guide")
        assert (shown.title, shown.live_id) == ("三百兆宽带说明", revision.id)
        deeds = list(session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)))
        assert deeds[-6:] == [
            "article.submitted", "article.refused", "article.edited", "article.submitted",
            "article.approved", "article.published",
        ]  # fmt: skip

    database.transaction(work)


def test_a_published_article_stays_while_it_is_revised(database: Database) -> None:
    def work(session: Session) -> None:
        _, author, approver = live(session)
        article = articles.get(session, "guide")
        again = article_writing.revise(session, article.id, author)
        with pytest.raises(ArticleBusy) as busy:
            article_writing.revise(session, article.id, author)
        assert busy.value.facts["id"] == again.id
        article_writing.save(session, again.id, 1, replace(TEXT, title="新的"), author)
        assert articles.get(session, "guide").title == "宽带说明"

        review = article_workflow.submit(session, again.id, known(session), author)
        article_workflow.approve(session, review.id, approver, "好")
        article_workflow.publish(session, again.id, known(session), author)
        assert articles.get(session, "guide").title == "新的"
        states = [one.state for one in article_revisions.of_article(session, article.id)]
        assert states == ["published", "superseded"]

        article_workflow.withdraw(session, article.id, author, "过期")
        with pytest.raises(NotFound):
            articles.get(session, "guide")
        assert article_writing.revise(session, article.id, author).title == "新的"

    database.transaction(work)


def test_who_saved_it_once_does_not_approve_it(sqlite: Database) -> None:
    def work(session: Session) -> None:
        revision, author, approver = begin(session)
        article_writing.save(session, revision.id, 1, TEXT, approver)
        review = article_workflow.submit(session, revision.id, known(session), author)
        with pytest.raises(OwnWork):
            article_workflow.approve(session, review.id, approver, "好")

    sqlite.transaction(work)


def test_a_reference_to_nothing_blocks(sqlite: Database) -> None:
    def work(session: Session) -> None:
        revision, author, _ = begin(session)
        wrong = replace(
            TEXT, blocks=tuple(block_text.read("{{price:gone}} [x](/site/articles/none)"))
        )
        article_writing.save(session, revision.id, 1, wrong, author)
        found = article_checks.inspect(session, wrong, known(session, wrong))
        red = [one for one in found if one.rule == "unknown-reference"]
        assert [one.place for one in red] == ["正文第 1 段（段落）"] * 2
        with pytest.raises(NotCompliant):
            article_workflow.submit(session, revision.id, known(session, wrong), author)
        assert revision.state == "writing"

    sqlite.transaction(work)


def test_what_goes_between_approval_and_publication_is_noticed(database: Database) -> None:
    def work(session: Session) -> None:
        revision, author, _ = approved(session)
        at = NOON + timedelta(hours=3)
        article_workflow.schedule(session, revision.id, at, author)
        session.execute(update(Product).values(active=False))
        assert article_workflow.due(session, at) == [revision.id]
        assert not article_workflow.publish_due(session, revision.id, known(session), at)
        assert revision.state == "approved"
        assert "{{price:b300}}" in revision.problem
        with pytest.raises(NotCompliant):
            article_workflow.publish(session, revision.id, known(session), author)

    database.transaction(work)


def test_it_is_published_at_its_time_and_once(database: Database) -> None:
    def work(session: Session) -> None:
        revision, author, _ = approved(session)
        at = NOON + timedelta(hours=3)
        with pytest.raises(Invalid):
            article_workflow.schedule(session, revision.id, NOON, author)
        article_workflow.schedule(session, revision.id, at, author)
        assert article_workflow.due(session, at - timedelta(seconds=1)) == []
        early = at - timedelta(seconds=1)
        assert not article_workflow.publish_due(session, revision.id, known(session), early)
        assert article_workflow.publish_due(session, revision.id, known(session), at)
        assert not article_workflow.publish_due(session, revision.id, known(session), at)
        assert article_workflow.due(session, at) == []

    database.transaction(work)


def test_the_trial_is_for_the_trial_tag(database: Database) -> None:
    def work(session: Session) -> None:
        revision, author, _ = approved(session)
        for openid in ("oTester", "oOther"):
            followers.follow(session, openid, NOON)
        tester = join(session, "oTester", 1)
        join(session, "oOther", 2)
        tag_definitions.define(session, tag_definitions.Draft("trial", "试用"), NOON, by=author.by)
        tags.put(session, tester, "trial", NOON)
        article_workflow.start_trial(session, revision.id, author)

        assert article_trials.shown(session, "guide", Reader("oTester", "trial")).on_trial
        for stranger in ("oOther", None, "oNobody"):
            with pytest.raises(NotFound):
                article_trials.shown(session, "guide", Reader(stranger, "trial"))
        with pytest.raises(NotFound):
            article_trials.shown(session, "guide", Reader("oTester", "another"))
        article_workflow.publish(session, revision.id, known(session), author)
        assert not article_trials.shown(session, "guide", Reader("oTester", "trial")).on_trial
        assert articles.get(session, "guide").trial_id is None

    database.transaction(work)


def join(session: Session, openid: str, number: int) -> int:
    form = Registration(openid, "张三", f"1380013800{number}", "2026-11")
    return members.admit(session, vault_of(f"k1:{KEY}", KEY), form, NOON).id


def test_publishing_asks_wechat_once(database: Database) -> None:
    def work(session: Session) -> None:
        revision, author, _ = begin(session)
        article_writing.plan(session, revision.id, Plan(to_wechat=True), author)
        article_writing.save(session, revision.id, 1, TEXT, author)
        review = article_workflow.submit(session, revision.id, known(session), author)
        other = operators.create(
            session, NewOperator("third", "third", "approver", "a password of twelve"), NOON
        )
        del other
        third = operators.find(session, "third")
        assert third
        article_workflow.approve(session, review.id, Hand(third.id, NOON), "好")
        article_workflow.publish(session, revision.id, known(session), author)
        with pytest.raises(article_sync.SyncRunning):
            article_sync.ask(session, revision, author)
        assert session.scalar(select(func.count()).select_from(article_sync.ArticleSync)) == 1
        assert reviews.last_of(session, "article", revision.id) is not None
        assert session.scalars(select(Article.state)).all() == ["published"]

    database.transaction(work)
