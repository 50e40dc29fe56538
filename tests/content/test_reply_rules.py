"""Reply rules as revisions: written, reviewed, live, paused, replaced."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from content import reply_reviews, reply_rules, stamps
from content.reply_book import RuleBook
from content.reply_rules import ReplyRule, RuleCodeTaken, RuleWrongState
from content.reviews import AlreadyInReview, Hand, NotCompliant, OwnWork
from kernel.audit import AuditEntry
from kernel.db import Database
from kernel.refusals import Invalid
from tests.content.desk import HELLO, form, live, people, word
from tests.world import NOON


def test_the_way_of_a_rule(database: Database) -> None:
    def work(session: Session) -> None:
        author, approver = people(session)
        rule = reply_rules.draft(session, "no-network", form(), author, NOON)
        assert (rule.state, rule.revision, rule.standing) == ("draft", 1, None)
        reply_reviews.ask(session, rule.id, Hand(author, NOON))
        with pytest.raises(AlreadyInReview):
            reply_reviews.ask(session, rule.id, Hand(author, NOON))
        with pytest.raises(RuleWrongState):
            reply_rules.change(session, rule.id, form("没网"), author, NOON)
        with pytest.raises(OwnWork):
            reply_reviews.approve(session, rule.id, Hand(author, NOON))
        reply_reviews.refuse(session, rule.id, Hand(approver, NOON), "请写得更短")
        assert rule.state == "draft"

        reply_rules.change(session, rule.id, form("没网"), author, NOON)
        reply_reviews.ask(session, rule.id, Hand(author, NOON))
        reply_reviews.withdraw(session, rule.id, Hand(author, NOON))
        reply_reviews.ask(session, rule.id, Hand(author, NOON))
        reply_reviews.approve(session, rule.id, Hand(approver, NOON))
        assert (rule.state, rule.standing) == ("live", "no-network")
        assert rule.patterns == word("没网")

        reply_reviews.pause(session, rule.id, author, NOON)
        with pytest.raises(RuleWrongState) as refused:
            reply_reviews.pause(session, rule.id, author, NOON)
        assert refused.value.facts["state"] == "已暂停"
        reply_reviews.resume(session, rule.id, author, NOON)
        assert rule.state == "live"
        actions = set(session.scalars(select(AuditEntry.action)))
        assert {"reply_rule.drafted", "reply_rule.approved", "reply_rule.paused"} <= actions

    database.transaction(work)


def test_an_edit_of_a_live_rule_is_a_draft_beside_it(database: Database) -> None:
    def work(session: Session) -> None:
        who = people(session)
        first = live(session, "no-network", form(), who)
        second = reply_rules.change(session, first.id, form("没网"), who[0], NOON)
        assert (second.revision, second.state, first.state) == (2, "draft", "live")
        with pytest.raises(RuleWrongState):
            reply_rules.change(session, first.id, form("断线"), who[0], NOON)
        reply_reviews.ask(session, second.id, Hand(who[0], NOON))
        reply_reviews.approve(session, second.id, Hand(who[1], NOON))
        session.refresh(first)
        assert (first.state, first.standing) == ("retired", None)
        assert reply_rules.standing(session, "no-network") == second
        assert [one.revision for one in reply_rules.revisions(session, "no-network")] == [2, 1]

        reply_reviews.retire(session, second.id, who[0], NOON)
        third = reply_rules.change(session, second.id, form("没网"), who[0], NOON)
        assert third.revision == 3
        reply_rules.discard(session, third.id, who[0], NOON)
        assert third.state == "retired"

    database.transaction(work)


def test_a_code_belongs_to_one_rule(sqlite: Database) -> None:
    def work(session: Session) -> None:
        who = people(session)
        reply_rules.draft(session, "one", form(), who[0], NOON)
        with pytest.raises(RuleCodeTaken):
            reply_rules.draft(session, "one", form(), who[0], NOON)
        with pytest.raises(Invalid):
            reply_rules.draft(session, "不行", form(), who[0], NOON)

    sqlite.transaction(work)


def test_a_rule_that_hides_a_built_in_word_says_so(sqlite: Database) -> None:
    def work(session: Session) -> None:
        who = people(session)
        rule = reply_rules.draft(
            session, "over", form(patterns=word("签到", "exact")), who[0], NOON
        )
        amber = [one for one in reply_reviews.findings(rule) if one.severity == "amber"]
        assert any("会盖住内置功能“每日签到”" in one.why for one in amber)
        reply_reviews.ask(session, rule.id, Hand(who[0], NOON))
        with pytest.raises(Invalid):
            reply_reviews.approve(session, rule.id, Hand(who[1], NOON))
        reply_reviews.approve(session, rule.id, Hand(who[1], NOON), "活动期间就是要盖住")

    sqlite.transaction(work)


def test_what_may_not_be_said_is_not_even_reviewed(sqlite: Database) -> None:
    def work(session: Session) -> None:
        who = people(session)
        share = [{"kind": "text", "text": "转发本消息到朋友圈即可领取红包"}]
        rule = reply_rules.draft(session, "share", form(replies=share), who[0], NOON)
        with pytest.raises(NotCompliant):
            reply_reviews.ask(session, rule.id, Hand(who[0], NOON))
        assert rule.state == "draft"

    sqlite.transaction(work)


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("name", {"name": " "}),
        ("kinds", {"kinds": []}),
        ("kinds", {"kinds": ["smell"]}),
        ("patterns", {"patterns": []}),
        ("mode", {"mode": "some"}),
        ("priority", {"priority": 0}),
        ("ends_at", {"starts_at": NOON, "ends_at": NOON}),
        ("hours_from", {"hours_from": "8:00", "hours_until": "20:00"}),
        ("hours_from", {"hours_from": "08:00"}),
        ("hours_until", {"hours_from": "08:00", "hours_until": "08:00"}),
        ("weekdays", {"weekdays": [8]}),
        ("without_tag", {"with_tag": "vip", "without_tag": "vip"}),
        ("cool_down_seconds", {"cool_down_seconds": -1}),
        ("cool_down_seconds", {"cool_down_seconds": 10**9}),
        ("scenes", {"scenes": ["a b"]}),
        ("replies", {"replies": []}),
        ("replies", {"replies": [HELLO] * 11}),
        ("replies", {"replies": [HELLO] * 4, "mode": "all"}),
        ("replies", {"replies": [{"kind": "text", "text": "长" * 700}]}),
        (
            "replies",
            {"replies": [{"kind": "news", "title": "标题", "url": "javascript:alert(1)"}]},
        ),
        ("replies", {"replies": [{"kind": "news", "title": "标题", "url": "//evil.example"}]}),
        ("replies", {"replies": [{"kind": "news", "title": "", "url": "/site/"}]}),
        ("replies", {"replies": [{"kind": "image", "media_id": "<x>"}]}),
        ("replies", {"replies": [{"kind": "function", "key": "drop_tables"}]}),
        ("replies", {"replies": [{"kind": "article", "code": "../x"}]}),
        ("replies", {"replies": ["text"]}),
        (
            "replies",
            {"replies": [HELLO, {"kind": "video", "media_id": "abcdef"}], "mode": "all"},
        ),
    ],
)
def test_a_form_that_cannot_be(sqlite: Database, field: str, values: dict[str, Any]) -> None:
    def work(session: Session) -> None:
        author = people(session)[0]
        with pytest.raises(Invalid) as refused:
            reply_rules.draft(session, "wrong", form(**values), author, NOON)
        assert refused.value.facts["field"] == field
        assert refused.value.facts["reason"]

    sqlite.transaction(work)


def test_pages_follow_each_other(sqlite: Database) -> None:
    def work(session: Session) -> None:
        author = people(session)[0]
        for number in range(reply_rules.PAGE + 5):
            priority = 100 + number % 3
            reply_rules.draft(session, f"r-{number}", form(priority=priority), author, NOON)
        first = reply_rules.page(session)
        second = reply_rules.page(session, before=(first[-1].priority, first[-1].id))
        ids = [one.id for one in [*first, *second]]
        assert len(ids) == len(set(ids)) == reply_rules.PAGE + 5
        assert [one.priority for one in [*first, *second]] == sorted(
            (one.priority for one in [*first, *second]), reverse=True
        )
        assert reply_rules.page(session, "live") == []

    sqlite.transaction(work)


def test_the_book_is_two_seconds_old_at_most(database: Database) -> None:
    ticks = [0.0]
    book = RuleBook(2.0, lambda: ticks[0])
    who = database.transaction(people)

    def read() -> list[str]:
        return database.read(lambda session: [one.code for one in book.rules(session)])

    assert read() == []
    database.transaction(lambda session: live(session, "one", form(), who))
    assert read() == []
    ticks[0] = 2.0
    assert read() == ["one"]
    database.transaction(lambda session: live(session, "two", form("没网", priority=200), who))
    book.forget()
    assert read() == ["two", "one"]
    assert database.read(lambda session: stamps.read(session, reply_rules.STAMP)) > 0


def test_values_and_form_are_the_same_thing(sqlite: Database) -> None:
    written = form(
        starts_at=NOON,
        ends_at=NOON + timedelta(days=1),
        hours_from="22:00",
        hours_until="06:00",
        weekdays=[7, 6],
        scenes=["poster-*"],
        kinds=["follow", "text"],
        mode="random",
        with_tag="vip",
        cool_down_seconds=60,
    )

    def work(session: Session) -> int:
        return reply_rules.draft(session, "all", written, people(session)[0], NOON).id

    rule_id = sqlite.transaction(work)

    def look(session: Session) -> None:
        rule = session.get(ReplyRule, rule_id)
        assert rule
        read = reply_rules.form_of(rule)
        assert (read.kinds, read.weekdays) == (["text", "follow"], [6, 7])
        assert (read.starts_at, read.hours_until) == (written.starts_at, "06:00")

    sqlite.read(look)
