"""The days on which members checked in: one row a member and day."""

from datetime import date, datetime, timedelta

from sqlalchemy import Date, ForeignKey, Integer, String, UniqueConstraint, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from kernel.activity import BigId
from kernel.db import Base

# Days that count for totals and are paid; an amnesty only keeps a streak alive.
COUNTED = ("daily", "make_up")


class CheckIn(Base):
    """A member's check-in of one day; the unique (member, day) decides every race.

    `kind`: daily, make_up (bought later), amnesty (a day without service, given by an operator,
    on which `streak` is carried over without growing). `points` is what the day itself paid,
    `cost` what a bought one took.
    """

    __tablename__ = "check_in"
    __table_args__ = (UniqueConstraint("member_id", "day"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    day: Mapped[date] = mapped_column(Date, index=True)
    kind: Mapped[str] = mapped_column(String(10), default="daily")
    streak: Mapped[int] = mapped_column(Integer)
    points: Mapped[int] = mapped_column(Integer)
    cost: Mapped[int] = mapped_column(Integer, default=0)
    created_at: Mapped[datetime]


def streak_until(session: Session, member_id: int, day: date) -> int:
    """Days in a row that end on `day`; 0 when the member did not check in on it."""
    found = session.scalar(
        select(CheckIn.streak).where(CheckIn.member_id == member_id, CheckIn.day == day)
    )
    return int(found or 0)


def days_of(session: Session, member_id: int, start: date, end: date) -> dict[date, CheckIn]:
    """The member's check-ins by day, for the days in `[start, end)`."""
    rows = session.scalars(
        select(CheckIn).where(
            CheckIn.member_id == member_id, CheckIn.day >= start, CheckIn.day < end
        )
    )
    return {row.day: row for row in rows}


def total_of(session: Session, member_id: int, start: date, end: date) -> int:
    """How many days in `[start, end)` the member checked in on, bought ones included."""
    return (
        session.scalar(
            select(func.count()).where(
                CheckIn.member_id == member_id,
                CheckIn.day >= start,
                CheckIn.day < end,
                CheckIn.kind.in_(COUNTED),
            )
        )
        or 0
    )


def current_streak(session: Session, member_id: int, today: date) -> int:
    """The streak as it stands: kept until the end of the day after its last check-in."""
    yesterday = today - timedelta(days=1)
    return streak_until(session, member_id, today) or streak_until(session, member_id, yesterday)
