"""The pages of the push calendar: what they show, and what operators say of a day."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from pushes.calendar_overrides import CalendarOverride
from pushes.company_days import CompanyDay
from pushes.pushes import Push
from tests.console import calendar_seeds, seeds
from tests.console.acts import acts
from tests.console.house import Browser, House

PAGE = "/console/push-calendar"


@pytest.fixture
def marketer(house: House) -> Browser:
    return house.enter("marketer")


def begin(db: Session, *days: int) -> None:
    """Pushes that began on these days of November."""
    for day in days:
        push = seeds.add_push(db, "marketer", f"{day} 号的推送")
        row = db.get_one(Push, push.id)
        row.state, row.started_at = "finished", datetime(2026, 11, day, 4, tzinfo=UTC)


def test_a_month_is_a_table_with_festivals_and_days_off(marketer: Browser) -> None:
    page = marketer.text(f"{PAGE}?month=2026-10")

    assert '<table class="wt-almanac" role="table" aria-labelledby="month">' in page
    assert page.count('role="columnheader"') == 7
    assert page.count("放假：国庆节") == 7
    assert page.count("上班：调休上班") == 1
    assert 'href="/console/push-calendar/days/2026-10-18"' in page
    for name in ("国庆", "重阳", "寒露", "霜降"):
        assert f">{name}</span>" in page


def test_pushes_stand_on_their_days_and_use_the_months_slots(
    house: House, marketer: Browser
) -> None:
    house.database.transaction(lambda db: begin(db, 3, 5, 9, 12, 19))

    page = marketer.text(PAGE)

    assert page.count("号的推送</a>") == 5
    assert "超出 1 次" in page
    assert "已发 5 次，已安排 0 次" in page
    assert 'aria-current="date"' in page
    # 元旦 is within the next 60 days of 11-21, 春节 is not.
    assert "元旦</b>" in page
    assert "春节</b>" not in page
    assert "5 号的推送" in marketer.text(f"{PAGE}/year?year=2026")


def test_a_missing_list_is_said_until_it_is_entered(house: House, marketer: Browser) -> None:
    house.clock.at = datetime(2034, 11, 1, 4, tzinfo=UTC)
    marketer = house.enter("marketer")
    assert "2035 年的放假安排还没有收录" in marketer.text(PAGE)
    assert "2034 年的放假安排还没有收录" in marketer.text(f"{PAGE}/year?year=2034")

    marketer.post(f"{PAGE}/years/2035/confirmations")

    assert "2035 年的放假安排" not in marketer.text(PAGE)
    assert [(act.action, act.subject) for act in acts(house)] == [
        ("calendar.year_confirmed", "year:2035")
    ]
    assert marketer.post(f"{PAGE}/years/2040/confirmations").status_code == 404


@pytest.mark.parametrize("asked", ["2026-13", "x", "1999-01", "2036-01", "", "٢٠٢٦-01"])
def test_an_odd_month_is_this_month(marketer: Browser, asked: str) -> None:
    assert "2026 年 11 月</h2>" in marketer.text(f"{PAGE}?month={asked}")


@pytest.mark.parametrize(
    ("asked", "year"), [("x", 2026), ("1999", 2024), ("9999", 2035), ("2027", 2027)]
)
def test_a_year_beyond_the_calendar_is_the_nearest(
    marketer: Browser, asked: str, year: int
) -> None:
    assert f"<title>{year} 年推送日历" in marketer.text(f"{PAGE}/year?year={asked}")


@pytest.mark.parametrize("day", ["2026-02-30", "2023-12-31", "x", "2026-1-1", "20260101"])
def test_a_day_that_is_none_of_the_calendar_is_not_found(marketer: Browser, day: str) -> None:
    assert marketer.get(f"{PAGE}/days/{day}").status_code == 404
    assert marketer.post(f"{PAGE}/days/{day}", kind="off").status_code == 404


def test_a_day_is_overruled_and_restored(house: House, marketer: Browser) -> None:
    path = f"{PAGE}/days/2026-10-10"
    assert "国务院放假安排" in marketer.text(path)

    answer = marketer.post(path, kind="off", name="厂休", note="通知 8 号")
    assert answer.location == path
    page = marketer.text(path)
    assert "休息（厂休）" in page
    assert "marketer person 手工设置" in page
    assert "放假：厂休" in marketer.text(f"{PAGE}?month=2026-10")

    assert "恢复原样" in page
    marketer.post(f"{path}/removals")
    assert "上班（调休上班）" in marketer.text(path)
    found = acts(house)
    assert [(act.action, act.login) for act in found] == [
        ("calendar.overridden", "marketer"),
        ("calendar.restored", "marketer"),
    ]
    assert house.database.read(lambda db: db.scalars(select(CalendarOverride)).all()) == []


def test_what_is_wrong_with_a_day_stands_beside_its_field(marketer: Browser) -> None:
    answer = marketer.post(f"{PAGE}/days/2026-10-10", kind="name", name="", note="记着")

    assert answer.status_code == 422
    assert 'id="name-fault">请填写名称' in answer.text
    assert 'value="记着"' in answer.text


def test_a_day_of_a_year_without_a_list_rests_on_the_law_alone(marketer: Browser) -> None:
    page = marketer.text(f"{PAGE}/days/2035-10-01")

    assert "法定节日；2035 年的放假安排还没有收录" in page


def test_a_solemn_day_says_so(marketer: Browser) -> None:
    assert "宜庄重，不做促销" in marketer.text(f"{PAGE}/days/2027-04-05")


def test_company_days_are_added_changed_and_taken_out(house: House, marketer: Browser) -> None:
    days = f"{PAGE}/company-days"
    marketer.post(days, name="司庆", recurs="lunar", month="11", day="20", note="2004 年成立")
    assert "司庆" in marketer.text(f"{PAGE}?month=2026-12")  # 冬月二十 is 12-28
    assert "2026年12月28日" in marketer.text(days)

    marketer.post(f"{days}/1", name="司庆日", recurs="once", happens_on="2026-12-30", month="9")
    row = house.database.read(lambda db: db.get_one(CompanyDay, 1))
    assert (row.name, row.month, f"{row.happens_on}") == ("司庆日", None, "2026-12-30")

    marketer.post(f"{days}/1/moves", to="retired")
    assert "司庆日" not in marketer.text(f"{PAGE}?month=2026-12")
    assert "已停用" in marketer.text(days)
    marketer.post(f"{days}/1/moves", to="active")
    assert "司庆日" in marketer.text(f"{PAGE}?month=2026-12")
    assert [act.action for act in acts(house)] == [
        "company_day.added", "company_day.changed", "company_day.retired", "company_day.restored",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("form", "fault"),
    [
        ({"name": "", "recurs": "solar", "month": "1", "day": "1"}, "name"),
        ({"name": "a", "recurs": "solar", "month": "2", "day": "30"}, "day"),
        ({"name": "a", "recurs": "once", "happens_on": "soon"}, "happens_on"),
        ({"name": "a", "recurs": "solar", "month": "二", "day": "1"}, "month"),
    ],
)
def test_what_is_wrong_with_a_company_day_stands_beside_its_field(
    house: House, marketer: Browser, form: dict[str, str], fault: str
) -> None:
    house.database.transaction(calendar_seeds.furnish)

    for path in (f"{PAGE}/company-days", f"{PAGE}/company-days/1"):
        answer = marketer.post(path, **form)
        assert answer.status_code == 422
        assert f'id="{fault}-fault"' in answer.text


def test_who_may_only_read_sees_no_forms(house: House) -> None:
    house.database.transaction(calendar_seeds.furnish)
    auditor = house.enter("auditor")

    proposed = "/console/push-proposals"
    days = (PAGE, f"{PAGE}/days/2027-02-09", f"{PAGE}/company-days", f"{PAGE}/year?year=2034")
    for page in (*days, proposed, f"{proposed}/1", f"{proposed}/occasions"):
        text = auditor.text(page)
        assert text.count("<form") == 1, page  # the way out
