"""Writing articles: saving, planning, lists, counts, and what stands once for all."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from content import (
    article_checks,
    article_lists,
    article_reads,
    article_revisions,
    article_writing,
    articles,
    block_text,
    branding,
    changes,
    house_facts,
    slots,
)
from content.article_revisions import (
    ArticleChanged,
)
from content.article_writing import ArticleCodeTaken, Plan, Topic
from content.branding import Branding, BrandingChanged
from content.house_facts import HouseFact, HouseFactChanged
from content.reviews import OwnWork
from kernel.clock import business_day
from kernel.db import Database
from kernel.refusals import Invalid
from products.catalogue import Product
from tests.content.articles_seed import TEXT, begin, known, live
from tests.world import NOON


def test_a_stale_save_is_refused(database: Database) -> None:
    def work(session: Session) -> None:
        revision, author, _ = begin(session)
        article_writing.save(session, revision.id, 1, TEXT, author)
        with pytest.raises(ArticleChanged) as refused:
            article_writing.save(session, revision.id, 1, replace(TEXT, title="旧"), author)
        assert refused.value.facts["version"] == 2
        assert article_revisions.get(session, revision.id).title == "宽带说明"

    database.transaction(work)


def test_a_price_changes_everywhere_at_once(sqlite: Database) -> None:
    def work(session: Session) -> None:
        live(session)
        assert slots.fill(articles.get(session, "guide").chat, known(session)) == "宽带 79 元/月"
        session.execute(update(Product).values(price_fen=6950))
        session.expire_all()
        assert slots.fill(articles.get(session, "guide").chat, known(session)) == "宽带 69.5 元/月"

    sqlite.transaction(work)


def test_the_calendar_and_the_lists(database: Database) -> None:
    def work(session: Session) -> None:
        revision, author, _ = live(session)
        other = article_writing.propose(
            session,
            Topic("news", "article", "活动", Plan(due_on=NOON.date(), assignee_id=author.by)),
            author,
        )
        day = business_day(NOON)
        entries = article_lists.calendar(session, day, day)
        assert [(one.what, one.revision.id) for one in entries] == [
            ("due", other.id),
            ("published", revision.id),
        ]
        assert (
            article_lists.calendar(session, day + timedelta(days=1), day + timedelta(days=9)) == []
        )
        mine = article_lists.search(session, article_lists.Filter(assignee_id=author.by))
        assert [line.article.code for line in mine] == ["news"]
        both = article_lists.search(session, article_lists.Filter(), limit=1)
        rest = article_lists.search(session, article_lists.Filter(), before_id=both[0].article.id)
        assert [line.article.code for line in both + rest] == ["news", "guide"]
        assert article_lists.search(session, article_lists.Filter(words="100%")) == []
        assert article_lists.overdue(session, day + timedelta(days=1)) == [other]

    database.transaction(work)


def test_plans_and_codes_are_checked(sqlite: Database) -> None:
    def work(session: Session) -> None:
        revision, author, _ = begin(session)
        with pytest.raises(ArticleCodeTaken):
            article_writing.propose(session, Topic("guide", "page", "x"), author)
        for topic in (
            Topic("../x", "page", "x"),
            Topic("a", "video", "x"),
            Topic("b", "page", " "),
        ):
            with pytest.raises(Invalid):
                article_writing.propose(session, topic, author)
        with pytest.raises(Invalid):
            article_writing.plan(session, revision.id, Plan(assignee_id=9999), author)
        with pytest.raises(Invalid):
            article_writing.save(session, revision.id, 1, replace(TEXT, head="none"), author)
        with pytest.raises(Invalid):
            article_writing.save(session, revision.id, 1, replace(TEXT, cover_id=77), author)
        article_writing.drop(session, revision.id, author)
        assert article_revisions.open_of(session, revision.article_id) is None

    sqlite.transaction(work)


def test_reads_and_shares_are_counted_by_day(database: Database) -> None:
    ids: list[int] = []

    def work(session: Session) -> None:
        live(session)
        ids.append(articles.get(session, "guide").id)
        for mark in ("", "timeline", "made-up"):
            article_reads.read(session, ids[0], NOON, mark)
        article_reads.share(session, ids[0], NOON)
        article_reads.read(session, ids[0], NOON + timedelta(days=1))
        assert article_reads.totals(session, ids) == {ids[0]: (4, 1, 1)}
        days = article_reads.by_day(session, ids[0], NOON.date(), NOON.date())
        assert [(one.reads, one.shares, one.shared_reads) for one in days] == [(3, 1, 1)]

    database.transaction(work)
    assert article_reads.is_robot("Mozilla/5.0 (compatible; Baiduspider/2.0)")
    assert not article_reads.is_robot("Mozilla/5.0 (iPhone) MicroMessenger/8.0.50")


def test_head_and_tail_stand_once_for_all(sqlite: Database) -> None:
    def work(session: Session) -> None:
        _, author, approver = live(session)
        session.add(Branding(code="h", place="head", name="卷首", blocks=block_text.read("欢迎")))
        session.flush()
        body = article_checks.framed(session, replace(TEXT, head="h", tail="gone"))
        assert [block["type"] for block in body] == ["paragraph", "paragraph"]
        asked = branding.ask_change(session, "h", 1, ("卷首", block_text.read("你好")), author)
        changes.approve(session, asked.id, branding.KIND, approver, "好")
        with pytest.raises(BrandingChanged):
            branding.ask_change(session, "h", 1, ("卷首", []), author)
        assert branding.get(session, "h").blocks == block_text.read("你好")
        session.add(HouseFact(code="service", name="热线", value="1"))
        session.flush()
        asked = house_facts.ask_change(session, "service", 1, "0590-2", author)
        assert house_facts.values(session) == {"service": "1"}
        with pytest.raises(OwnWork):
            changes.approve(session, asked.id, house_facts.KIND, author, "我")
        changes.approve(session, asked.id, house_facts.KIND, approver, "好")
        with pytest.raises(HouseFactChanged):
            house_facts.ask_change(session, "service", 1, "3", author)
        assert house_facts.values(session) == {"service": "0590-2"}

    sqlite.transaction(work)
