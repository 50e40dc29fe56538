"""Taking a proposal up: a draft, on request with a coupon and points, and nothing sent."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from kernel.db import Database
from kernel.refusals import Invalid, NotFound
from loyalty import checkin_programmes
from loyalty.checkin_programmes import FOR_EVER, CheckInProgramme, NoCheckInProgramme
from loyalty.coupons import CouponBatch
from pushes import proposal_decisions, proposals
from pushes.proposal_decisions import Choice, Draft
from pushes.proposals import Proposing, PushProposal
from pushes.pushes import Push
from tests.jobs.house import operators
from tests.kernel.races import at_once
from tests.push_calendar.conftest import Do
from tests.push_calendar.hands import Editor, acts, add_batch, add_programme, hand, noon

TODAY = "2026-09-10"
MID_AUTUMN = date(2026, 9, 25)
SEND_AT = datetime(2026, 9, 25, 1, tzinfo=UTC)


def propose(db: Session) -> int:
    """中秋 2026 has proposed; the number of its proposal."""
    due = [one for one in proposals.due(db, date(2026, 9, 10), 21) if one[1].key == "mid-autumn"]
    assert proposals.propose(db, due, Proposing(hall="掌厅"), noon(TODAY)) == 1
    return db.scalars(select(PushProposal.id)).one()


def accept(
    db: Session, number: int, editor: Editor, day: str = TODAY, **more: Any
) -> PushProposal:
    choice = Choice(**{"title": "中秋", "body": "中秋快乐", "send_at": SEND_AT, **more})
    return proposal_decisions.accept(db, number, choice, hand(day), editor)


def test_taking_it_up_makes_a_draft_and_nothing_else(do: Do) -> None:
    do(lambda db: add_batch(db, "mid-autumn-2025", "2025-10-03", 5))
    number, editor = do(propose), Editor()

    made = do(lambda db: accept(db, number, editor))

    assert editor.asked == [Draft("中秋", "中秋快乐", "mid-autumn", MID_AUTUMN, SEND_AT, 1)]
    push = do(lambda db: db.get_one(Push, made.push_id))
    assert (push.state, push.approved_by, push.started_at) == ("draft", None, None)
    assert (made.state, made.decided_by, made.copy_id, made.programme_id) == (
        "accepted", 1, None, None,
    )  # fmt: skip
    assert do(lambda db: db.scalars(select(CouponBatch.code)).all()) == ["mid-autumn-2025"]
    assert do(acts)[-1] == ("push_proposal.accepted", f"push_proposal:{number}")


def test_last_years_coupon_is_copied_as_a_draft_around_the_same_lunar_day(do: Do) -> None:
    def seed(db: Session) -> None:
        batch = add_batch(db, "mid-autumn-2025", "2025-10-03", 5)
        batch.unusable = {"weekdays": [], "dates": [["2025-10-06", "2025-10-06"]]}

    do(seed)
    number = do(propose)

    made = do(lambda db: accept(db, number, Editor(), copy_code="mid-autumn-2026"))

    copy = do(lambda db: db.get_one(CouponBatch, made.copy_id))
    assert (copy.state, copy.code, copy.issued) == ("draft", "mid-autumn-2026", 0)
    # From three days before 中秋 to two after, as last year.
    assert copy.starts_at == datetime(2026, 9, 21, 16, tzinfo=UTC)
    assert copy.ends_at == copy.starts_at + timedelta(days=5)
    assert copy.unusable["dates"] == [["2026-09-25", "2026-09-25"]]


@pytest.mark.parametrize(
    ("code", "occurs_on", "found"),
    [
        ("mid-autumn-2025", "2026-09-25", "mid-autumn-2026"),
        ("moon", "2026-09-25", "moon-2026"),
        ("x" * 40, "2026-09-25", "x" * 35 + "-2026"),
    ],
)
def test_the_copy_gets_a_code_of_its_year(code: str, occurs_on: str, found: str) -> None:
    assert proposal_decisions.copy_code_of(code, date.fromisoformat(occurs_on)) == found


def specials(db: Session, day: date) -> dict[str, int]:
    rules = checkin_programmes.in_force(db, day).rules
    return {one.on: one.gift.points for one in rules.specials}


def test_points_for_the_day_are_a_new_version_of_the_rules_from_tomorrow(do: Do) -> None:
    do(lambda db: add_programme(db, "daily", "2026-01-01", "2026-01-01"))
    number = do(propose)

    made = do(lambda db: accept(db, number, Editor(), bonus_points=30))

    row = do(lambda db: db.get_one(CheckInProgramme, made.programme_id))
    assert (row.starts_on, row.ends_on) == (date(2026, 9, 11), FOR_EVER)
    # Members see the day ahead of it, and today's rules stay as they are.
    assert do(lambda db: specials(db, date(2026, 9, 11))) == {"2026-09-25": 30}
    assert do(lambda db: specials(db, date(2026, 9, 10))) == {}
    assert ("programme.published", "check_in_programme:bonus-mid-autumn-2026-09-25") in do(acts)


def test_points_for_the_day_stand_in_for_no_version_but_the_days_own(do: Do) -> None:
    def seed(db: Session) -> None:
        add_programme(db, "daily", "2026-01-01", "2026-01-01")
        add_programme(db, "week", "2026-09-14", "2026-09-01", date(2026, 9, 21))
        add_programme(db, "october", "2026-10-01", "2026-09-01")

    do(seed)
    number = do(propose)

    made = do(lambda db: accept(db, number, Editor(), bonus_points=30))

    def in_force(db: Session, day: date) -> str:
        return db.get_one(CheckInProgramme, checkin_programmes.in_force(db, day).id).code

    days = (date(2026, 9, 12), date(2026, 9, 15), MID_AUTUMN, date(2026, 10, 1))
    found = do(lambda db: [in_force(db, day) for day in days])
    assert found == ["daily", "week", "bonus-mid-autumn-2026-09-25", "october"]
    assert do(lambda db: db.get_one(CheckInProgramme, made.programme_id)).name == "daily"


def test_points_that_the_rules_give_already_are_not_given_twice(do: Do) -> None:
    do(lambda db: add_programme(db, "daily", "2026-01-01", "2026-01-01"))
    first = do(propose)
    do(lambda db: accept(db, first, Editor(), bonus_points=30))

    def again(db: Session) -> None:
        row = db.get_one(PushProposal, first)
        row.state = "proposed"
        accept(db, first, Editor(), bonus_points=10)

    assert do(lambda db: proposal_decisions.bonus_standing(db, MID_AUTUMN)) == 30
    with pytest.raises(Invalid, match="invalid") as refused:
        do(again)
    assert refused.value.facts["field"] == "bonus_points"


def test_a_refused_part_leaves_nothing_behind(do: Do) -> None:
    number = do(propose)
    refusals: dict[str, Callable[[Session], object]] = {
        "copy_code": lambda db: accept(db, number, Editor(), copy_code="mid-autumn-2026"),
        "send_at": lambda db: accept(db, number, Editor(), send_at=noon(TODAY)),
        "title": lambda db: accept(db, number, Editor(), title=" "),
    }

    for field, act in refusals.items():
        with pytest.raises(Invalid) as refused:
            do(act)
        assert refused.value.facts["field"] == field
    with pytest.raises(NoCheckInProgramme):
        do(lambda db: accept(db, number, Editor(), bonus_points=30))

    assert do(lambda db: db.get_one(PushProposal, number).state) == "proposed"
    assert do(lambda db: db.scalars(select(Push)).all()) == []
    assert do(acts) == []


def test_it_is_decided_once_and_not_after_the_day(do: Do) -> None:
    number = do(propose)
    with pytest.raises(proposal_decisions.ProposalOver):
        do(lambda db: accept(db, number, Editor(), "2026-09-26"))

    do(lambda db: proposal_decisions.ignore(db, number, hand(TODAY)))

    for act in (
        lambda db: proposal_decisions.ignore(db, number, hand(TODAY)),
        lambda db: accept(db, number, Editor()),
    ):
        with pytest.raises(proposal_decisions.ProposalDecided) as refused:
            do(act)
        assert refused.value.facts == {"state": "已忽略"}
    assert do(acts) == [("push_proposal.ignored", f"push_proposal:{number}")]
    with pytest.raises(NotFound):
        do(lambda db: proposal_decisions.ignore(db, 999, hand(TODAY)))


def test_of_two_who_take_it_up_at_once_one_makes_a_draft(server_database: Database) -> None:
    server_database.transaction(operators)
    number = server_database.transaction(propose)

    answers = at_once(
        4, lambda _: server_database.transaction(lambda db: accept(db, number, Editor()).id)
    )

    assert answers.count(number) == 1
    refused = [one for one in answers if one != number]
    assert all(isinstance(one, proposal_decisions.ProposalDecided) for one in refused)
    drafts = server_database.read(lambda db: db.scalars(select(Push.id)).all())
    assert len(drafts) == 1
