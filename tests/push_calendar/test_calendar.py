"""Overrides, company days, and what a day of the calendar is then."""

from datetime import date
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from kernel.audit import AuditEntry
from kernel.refusals import Invalid
from pushes import calendar_days, calendar_overrides, company_days
from pushes.calendar_days import Day
from pushes.calendar_overrides import Form
from pushes.company_days import Form as CompanyForm
from tests.push_calendar.conftest import Do
from tests.push_calendar.hands import acts, hand


def day_of(session: Session, written: str) -> Day:
    on = date.fromisoformat(written)
    (found,) = calendar_days.days(session, on, on)
    return found


@pytest.mark.parametrize(
    ("day", "is_off", "kind"),
    [
        ("2026-10-05", True, "off"),  # a Monday of the vacation
        ("2026-10-10", False, "workday"),  # a Saturday that is worked
        ("2026-10-17", True, None),
        ("2026-10-19", False, None),
    ],
)
def test_a_day_is_off_or_worked_by_the_list(
    do: Do, day: str, is_off: bool, kind: str | None
) -> None:
    found = do(lambda db: day_of(db, day))

    assert (found.is_off, found.shift and found.shift.kind) == (is_off, kind)


def test_an_override_wins_over_the_list_until_it_is_removed(do: Do) -> None:
    worked, off = date(2026, 10, 10), date(2026, 10, 5)

    def override(db: Session) -> None:
        calendar_overrides.put(db, worked, Form("off", "厂休"), hand())
        calendar_overrides.put(db, off, Form("workday", note="通知 8 号"), hand())

    do(override)
    assert do(lambda db: day_of(db, f"{worked}").is_off) is True
    assert do(lambda db: day_of(db, f"{off}").is_off) is False
    assert do(lambda db: day_of(db, f"{worked}").shift).name == "厂休"

    assert do(lambda db: calendar_overrides.remove(db, worked, hand())) is True
    assert do(lambda db: day_of(db, f"{worked}").is_off) is False
    assert do(lambda db: calendar_overrides.remove(db, worked, hand())) is False
    assert [action for action, _ in do(acts)][2:] == ["calendar.restored"]


def test_a_name_alone_leaves_the_day_as_it_is(do: Do) -> None:
    do(lambda db: calendar_overrides.put(db, date(2026, 10, 10), Form("name", "店庆"), hand()))

    found = do(lambda db: day_of(db, "2026-10-10"))
    assert (found.name, found.is_off, found.shift.by_hand) == ("店庆", False, False)


def test_what_was_overridden_is_on_record_with_what_it_was(do: Do) -> None:
    on = date(2027, 2, 9)
    assert do(lambda db: calendar_overrides.put(db, on, Form("off", "春节"), hand())) is True
    assert do(lambda db: calendar_overrides.put(db, on, Form("off", "春节"), hand())) is False
    do(lambda db: calendar_overrides.put(db, on, Form("workday"), hand(by=2)))

    rows = do(lambda db: db.scalars(select(AuditEntry).order_by(AuditEntry.id)).all())
    assert [(row.action, row.subject, row.operator_id) for row in rows] == [
        ("calendar.overridden", "day:2027-02-09", 1),
        ("calendar.overridden", "day:2027-02-09", 2),
    ]
    assert rows[1].details["changes"] == {"kind": ["off", "workday"], "name": ["春节", ""]}


@pytest.mark.parametrize(
    ("day", "form", "field"),
    [
        ("2023-12-31", Form("off"), "day"),
        ("2036-01-01", Form("off"), "day"),
        ("2027-01-01", Form("holiday"), "kind"),
        ("2027-01-01", Form("name"), "name"),
        ("2027-01-01", Form("off", "长" * 21), "name"),
        ("2027-01-01", Form("off", "", "长" * 201), "note"),
    ],
)
def test_an_override_that_cannot_be_is_refused(do: Do, day: str, form: Form, field: str) -> None:
    with pytest.raises(Invalid) as refused:
        do(lambda db: calendar_overrides.put(db, date.fromisoformat(day), form, hand()))

    assert refused.value.facts["field"] == field


