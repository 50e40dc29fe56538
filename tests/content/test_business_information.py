"""Products, branches and announcements as data: two people, one source, and the history."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from content import announcements, branch_changes, branches, changes, opening_hours
from content.announcements import AnnouncementChanged, AnnouncementState
from content.branch_changes import Form as BranchForm
from content.changes import ChangeOpen, SubjectChanged
from content.reviews import Hand, OwnWork
from kernel.audit import AuditEntry
from kernel.db import Database
from kernel.refusals import Invalid, NotFound
from products import catalogue, catalogue_changes
from products.catalogue_changes import Form, ProductCodeTaken
from tests.content.people import two_hands
from tests.world import NOON

BROADBAND = Form("broadband", "三百兆宽带", "300M", 7900, "月", "适合三口之家", "光纤到户")
WEEK = [[["08:30", "12:00"], ["13:30", "18:00"]]] * 5 + [[["09:00", "12:00"]], []]
HALL = BranchForm(
    "中山厅", "中山区", "中山路 1 号", "0411-12345", 38.9, 121.6, week=WEEK,
    days={"2027-02-06": [], "2026-11-22": [["09:00", "24:00"]]}, services=("缴费", "缴费", "报修"),
)  # fmt: skip


def add(session: Session, *hands: Any) -> None:
    author, approver = hands
    for review, kind in (
        (catalogue_changes.ask_new(session, "b300", BROADBAND, author), catalogue_changes.KIND),
        (branch_changes.ask_new(session, "zs", HALL, author), branch_changes.KIND),
    ):
        changes.approve(session, review.id, kind, approver, "好")
    session.flush()


def test_a_price_takes_two_people(database: Database) -> None:
    def work(session: Session) -> None:
        author, approver = two_hands(session)
        review = catalogue_changes.ask_new(session, "b300", BROADBAND, author)
        with pytest.raises(NotFound):
            catalogue.get(session, "b300")
        with pytest.raises(OwnWork):
            changes.approve(session, review.id, catalogue_changes.KIND, author, "我")
        changes.approve(session, review.id, catalogue_changes.KIND, approver, "好")
        session.flush()

        cheaper = replace(BROADBAND, price_fen=6900)
        review = catalogue_changes.ask_change(session, "b300", cheaper, author)
        with pytest.raises(ChangeOpen):
            catalogue_changes.ask_change(session, "b300", cheaper, author)
        assert catalogue.get(session, "b300").price == "79 元/月"
        change = changes.approve(session, review.id, catalogue_changes.KIND, approver, "好")
        assert catalogue.get(session, "b300").price == "69 元/月"
        assert changes.differences(change) == {"price_fen": ["7900", "6900"]}
        found = session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc()).limit(1)).one()
        assert (found.action, found.operator_id) == ("product.change_applied", approver.by)
        assert found.details == {"changes": {"price_fen": ["7900", "6900"]}}

        review = catalogue_changes.ask_retirement(session, "b300", author)
        changes.approve(session, review.id, catalogue_changes.KIND, approver, "好")
        session.flush()
        assert catalogue.every(session) == []
        assert [row.code for row in catalogue.retired(session)] == ["b300"]
        with pytest.raises(ProductCodeTaken):
            catalogue_changes.ask_new(session, "b300", BROADBAND, author)
        assert len(changes.history(session, "product", "b300")) == 3

    database.transaction(work)


def test_a_change_of_something_that_moved_on_is_not_applied(sqlite: Database) -> None:
    cheaper = replace(BROADBAND, price_fen=6900)

    def begin(session: Session) -> tuple[Hand, Hand, int]:
        author, approver = two_hands(session)
        add(session, author, approver)
        review = catalogue_changes.ask_change(session, "b300", cheaper, author)
        catalogue.get(session, "b300").version += 1
        return author, approver, review.id

    author, approver, review_id = sqlite.transaction(begin)
    with pytest.raises(SubjectChanged):
        sqlite.transaction(
            lambda session: changes.approve(
                session, review_id, catalogue_changes.KIND, approver, "好"
            )
        )

    def anew(session: Session) -> None:
        changes.refuse(session, review_id, approver, "重新填")
        catalogue_changes.ask_change(session, "b300", cheaper, author)

    sqlite.transaction(anew)


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": " "}, {"name": "x" * 41}, {"price_fen": -1}, {"price_fen": 10**9},
        {"price_fen": True}, {"period": "个月以上吧"}, {"family": "../x"}, {"terms": ""},
    ],
    ids=str,
)  # fmt: skip
def test_a_product_is_checked(sqlite: Database, wrong: dict[str, Any]) -> None:
    def work(session: Session) -> None:
        author, _ = two_hands(session)
        with pytest.raises(Invalid) as refused:
            catalogue_changes.ask_new(session, "b300", replace(BROADBAND, **wrong), author)
        assert refused.value.facts["field"] == next(iter(wrong))

    sqlite.transaction(work)


def test_a_branch_knows_when_it_is_open(database: Database) -> None:
    def work(session: Session) -> None:
        add(session, *two_hands(session))
        branch = branches.get(session, "zs")
        assert branch.hours == "周一至周五 8:30–12:00、13:30–18:00，周六 9:00–12:00，周日 休息"
        assert branch.services == ["缴费", "报修"]
        assert branch.is_open(NOON) is False  # twelve on a Friday: lunch begins
        assert branch.is_open(NOON - timedelta(seconds=1)) is True
        assert branch.open_words(NOON + timedelta(hours=2)) == "营业中"
        sunday = datetime(2026, 11, 22, 15, 59, tzinfo=UTC)
        assert branch.is_open(sunday) is True  # a special day, until midnight
        assert branch.is_open(sunday + timedelta(minutes=1)) is False
        feast = datetime(2027, 2, 6, 2, 0, tzinfo=UTC)
        assert branch.is_open(feast) is False
        nearest = branches.nearest(session, 38.9, 121.6)
        assert [(one.code, round(km)) for one, km in nearest] == [("zs", 0)]

    database.transaction(work)


def test_a_branch_with_a_text_only_says_nothing_of_now() -> None:
    assert opening_hours.is_open([], {}, NOON) is None
    assert opening_hours.next_change([], {}, NOON) is None
    assert opening_hours.is_open([], {"2026-11-20": []}, NOON) is False


def test_the_next_change() -> None:
    change = opening_hours.next_change(WEEK, {}, NOON)
    assert change == NOON + timedelta(hours=1, minutes=30)
    saturday = NOON + timedelta(days=1)
    assert opening_hours.next_change(WEEK, {}, saturday) == NOON + timedelta(days=2, hours=20.5)


@pytest.mark.parametrize(
    ("week", "days"),
    [
        ([[]], {}), ("x", {}), ([[["9:00", "18:00"]]] * 7, {}), ([[["18:00", "09:00"]]] * 7, {}),
        ([[["09:00", "25:00"]]] * 7, {}), ([[["09:00"]]] * 7, {}), ([[[9, 18]]] * 7, {}),
        ([[["09:00", "12:00"], ["11:00", "13:00"]]] * 7, {}), ([], {"2026-02-30": []}), ([], [1]),
    ],
    ids=str,
)  # fmt: skip
def test_hours_that_make_no_sense(week: Any, days: Any) -> None:
    with pytest.raises(Invalid):
        opening_hours.check(week, days)


def form(**more: Any) -> announcements.Form:
    values = {
        "title": "线路检修", "text": "周六凌晨检修", "starts_at": NOON,
        "ends_at": NOON + timedelta(days=3), "link": "/site/branches", **more,
    }  # fmt: skip
    return announcements.Form(**values)


def test_an_announcement_shows_within_its_window(database: Database) -> None:
    def work(session: Session) -> None:
        author, approver = two_hands(session)
        made = announcements.draft(session, form(in_chat=False), author)
        other = announcements.draft(session, form(title="置顶", pinned=True), author)
        assert announcements.live(session, NOON, "site") == []
        for one in (made, other):
            review = announcements.submit(session, one.id, author)
            with pytest.raises(AnnouncementState):
                announcements.save(session, one.id, 1, form(), author)
            with pytest.raises(OwnWork):
                announcements.approve(session, review.id, author, "我")
            announcements.approve(session, review.id, approver, "好")
        assert announcements.live(session, NOON, "site") == [other, made]
        assert announcements.live(session, NOON, "chat") == [other]
        assert announcements.live(session, NOON - timedelta(seconds=1), "site") == []
        assert announcements.live(session, NOON + timedelta(days=3), "site") == []

        changed = announcements.save(session, made.id, 1, form(text="改到周日"), author)
        assert (changed.state, changed.version) == (
            "draft",
            2,
        )  # what was approved is another text
        with pytest.raises(AnnouncementChanged):
            announcements.save(session, made.id, 1, form(), author)
        announcements.withdraw(session, other.id, author)
        assert announcements.live(session, NOON, "site") == []
        assert announcements.every(session, before_id=other.id) == [made]

    database.transaction(work)


@pytest.mark.parametrize(
    "wrong",
    [
        {"title": ""}, {"text": "x" * 501}, {"link": "javascript:1"}, {"ends_at": NOON},
        {"in_chat": False, "on_site": False},
    ],
    ids=str,
)  # fmt: skip
def test_an_announcement_is_checked(sqlite: Database, wrong: dict[str, Any]) -> None:
    def work(session: Session) -> None:
        author, _ = two_hands(session)
        with pytest.raises(Invalid):
            announcements.draft(session, form(**wrong), author)

    sqlite.transaction(work)
