"""Profiles: fields that a hall defines, values of the right kind and nothing guessed."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from kernel.db import Database
from kernel.refusals import Invalid
from loyalty import profiles
from loyalty.profiles import ProfileField, ProfileValue, Question
from tests.loyalty.desk import hire
from tests.loyalty.people import join
from tests.world import NOON

BIRTHDAY = Question("birthday", "生日", "date", position=1)
HOUSEHOLD = Question("household", "家庭人口", "number", position=2)
ESTATE = Question("estate", "小区", "text", required=True, position=3)
PLAN = Question("plan", "套餐", "choice", ("宽带", "固话"), position=4)
ALL = (BIRTHDAY, HOUSEHOLD, ESTATE, PLAN)


def define(session: Session) -> None:
    """The four fields."""
    by = hire(session)
    for question in ALL:
        profiles.define(session, question, NOON, by=by)


def test_each_kind_lies_in_its_own_column(database: Database) -> None:
    answers = {
        "birthday": "1988-02-29",
        "household": "-3",
        "estate": " 湖滨 花园 ",
        "plan": "固话",
    }

    def work(session: Session) -> None:
        define(session)
        member = join(session)
        assert sorted(profiles.save(session, member, answers, NOON)) == sorted(answers)
        assert profiles.save(session, member, answers, NOON) == []
        rows = {
            row.field_code: (row.text_value, row.number_value, row.day_value)
            for row in session.scalars(select(ProfileValue))
        }
        assert rows == {
            "birthday": (None, None, date(1988, 2, 29)),
            "household": (None, -3, None),
            "estate": ("湖滨 花园", None, None),
            "plan": ("固话", None, None),
        }

    database.transaction(work)


def test_an_answer_is_changed_and_taken_away(database: Database) -> None:
    def work(session: Session) -> None:
        define(session)
        member = join(session)
        profiles.save(session, member, {"household": "3", "plan": "固话"}, NOON)
        assert profiles.save(session, member, {"household": "4", "plan": ""}, NOON) == [
            "household",
            "plan",
        ]
        assert profiles.read(session, member) == {"household": 4}
        assert [field.code for field in profiles.missing(session, member)] == ["estate"]
        profiles.erase(session, member)
        assert profiles.read(session, member) == {}

    database.transaction(work)


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("birthday", "2026-02-30"), ("birthday", "2026/2/3"), ("birthday", "03-02-2026"),
        ("birthday", "44927"), ("birthday", "２０２６-02-03"), ("birthday", "2026-02-03T00:00"),
        ("household", "12.5"), ("household", "1e9"), ("household", "１００"),
        ("household", "9" * 16), ("household", "9" * 40),
        ("estate", "很" * 101), ("estate", "\u202e\x00  "), ("estate", ""),
        ("plan", "电视"), ("plan", "宽带 "[:1]), ("unknown", "1"), ("x" * 99, "1"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused_and_nothing_changes(
    sqlite: Database, code: str, text: str
) -> None:
    sqlite.transaction(define)
    member = sqlite.transaction(join)
    answers = {"household": "2", code: text} if code != "household" else {code: text}
    with pytest.raises(Invalid) as refused:
        sqlite.transaction(lambda session: profiles.save(session, member, answers, NOON))
    assert refused.value.facts["field"] == code[:30]
    assert sqlite.read(lambda session: profiles.read(session, member)) == {}


@given(st.text(max_size=40), st.sampled_from(["text", "number", "date", "choice"]))
def test_no_text_makes_a_value_of_another_kind(text: str, kind: str) -> None:
    field = ProfileField(code="x", title="x", kind=kind, choices=["甲", "乙"], required=False)
    try:
        value = profiles.parse(field, text)
    except Invalid:
        return
    kinds = {"text": str, "choice": str, "number": int, "date": date}
    assert value is None or isinstance(value, kinds[kind])


@pytest.mark.parametrize(
    ("question", "place"),
    [
        (Question("1st", "生日", "date"), "code"),
        (Question("Birth", "生日", "date"), "code"),
        (Question("b" * 31, "生日", "date"), "code"),
        (Question("birthday", " ", "date"), "title"),
        (Question("birthday", "很" * 21, "date"), "title"),
        (Question("birthday", "生日", "json"), "kind"),
        (Question("plan", "套餐", "choice"), "choices"),
        (Question("plan", "套餐", "choice", ("一", "一")), "choices"),
        (Question("plan", "套餐", "choice", ("一", " 二")), "choices"),
        (Question("plan", "套餐", "choice", ("一", "")), "choices"),
        (Question("plan", "套餐", "choice", tuple(map(str, range(51)))), "choices"),
        (Question("birthday", "生日", "date", ("一", "二")), "choices"),
    ],
)
def test_a_field_that_cannot_work_is_refused(
    sqlite: Database, question: Question, place: str
) -> None:
    with pytest.raises(Invalid) as refused:
        sqlite.transaction(lambda session: profiles.define(session, question, NOON, by=1))
    assert refused.value.facts["field"] == place


def test_a_field_changes_all_but_its_kind(database: Database) -> None:
    def work(session: Session) -> None:
        define(session)
        by, member = hire(session), join(session)
        profiles.save(session, member, {"plan": "固话"}, NOON)
        changed = Question("plan", "在用套餐", "choice", ("宽带", "电视"), position=9)
        profiles.define(session, changed, NOON, by=by)
        assert [field.title for field in profiles.fields(session)][-1] == "在用套餐"
        assert profiles.read(session, member) == {"plan": "固话"}
        with pytest.raises(Invalid):
            profiles.save(session, member, {"plan": "固话"}, NOON)
        profiles.define(session, Question("plan", "套餐", "choice", ("一", "二"), active=False),
                        NOON, by=by)  # fmt: skip
        assert "plan" not in {field.code for field in profiles.fields(session)}
        assert len(profiles.fields(session, with_inactive=True)) == 4
        with pytest.raises(Invalid):
            profiles.define(session, Question("plan", "套餐", "text"), NOON, by=by)

    database.transaction(work)
