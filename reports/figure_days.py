"""Figures of days that are over, counted once: a chart of a month costs one small read."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta

from sqlalchemy import BigInteger, Date, String, delete, func, insert, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from kernel.clock import business_day
from kernel.db import Base
from loyalty.followers import Follower
from loyalty.members import Member
from reports import figures

# Days before the table was there are counted once, so far back.
BACKFILL_DAYS = 400


class FigureDay(Base):
    """One figure of one business day; the totals are as of `counted_at`."""

    __tablename__ = "figure_day"

    day: Mapped[date] = mapped_column(Date, primary_key=True)
    name: Mapped[str] = mapped_column(String(20), primary_key=True)
    value: Mapped[int] = mapped_column(BigInteger)
    counted_at: Mapped[datetime]


def missing(session: Session, today: date) -> list[date]:
    """The days before `today` that are not counted yet, the newest first."""
    first = _first_day(session, today)
    rows = session.scalars(
        select(FigureDay.day).where(FigureDay.day >= first, FigureDay.name == figures.COUNTED[0])
    )
    counted = set(rows)
    days = (today - timedelta(days=n) for n in range(1, (today - first).days + 1))
    return [day for day in days if day not in counted]


def _first_day(session: Session, today: date) -> date:
    """The day on which the hall began, not too long ago; at least a month of zeros is told."""
    begun = [
        session.scalar(select(func.min(Follower.created_at))),
        session.scalar(select(func.min(Member.registered_at))),
    ]
    days = [business_day(at) for at in begun if at is not None]
    oldest = today - timedelta(days=BACKFILL_DAYS)
    return min(max(min(days, default=today), oldest), today - timedelta(days=30))


def count(session: Session, day: date, at: datetime) -> None:
    """Count a day that is over."""
    put(session, day, figures.counts(session, day), at)


def put(session: Session, day: date, values: Mapping[str, int], at: datetime) -> None:
    """Keep figures of a day in place of what was kept."""
    session.execute(
        delete(FigureDay).where(FigureDay.day == day, FigureDay.name.in_(list(values)))
    )
    rows = [
        {"day": day, "name": name, "value": value, "counted_at": at}
        for name, value in values.items()
    ]
    session.execute(insert(FigureDay), rows)


def between(session: Session, first: date, last: date) -> dict[date, dict[str, int]]:
    """What is kept of the days from `first` to `last`, both included."""
    rows = session.execute(
        select(FigureDay.day, FigureDay.name, FigureDay.value).where(
            FigureDay.day >= first, FigureDay.day <= last
        )
    )
    found: dict[date, dict[str, int]] = {}
    for row in rows:
        found.setdefault(row.day, {})[row.name] = int(row.value)
    return found


def newest_totals(days: Mapping[date, Mapping[str, int]]) -> dict[str, int] | None:
    """The totals of the newest of the days that has them all."""
    for day in sorted(days, reverse=True):
        if all(name in days[day] for name in figures.TOTALS):
            return {name: days[day][name] for name in figures.TOTALS}
    return None


def series(
    days: Mapping[date, Mapping[str, int]], wanted: Sequence[date], name: str
) -> list[int | None]:
    """One figure over some days; None where it was not counted."""
    return [days.get(day, {}).get(name) for day in wanted]
