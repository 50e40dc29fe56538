"""Rows of the push calendar for the tests of the console: a day, a company day, proposals."""

from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from pushes import calendar_overrides, company_days, proposals
from pushes.company_days import Form
from pushes.holidays_occasions import OCCASIONS, Occasion
from pushes.proposals import Proposing, PushProposal
from tests.console.content_seeds import hand_of
from tests.console.house import NOON

DAY = date(2027, 2, 9)


def add_proposal(session: Session, key: str = "new-year", on: date = date(2027, 1, 1)) -> int:
    """An occasion that has proposed; the number of its proposal."""
    occasion: Occasion = OCCASIONS[key]
    proposals.propose(session, [(on, occasion)], Proposing(hall="掌厅"), NOON)
    query = select(PushProposal.id).where(
        PushProposal.occasion == key, PushProposal.occurs_on == on
    )
    return session.scalars(query).one()


def furnish(session: Session) -> dict[str, str]:
    """One of each thing; what to put into paths."""
    hand = hand_of(session, "marketer")
    calendar_overrides.put(session, DAY, calendar_overrides.Form("off", "春节"), hand)
    company_day = company_days.add(session, Form("司庆", "solar", 6, 18), hand)
    return {
        "day": DAY.isoformat(),
        "year": "2034",
        "occasion": "spring",
        "company_day_id": str(company_day.id),
        "proposal_id": str(add_proposal(session)),
    }


def add_more(session: Session, number: int) -> None:
    """Another of each, told apart by the number."""
    hand = hand_of(session, "marketer")
    company_days.add(session, Form(f"会员日 {number}", "solar", 12, 1 + number), hand)
    add_proposal(session, "spring", date(2027, 2, number))
