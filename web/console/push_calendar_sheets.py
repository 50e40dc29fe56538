"""What the pages of the push calendar show: months, years, a day, proposals with their names."""

import calendar
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from kernel.operators import Operator
from loyalty.coupons import CouponBatch
from pushes import (
    calendar_days,
    calendar_entries,
    calendar_overrides,
    calendar_switches,
    company_days,
    holidays,
    holidays_occasions,
    proposal_decisions,
    proposals,
)
from pushes.calendar_days import Day
from pushes.calendar_entries import GAP_DAYS, Gap, Plans, Slots
from pushes.company_days import CompanyDay
from pushes.holidays import FIRST_YEAR, LAST_YEAR
from pushes.holidays_occasions import Occasion
from pushes.proposals import PushProposal

# From this month on next year's list is expected, so its absence is worth a word.
_EXPECTED_FROM = 10


@dataclass(frozen=True)
class MonthSheet:
    """A month in weeks from Monday, with what is planned and what is missing."""

    first: date
    weeks: list[list[Day]]
    plans: Plans
    slots: Slots
    gaps: list[Gap]
    unpublished: list[int]
    waiting: int


@dataclass(frozen=True)
class YearSheet:
    """Twelve months of (first day, weeks, slots)."""

    year: int
    months: list[tuple[date, list[list[Day]], Slots]]
    plans: Plans
    unpublished: list[int]
    by_hand: int


@dataclass(frozen=True)
class DaySheet:
    """One day, who said what it is, and the pushes on it."""

    day: Day
    plans: Plans
    operator: str
    is_official: bool


@dataclass(frozen=True)
class ProposalSheet:
    """A proposal with the batch of last time, points that stand already, and who decided."""

    proposal: PushProposal
    batch: CouponBatch | None
    copy: CouponBatch | None
    operator: str
    standing: int | None
    is_solemn: bool


def month(session: Session, first: date, today: date) -> MonthSheet:
    """The month that begins on `first`, in the weeks that hold it."""
    dates = calendar.Calendar().monthdatescalendar(first.year, first.month)
    span = (dates[0][0], dates[-1][-1])
    plans = calendar_entries.planned(session, *span)
    ahead = calendar_entries.planned(session, today, today + timedelta(days=GAP_DAYS))
    days = {day.on: day for day in calendar_days.days(session, *span)}
    return MonthSheet(
        first=first,
        weeks=[[days[on] for on in week] for week in dates],
        plans=plans,
        slots=plans.slots(first),
        gaps=calendar_entries.gaps(session, today, ahead),
        unpublished=calendar_overrides.unpublished(session, _years({first.year}, today)),
        waiting=len(proposals.waiting(session, today)),
    )


def year(session: Session, wanted: int) -> YearSheet:
    """All days of a year."""
    first, last = date(wanted, 1, 1), date(wanted, 12, 31)
    plans = calendar_entries.planned(session, first, last)
    found = calendar_days.days(session, first, last)
    days = {day.on: day for day in found}
    months = []
    for number in range(1, 13):
        begins = date(wanted, number, 1)
        dates = calendar.Calendar().monthdatescalendar(wanted, number)
        weeks = [[days[on] for on in week if on.month == number] for week in dates]
        months.append((begins, weeks, plans.slots(begins)))
    by_hand = sum(day.shift is not None and day.shift.by_hand for day in found)
    missing = calendar_overrides.unpublished(session, {wanted})
    return YearSheet(wanted, months, plans, missing, by_hand)


def _years(shown: set[int], today: date) -> set[int]:
    """The years whose list somebody who looks at `shown` would miss."""
    if today.month >= _EXPECTED_FROM:
        shown = shown | {today.year + 1}
    return {one for one in shown if FIRST_YEAR <= one <= LAST_YEAR}


def day(session: Session, on: date) -> DaySheet:
    """One day of the calendar."""
    (found,) = calendar_days.days(session, on, on)
    by = found.override.operator_id if found.override else None
    plans, official = calendar_entries.planned(session, on, on), holidays.is_official(on.year)
    return DaySheet(found, plans, _name(session, by), official)


def proposal(session: Session, proposal_id: int) -> ProposalSheet:
    """One proposal. Raises NotFound."""
    found = proposals.get(session, proposal_id)
    return ProposalSheet(
        found,
        session.get(CouponBatch, found.batch_id) if found.batch_id else None,
        session.get(CouponBatch, found.copy_id) if found.copy_id else None,
        _name(session, found.decided_by),
        proposal_decisions.bonus_standing(session, found.occurs_on),
        proposal_decisions.is_solemn(found),
    )


def _name(session: Session, operator_id: int | None) -> str:
    if operator_id is None:
        return ""
    return session.scalar(select(Operator.name).where(Operator.id == operator_id)) or ""


def names_of(session: Session, found: list[PushProposal]) -> dict[int, str]:
    """Who decided on each, by operator."""
    ids = {one.decided_by for one in found if one.decided_by is not None}
    rows = session.execute(select(Operator.id, Operator.name).where(Operator.id.in_(ids)))
    return {row.id: row.name for row in rows}


def next_days(session: Session, today: date) -> list[tuple[Occasion, date, bool]]:
    """Every occasion with its next day and its switch, in the order of their days."""
    more = company_days.occasions(session)
    chosen = calendar_switches.proposing(session, more)
    last = min(today + timedelta(days=400), date(LAST_YEAR, 12, 31))
    upcoming: dict[str, tuple[Occasion, date, bool]] = {}
    for on, one in holidays_occasions.between(today, last, more):
        upcoming.setdefault(one.key, (one, on, one.key in chosen))
    return list(upcoming.values())


def company_lines(session: Session, today: date) -> list[tuple[CompanyDay, date | None]]:
    """Every company day with the day on which it is next; None when it is over or retired."""
    return [
        (one, _next(one.occasion, today) if one.active else None)
        for one in company_days.every(session)
    ]


def _next(occasion: Occasion, today: date) -> date | None:
    found = [occasion.day_of(near) for near in range(today.year - 1, today.year + 3)]
    return min((on for on in found if on is not None and on >= today), default=None)