def test_a_year_without_a_list_is_missed_until_somebody_entered_it(do: Do) -> None:
    def missed(db: Session) -> list[int]:
        return calendar_overrides.unpublished(db, {2026, 2034, 2035})

    assert do(missed) == [2034, 2035]
    assert do(lambda db: calendar_overrides.confirm_year(db, 2034, hand())) is True
    assert do(lambda db: calendar_overrides.confirm_year(db, 2034, hand())) is False
    assert do(missed) == [2035]
    assert do(acts) == [("calendar.year_confirmed", "year:2034")]


@pytest.mark.parametrize(
    ("form", "day", "not_on"),
    [
        (CompanyForm("司庆", "solar", 6, 18), "2027-06-18", "2027-06-17"),
        (CompanyForm("南方小年", "lunar", 12, 24), "2027-01-31", "2027-12-24"),
        (CompanyForm("闰月里没有", "lunar", 6, 1), "2025-06-25", "2025-07-25"),
        (CompanyForm("新厅开业", "once", happens_on=date(2027, 3, 8)), "2027-03-08", "2028-03-08"),
    ],
)
def test_company_days_stand_on_their_days(
    do: Do, form: CompanyForm, day: str, not_on: str
) -> None:
    added = do(lambda db: company_days.add(db, form, hand()))

    def named(db: Session, on: str) -> list[str]:
        return [one.name for one in day_of(db, on).occasions if one.kind == "company"]

    assert do(lambda db: named(db, day)) == [form.name]
    assert do(lambda db: named(db, not_on)) == []
    assert do(lambda db: company_days.retire(db, added.id, hand())) is True
    assert do(lambda db: named(db, day)) == []
    assert do(lambda db: company_days.restore(db, added.id, hand())) is True
    assert do(lambda db: company_days.restore(db, added.id, hand())) is False
    assert do(lambda db: named(db, day)) == [form.name]


def test_a_company_day_is_changed_and_that_is_on_record(do: Do) -> None:
    added = do(lambda db: company_days.add(db, CompanyForm("司庆", "solar", 6, 18), hand()))
    later = CompanyForm("司庆", "solar", 6, 28)

    assert do(lambda db: company_days.change(db, added.id, later, hand())) is True
    assert do(lambda db: company_days.change(db, added.id, later, hand())) is False

    entry = do(lambda db: db.scalars(select(AuditEntry).order_by(AuditEntry.id.desc())).first())
    assert (entry.action, entry.details) == (
        "company_day.changed",
        {"changes": {"day": [18, 28]}},
    )


@pytest.mark.parametrize(
    ("terms", "field"),
    [
        ({"name": " "}, "name"),
        ({"recurs": "weekly"}, "recurs"),
        ({"month": 13}, "month"),
        ({"month": 4, "day": 31}, "day"),
        ({"recurs": "lunar", "day": 31}, "day"),
        ({"month": None}, "month"),
        ({"recurs": "once"}, "happens_on"),
        ({"recurs": "once", "happens_on": date(2040, 1, 1)}, "happens_on"),
        ({"note": "长" * 201}, "note"),
    ],
)
def test_a_company_day_that_cannot_be_is_refused(
    do: Do, terms: dict[str, Any], field: str
) -> None:
    form = CompanyForm(**{"name": "司庆", "recurs": "solar", "month": 6, "day": 18, **terms})

    with pytest.raises(Invalid) as refused:
        do(lambda db: company_days.add(db, form, hand()))

    assert refused.value.facts["field"] == field


def test_a_month_has_its_lunar_dates_and_its_festivals_in_order(do: Do) -> None:
    found = do(lambda db: calendar_days.days(db, date(2026, 9, 21), date(2026, 9, 27)))

    assert [day.lunar for day in found][:2] == ["十一", "十二"]
    names = {day.on.day: [one.name for one in day.occasions] for day in found if day.occasions}
    assert names == {23: ["秋分"], 25: ["中秋"]}
    assert [day.on.day for day in found if day.is_off] == [25, 26, 27]
