"""Approval by a second person, on every database."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from content import reviews
from content.compliance import Finding
from content.reviews import (
    AlreadyInReview,
    Hand,
    NotCompliant,
    OwnWork,
    Review,
    ReviewClosed,
    Subject,
)
from kernel import operators
from kernel.db import Database
from kernel.operators import NewOperator
from kernel.refusals import Invalid, NotFound
from tests.world import NOON

MENU = Subject("menu", 7, "春节菜单")
AMBER = Finding("AD-9", "amber", "标题", "最", "疑似绝对化用语", "换个说法", "广告法第九条")
RED = replace(AMBER, severity="red", why="绝对化用语")


def people(session: Session) -> tuple[int, int]:
    """An author and an approver."""
    found = []
    for login in ("author", "approver"):
        new = NewOperator(login, login, "marketer", "a password of twelve")
        operators.create(session, new, NOON)
        operator = operators.find(session, login)
        assert operator
        found.append(operator.id)
    return found[0], found[1]


def test_somebody_else_approves(database: Database) -> None:
    def work(session: Session) -> None:
        author, approver = people(session)
        review = reviews.ask(session, MENU, [], Hand(author, NOON), " 请看 ")
        assert (review.state, review.note) == ("open", "请看")
        assert reviews.waiting(session, ["menu"]) == [review]
        assert reviews.waiting(session, ["article"]) == []

        with pytest.raises(OwnWork):
            reviews.approve(session, review.id, {author}, Hand(author, NOON))
        decided = reviews.approve(session, review.id, {author}, Hand(approver, NOON))

        assert (decided.state, decided.decided_by) == ("approved", approver)
        assert reviews.open_of(session, "menu", 7) is None
        assert reviews.last_of(session, "menu", 7) == review

    database.transaction(work)


def test_who_wrote_it_does_not_approve_what_another_submitted(database: Database) -> None:
    def work(session: Session) -> None:
        author, approver = people(session)
        review = reviews.ask(session, MENU, [], Hand(author, NOON))
        with pytest.raises(OwnWork):
            reviews.approve(session, review.id, {approver}, Hand(approver, NOON))

    database.transaction(work)


def test_one_review_at_a_time(database: Database) -> None:
    def work(session: Session) -> None:
        author, approver = people(session)
        first = reviews.ask(session, MENU, [], Hand(author, NOON))
        with pytest.raises(AlreadyInReview):
            reviews.ask(session, MENU, [], Hand(author, NOON))
        reviews.refuse(session, first.id, Hand(approver, NOON), "标题太长")
        second = reviews.ask(session, MENU, [], Hand(author, NOON + timedelta(hours=1)))
        reviews.withdraw(session, second.id, Hand(author, NOON))
        reviews.ask(session, MENU, [], Hand(author, NOON))

        states = select(Review.state, func.count()).group_by(Review.state)
        assert {row[0]: row[1] for row in session.execute(states)} == {
            "refused": 1,
            "withdrawn": 1,
            "open": 1,
        }

    database.transaction(work)


def test_what_was_decided_stays_decided(sqlite: Database) -> None:
    def work(session: Session) -> None:
        author, approver = people(session)
        review = reviews.ask(session, MENU, [], Hand(author, NOON))
        reviews.refuse(session, review.id, Hand(approver, NOON), "不行")
        with pytest.raises(ReviewClosed) as refused:
            reviews.approve(session, review.id, set(), Hand(approver, NOON))
        assert refused.value.facts == {"state": "已退回"}
        with pytest.raises(NotFound):
            reviews.get(session, review.id + 1)

    sqlite.transaction(work)


def test_red_keeps_it_from_being_asked_for(sqlite: Database) -> None:
    def work(session: Session) -> None:
        author, _ = people(session)
        with pytest.raises(NotCompliant) as refused:
            reviews.ask(session, MENU, [AMBER, RED], Hand(author, NOON))
        assert refused.value.facts == {"findings": "标题：绝对化用语"}

    sqlite.transaction(work)


def test_amber_wants_a_written_reason(sqlite: Database) -> None:
    def work(session: Session) -> None:
        author, approver = people(session)
        review = reviews.ask(session, MENU, [AMBER], Hand(author, NOON))
        assert review.findings[0]["quote"] == "最"
        with pytest.raises(Invalid):
            reviews.approve(session, review.id, set(), Hand(approver, NOON), "  ")
        decided = reviews.approve(session, review.id, set(), Hand(approver, NOON), " 引用原文 ")
        assert decided.reason == "引用原文"

    sqlite.transaction(work)


@pytest.mark.parametrize("reason", ["", "  ", "长" * 501])
def test_a_refusal_says_why(sqlite: Database, reason: str) -> None:
    def work(session: Session) -> None:
        author, approver = people(session)
        review = reviews.ask(session, MENU, [], Hand(author, NOON))
        with pytest.raises(Invalid):
            reviews.refuse(session, review.id, Hand(approver, NOON), reason)

    sqlite.transaction(work)


def test_remarks_stand_in_order(sqlite: Database) -> None:
    def work(session: Session) -> None:
        author, approver = people(session)
        reviews.comment(session, MENU, Hand(author, NOON), "初稿")
        reviews.comment(session, MENU, Hand(approver, NOON), "收到\n下午看")
        with pytest.raises(Invalid):
            reviews.comment(session, MENU, Hand(author, NOON), " ")
        bodies = [one.body for one in reviews.comments(session, "menu", 7)]
        assert bodies == ["初稿", "收到\n下午看"]
        assert reviews.comments(session, "menu", 8) == []

    sqlite.transaction(work)
