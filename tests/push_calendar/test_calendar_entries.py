"""What is planned: pushes on their day, the four mass sends of a month, and gaps."""

from datetime import date, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from pushes import calendar_entries, calendar_switches, proposal_decisions, proposals
from pushes.calendar_entries import Plans, Slots
from pushes.proposal_decisions import Choice
from pushes.proposals import Proposing, PushProposal
from pushes.pushes import Push
from tests.push_calendar.conftest import Do
from tests.push_calendar.hands import Editor, begun, hand, noon

TODAY = date(2026, 12, 20)
NEW_YEAR = date(2027, 1, 1)


def take_up(db: Session, send_at: datetime, occasion: str = "new-year") -> int:
    """The occasion proposed, and somebody took it up; the number of the push."""
    due = [one for one in proposals.due(db, TODAY, 60) if one[1].key == occasion]
    proposals.propose(db, due, Proposing(), noon("2026-12-20"))
    number = db.scalars(select(PushProposal.id).where(PushProposal.occasion == occasion)).one()
    choice = Choice("元旦问候", "新年好", send_at)
    made = proposal_decisions.accept(db, number, choice, hand("2026-12-20"), Editor())
    assert made.push_id is not None
    return made.push_id


def december(db: Session) -> Plans:
    return calendar_entries.planned(db, date(2026, 12, 1), date(2027, 1, 31))


def test_a_push_stands_on_the_day_of_shanghai_on_which_it_began(do: Do) -> None:
    midnight = noon("2026-12-06") - timedelta(hours=12)
    do(lambda db: begun(db, "晚", midnight - timedelta(microseconds=1)))
    do(lambda db: begun(db, "早", midnight))
    do(lambda db: begun(db, "别的月", noon("2026-11-30")))

    plans = do(december)

    found = [(one.title, f"{one.day}", one.begun) for one in plans.entries]
    assert found == [("晚", "2026-12-05", True), ("早", "2026-12-06", True)]
    assert plans.entries[0].url_facts == {"push_id": 1}
    assert [one.title for one in plans.on(date(2026, 12, 6))] == ["早"]


def test_a_draft_that_was_proposed_stands_on_the_day_it_is_meant_for(do: Do) -> None:
    number = do(lambda db: take_up(db, noon("2026-12-31")))

    (one,) = do(december).entries
    assert (one.day, one.state, one.begun) == (date(2026, 12, 31), "draft", False)

    def begin(db: Session) -> None:
        push = db.get_one(Push, number)
        push.state, push.started_at = "running", noon("2027-01-01")

    do(begin)
    (one,) = do(december).entries  # once, on the day on which it really began
    assert (one.day, one.begun) == (NEW_YEAR, True)


def test_a_month_has_four_mass_sends_of_which_some_are_used_and_some_planned(do: Do) -> None:
    do(lambda db: begun(db, "月初", noon("2026-12-01")))
    do(lambda db: begun(db, "月底", noon("2026-12-31")))
    do(lambda db: take_up(db, noon("2026-12-31")))

    plans = do(december)

    assert plans.slots(date(2026, 12, 15)) == Slots(used=2, planned=1)
    assert plans.slots(date(2026, 12, 15)).left == 1
    assert plans.slots(NEW_YEAR) == Slots()
    assert plans.slots(NEW_YEAR).left == 4


def test_more_than_four_leave_none_and_are_said() -> None:
    assert (Slots(3, 3).left, Slots(3, 3).over, Slots(1, 1).over) == (0, 2, 0)


def names(do: Do) -> list[str]:
    plans = do(lambda db: calendar_entries.planned(db, TODAY, TODAY + timedelta(days=60)))
    found = do(lambda db: calendar_entries.gaps(db, TODAY, plans))
    return [one.occasion.name for one in found]


def test_occasions_of_the_next_60_days_without_a_push_are_gaps(do: Do) -> None:
    assert names(do) == ["元旦", "春节"]

    do(lambda db: begun(db, "新年好", noon("2026-12-29")))
    assert names(do) == ["春节"]

    do(lambda db: calendar_switches.switch(db, "spring", False, hand()))
    do(lambda db: calendar_switches.switch(db, "laba", True, hand()))
    assert names(do) == ["腊八"]


def test_a_push_too_early_fills_no_gap_and_one_that_failed_neither(do: Do) -> None:
    do(lambda db: begun(db, "太早", noon("2026-12-28")))
    do(lambda db: begun(db, "没发出", noon("2026-12-31"), "failed"))

    assert names(do) == ["元旦", "春节"]


def test_what_somebody_decided_is_no_gap(do: Do) -> None:
    do(lambda db: take_up(db, noon("2026-12-25")))
    assert names(do) == ["春节"]

    def leave(db: Session) -> None:
        due = [one for one in proposals.due(db, TODAY, 60) if one[1].key == "spring"]
        proposals.propose(db, due, Proposing(), noon("2026-12-20"))
        number = db.scalars(select(PushProposal.id).where(PushProposal.occasion == "spring")).one()
        proposal_decisions.ignore(db, number, hand())

    do(leave)
    assert names(do) == []
