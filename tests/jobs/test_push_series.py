"""Series: each day that is due makes one push, whatever the clock, the scheduler or rivals do."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import partial

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from content.reviews import Hand, OwnWork
from handlers.push_series import run_series
from kernel.db import Database
from kernel.refusals import Invalid
from pushes import drafts, series, series_runs
from pushes.drafts import Form
from pushes.pushes import Push
from pushes.series import Edition, Plan, PushSeries, SeriesChanged, SeriesState
from pushes.series import House as Ground
from pushes.series_runs import PushRun
from tests.jobs.house import House
from tests.races.rivals import race
from tests.world import NOON

AUTHOR, APPROVER = 1, 2
MID_AUTUMN = {2026: {"mid_autumn": date(2026, 9, 25)}, 2027: {"mid_autumn": date(2027, 9, 15)}}
GROUND = Ground(occasions=lambda year: MID_AUTUMN.get(year, {}))


def form(**changed: object) -> Form:
    """A greeting by customer message."""
    content = {"customer": {"kind": "text", "text": "{称呼}，早上好"}}
    made = Form("早安", ["customer"], [{"share": 100, "contents": content}])
    return replace(made, **changed)  # type: ignore[arg-type]


def plan(schedule: dict[str, object], **changed: object) -> Plan:
    """That greeting by a schedule."""
    made = Plan("早安", form(), schedule)
    return replace(made, **changed)  # type: ignore[arg-type]


DAILY = plan({"kind": "daily", "at": "12:30"})


def approved(session: Session, wanted: Plan, at: datetime = NOON) -> PushSeries:
    """A series of author 1 that operator 2 has approved."""
    one = series.write(session, wanted, GROUND, Hand(AUTHOR, at))
    series.submit(session, one.id, GROUND, Hand(AUTHOR, at))
    return series.approve(session, one.id, Hand(APPROVER, at), "可以")


def runs(house: House) -> list[tuple[str, str]]:
    """Day and state of each run."""
    query = select(PushRun).order_by(PushRun.id)
    rows = house.database.read(lambda session: session.scalars(query).all())
    return [(str(row.day), row.state) for row in rows]


def made(house: House) -> list[Push]:
    """Every push."""
    query = select(Push).order_by(Push.id)
    return list(house.database.read(lambda session: session.scalars(query).all()))


# What starts, and what does not.


def test_a_due_day_becomes_one_push_that_its_approver_let_go(house: House) -> None:
    house.do(lambda session: approved(session, DAILY))
    run_series(house.tools)
    assert runs(house) == []
    house.clock.move(minutes=31)
    for _ in range(3):
        run_series(house.tools)
    assert runs(house) == [("2026-11-20", "started")]
    (push,) = made(house)
    assert (push.state, push.approved_by, push.created_by) == ("scheduled", APPROVER, AUTHOR)
    assert push.key == f"series:{push.series_id}:2026-11-20"
    assert push.send_at == NOON + timedelta(minutes=30)
    assert house.waiting == [("start_push", push.id)]
    house.clock.move(hours=-1)  # a clock set back
    run_series(house.tools)
    house.clock.move(hours=1)
    run_series(house.tools)
    house.clock.move(days=1)
    run_series(house.tools)
    assert [day for day, _ in runs(house)] == ["2026-11-20", "2026-11-21"]


def test_schedulers_at_once_make_one_push(
    server_database: Database, house_of: Callable[[Database], House]
) -> None:
    house = house_of(server_database)
    one = house.database.transaction(lambda session: approved(session, DAILY))
    at = NOON + timedelta(minutes=31)
    outcomes = race(
        house.database,
        lambda session, _number: series_runs.run_due(session, one.id, GROUND.occasions, at),
        16,
    )
    assert sorted(map(len, outcomes)) == [0] * 15 + [1]
    assert len(made(house)) == 1


@pytest.mark.parametrize(("late", "state"), [(60, "started"), (61, "missed")])
def test_a_scheduler_that_slept_begins_within_the_grace(
    quick_house: House, late: int, state: str
) -> None:
    house = quick_house
    house.do(lambda session: approved(session, DAILY))
    house.clock.move(minutes=30 + late)
    run_series(house.tools)
    assert runs(house) == [("2026-11-20", state)]
    assert len(made(house)) == (state == "started")


def test_past_days_are_shown_as_missed_and_never_made_up_for(quick_house: House) -> None:
    house = quick_house
    house.do(lambda session: approved(session, DAILY))
    house.clock.move(days=3, minutes=45)
    run_series(house.tools)
    run_series(house.tools)
    assert [state for _, state in runs(house)] == ["missed"] * 3 + ["started"]
    assert len(made(house)) == 1
    house.clock.move(days=40)
    run_series(house.tools)
    assert len(runs(house)) == 4 + 8, "no more than a week back"


def test_what_was_due_before_the_approval_or_while_it_rested_is_no_run(
    quick_house: House,
) -> None:
    house = quick_house
    early = plan({"kind": "daily", "at": "11:59"})
    one = house.database.transaction(lambda session: approved(session, early))
    run_series(house.tools)
    assert runs(house) == []

    def switch(active: bool) -> None:
        at = Hand(AUTHOR, house.clock.now())
        house.do(lambda session: series.switch(session, one.id, active, at))

    switch(False)
    house.clock.move(days=3)
    run_series(house.tools)
    switch(True)
    run_series(house.tools)
    assert runs(house) == []
    house.clock.move(days=1)
    run_series(house.tools)
    assert runs(house) == [("2026-11-24", "started")]


def test_first_and_last_day_belong_to_it(quick_house: House) -> None:
    house = quick_house
    short = replace(DAILY, from_on=date(2026, 11, 21), until_on=date(2026, 11, 22))
    one = house.database.transaction(lambda session: approved(session, short))
    house.clock.move(minutes=31)
    for _ in range(4):
        run_series(house.tools)
        house.clock.move(days=1)
    assert [day for day, _ in runs(house)] == ["2026-11-21", "2026-11-22"]
    after = house.clock.now()
    assert series.next_at(one, GROUND.occasions, after) is None
    assert series.next_at(one, GROUND.occasions, NOON) == NOON + timedelta(days=1, minutes=30)


def test_a_trigger_means_the_members_of_that_day(quick_house: House) -> None:
    house = quick_house
    audience = {"kind": "trigger", "trigger": "registered", "days": 30}
    born = replace(DAILY, form=form(audience=audience))
    one = house.database.transaction(lambda session: approved(session, born))
    assert one.form["audience"] == audience
    house.clock.move(days=1, minutes=31)
    run_series(house.tools)
    assert made(house)[0].audience == {**audience, "on": "2026-11-21"}
    house.work()
    push = made(house)[0]
    assert (push.state, push.reason) == ("finished", "没有可以送达的收件人")


def test_what_cannot_be_sent_any_more_fails_alone(quick_house: House) -> None:
    house = quick_house

    def spoil(session: Session) -> None:
        one = approved(session, DAILY)
        approved(session, DAILY)
        one.form = {**one.form, "audience": {"kind": "tag", "tag": "gone"}}

    house.do(spoil)
    house.clock.move(minutes=31)
    run_series(house.tools)
    assert [state for _, state in runs(house)] == ["failed", "started"]
    reasons = house.database.read(lambda session: session.scalars(select(PushRun.reason)).all())
    assert reasons[0] == "请选择标签"


# Who lets it go.


def test_a_change_needs_approval_again_and_nobody_approves_his_own(quick_house: House) -> None:
    house = quick_house
    one = house.database.transaction(lambda session: approved(session, DAILY))

    def revise(session: Session, version: int = 1) -> PushSeries:
        later = replace(DAILY, schedule={"kind": "daily", "at": "13:00"})
        hand = Hand(APPROVER, NOON)
        return series.revise(session, Edition(one.id, version), later, GROUND, hand)

    house.do(revise)
    with pytest.raises(SeriesChanged):
        house.do(revise)
    house.clock.move(hours=2)
    run_series(house.tools)
    assert runs(house) == []
    house.do(lambda session: series.submit(session, one.id, GROUND, Hand(AUTHOR, NOON)))
    with pytest.raises(SeriesState):
        house.do(lambda session: revise(session, 2))
    for editor in (AUTHOR, APPROVER):  # both wrote in it
        work = partial(series.approve, series_id=one.id, hand=Hand(editor, NOON))
        with pytest.raises(OwnWork):
            house.do(work)


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"schedule": {"kind": "daily", "at": "22:00"}}, "at"),
        ({"schedule": {"kind": "daily", "at": "25:00"}}, "at"),
        ({"schedule": {"kind": "weekly", "weekdays": [], "at": "09:00"}}, "weekdays"),
        ({"schedule": {"kind": "monthly", "day": 32, "at": "09:00"}}, "day"),
        ({"schedule": {"kind": "holiday", "code": "x", "offset": 0, "at": "09:00"}}, "code"),
        ({"schedule": {"kind": "yearly", "at": "09:00"}}, "kind"),
        (
            {
                "schedule": {"kind": "weekly", "weekdays": [0], "at": "09:00"},
                "form": form(audience={"kind": "trigger", "trigger": "birthday"}),
            },
            "kind",
        ),
        ({"from_on": date(2026, 12, 2), "until_on": date(2026, 12, 1)}, "until_on"),
        ({"form": form(channels=[])}, "channels"),
        ({"form": form(audience={"kind": "trigger", "trigger": "x"})}, "trigger"),
    ],
)
def test_what_a_plan_may_not_say(
    quick_house: House, changed: dict[str, object], field: str
) -> None:
    wrong = replace(DAILY, **changed)  # type: ignore[arg-type]
    with pytest.raises(Invalid) as refused:
        quick_house.do(lambda session: series.write(session, wrong, GROUND, Hand(1, NOON)))
    assert refused.value.facts["field"] == field


def test_the_form_of_a_push_can_be_taken_over(quick_house: House) -> None:
    def work(session: Session) -> PushSeries:
        push = drafts.write(session, form(holdout_percent=10), Hand(1, NOON))
        taken = replace(DAILY, form=drafts.form_of(push))
        return series.write(session, taken, GROUND, Hand(1, NOON))

    one = quick_house.database.transaction(work)
    assert series.form_of(one).holdout_percent == 10
    assert "send_at" not in one.form
