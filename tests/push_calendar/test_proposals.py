"""Occasions that propose a push: each once, in time, and never more than a proposal."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import partial

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from handlers.push_calendar import propose_pushes
from kernel.clock import SHANGHAI
from kernel.db import Database
from kernel.refusals import NotFound
from loyalty.coupons import CouponBatch
from pushes import calendar_switches, company_days, proposals
from pushes.calendar_greetings import load_greetings
from pushes.company_days import Form
from pushes.proposals import Proposing, PushProposal
from pushes.pushes import Push
from tests.jobs.house import House
from tests.kernel.races import at_once
from tests.push_calendar.conftest import Do
from tests.push_calendar.hands import acts, add_batch, hand, noon
from tests.world import ROOT, MovableClock

HOW = Proposing(load_greetings(ROOT / "halls/tietong"), "铁通掌上营业厅", "http://hall.test")


def tick(database: Database, day: str, how: Proposing = HOW) -> None:
    """The timed job at noon of that day."""
    tools = House(database, MovableClock(noon(day))).tools
    propose_pushes(replace(tools, proposing=how))


def found(database: Database) -> list[tuple[str, str]]:
    query = select(PushProposal.name, PushProposal.occurs_on).order_by(PushProposal.occurs_on)
    return [(row.name, f"{row.occurs_on}") for row in database.read(lambda db: db.execute(query))]


def test_an_occasion_proposes_once_three_weeks_ahead(database: Database) -> None:
    tick(database, "2026-12-10")
    assert found(database) == []

    for day in ("2026-12-11", "2026-12-11", "2026-12-12", "2026-12-31"):
        tick(database, day)

    assert found(database) == [("元旦", "2027-01-01")]
    (row,) = database.read(lambda db: db.scalars(select(PushProposal)).all())
    assert (row.state, row.title, row.page) == ("proposed", "元旦问候", "/site/check-ins")
    assert "2027 年到了！铁通掌上营业厅祝您" in row.body
    assert row.body.endswith("http://hall.test/site/check-ins")
    assert row.bonus_points == 20
    assert row.send_at == datetime(2027, 1, 1, 9, tzinfo=SHANGHAI)
    assert database.read(lambda db: db.scalar(select(func.count()).select_from(Push))) == 0


def test_a_scheduler_that_slept_over_the_day_catches_up_but_not_on_the_day_itself(
    sqlite: Database,
) -> None:
    tick(sqlite, "2026-12-31")
    assert found(sqlite) == [("元旦", "2027-01-01")]

    tick(sqlite, "2027-02-06")  # 春节 is today; 元宵 is two weeks ahead
    assert found(sqlite) == [("元旦", "2027-01-01"), ("元宵", "2027-02-20")]


def test_with_no_days_ahead_nothing_proposes(sqlite: Database) -> None:
    tick(sqlite, "2026-12-20", Proposing(days=0))

    assert found(sqlite) == []


def test_two_schedulers_at_the_same_moment_make_one_proposal(server_database: Database) -> None:
    day = date(2027, 1, 1)
    due = server_database.read(lambda db: proposals.due(db, date(2026, 12, 20), 21))
    assert [on for on, _ in due] == [day]

    def propose(_number: int) -> int:
        return server_database.transaction(
            lambda db: proposals.propose(db, due, HOW, noon("2026-12-20"))
        )

    made = at_once(6, propose)

    assert sorted(made, key=str) == [0, 0, 0, 0, 0, 1]
    assert found(server_database) == [("元旦", "2027-01-01")]


def test_an_occasion_is_switched_on_and_off(do: Do, sqlite: Database) -> None:
    off = partial(calendar_switches.switch, key="new-year", proposes=False, hand=hand())
    on = partial(calendar_switches.switch, key="laba", proposes=True, hand=hand())

    assert [do(act) for act in (off, off, on)] == [True, False, True]

    tick(sqlite, "2026-12-30")
    assert found(sqlite) == [("腊八", "2027-01-15")]
    assert do(acts) == [
        ("occasion.switched_off", "occasion:new-year"),
        ("occasion.switched_on", "occasion:laba"),
    ]
    with pytest.raises(NotFound):
        do(lambda db: calendar_switches.switch(db, "no-such", True, hand()))


def test_a_company_day_proposes_when_it_is_told_to(do: Do, sqlite: Database) -> None:
    def add(db: Session) -> str:
        return company_days.add(db, Form("司庆", "solar", 12, 18), hand()).key

    key = do(add)
    tick(sqlite, "2026-12-08")
    assert found(sqlite) == []

    do(lambda db: calendar_switches.switch(db, key, True, hand(), company_days.occasions(db)))
    tick(sqlite, "2026-12-08")

    assert found(sqlite) == [("司庆", "2026-12-18")]
    body = sqlite.read(lambda db: db.scalar(select(PushProposal.body)))
    assert body == "今天是司庆。铁通掌上营业厅祝您和家人平安顺遂、万事如意。"


def test_the_batch_of_last_time_is_found_by_the_moon(do: Do, sqlite: Database) -> None:
    def seed(db: Session) -> int:
        chosen = add_batch(db, "mid-autumn-2025", "2025-10-03", 5).id
        add_batch(db, "same-date", "2025-09-24", 3)  # a year before by the sun
        add_batch(db, "long", "2025-09-10", 40)
        add_batch(db, "all-autumn", "2025-09-01", 80)
        add_batch(db, "draft", "2025-10-05", 2, state="draft")
        return chosen

    batch_id = do(seed)
    tick(sqlite, "2026-09-10")

    query = select(PushProposal).where(PushProposal.occasion == "mid-autumn")
    row = sqlite.read(lambda db: db.scalars(query).one())
    # 2025-10-06 → 2026-09-25
    assert (row.batch_id, row.shift_days) == (batch_id, 354)


def test_a_solemn_day_has_neither_coupon_nor_points_nor_page(do: Do, sqlite: Database) -> None:
    do(lambda db: add_batch(db, "april", "2026-04-04", 3))

    tick(sqlite, "2027-03-20")

    row = sqlite.read(lambda db: db.scalars(select(PushProposal)).one())
    assert (row.name, row.batch_id, row.bonus_points, row.page) == ("清明", None, 0, "")
    assert "http" not in row.body
    assert sqlite.read(lambda db: db.scalar(select(func.count()).select_from(CouponBatch))) == 1


def test_month_end_and_the_turn_of_the_year_are_days_like_others(sqlite: Database) -> None:
    first = date(2026, 1, 1)
    for number in range(0, 366, 7):
        tick(sqlite, f"{first + timedelta(days=number)}")

    assert found(sqlite) == [
        ("春节", "2026-02-17"),
        ("元宵", "2026-03-03"),
        ("清明", "2026-04-05"),
        ("劳动节", "2026-05-01"),
        ("517 电信日", "2026-05-17"),
        ("端午", "2026-06-19"),
        ("七夕", "2026-08-19"),
        ("中秋", "2026-09-25"),
        ("国庆", "2026-10-01"),
        ("重阳", "2026-10-18"),
        ("元旦", "2027-01-01"),
    ]
