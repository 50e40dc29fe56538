"""Check-ins: one a business day, worth more the longer the streak."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Date, ForeignKey, Integer, UniqueConstraint, bindparam, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from kernel import activity
from kernel.activity import BigId
from kernel.clock import business_day, day_start
from kernel.db import Base, insert_once
from kernel.hot import Hot
from kernel.refusals import Refused
from loyalty import checkins_postgres
from loyalty.points import Credit, earn


class CheckIn(Base):
    """A member's check-in of one day; the unique (member, day) decides every race."""

    __tablename__ = "check_in"
    __table_args__ = (UniqueConstraint("member_id", "day"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    day: Mapped[date] = mapped_column(Date, index=True)
    streak: Mapped[int] = mapped_column(Integer)
    points: Mapped[int] = mapped_column(Integer)
    created_at: Mapped[datetime]


class AlreadyCheckedIn(Refused):
    """The member has checked in on that day; facts: `streak`, `points`."""

    code = "already_checked_in"


@dataclass(frozen=True)
class CheckInRules:
    """What a check-in is worth; points. `streaks` pays extra on the n-th day in a row."""

    base: int
    step: int = 0
    step_cap: int = 0
    streaks: Mapping[int, int] = field(default_factory=dict)
    expire_after_years: int = 1

    def daily(self, streak: int) -> int:
        """The day's points on the `streak`-th day in a row, without the extra of a streak."""
        return min(self.base + self.step * (streak - 1), max(self.base, self.step_cap))

    def next_extra(self, streak: int) -> tuple[int, int] | None:
        """(days still to go, points) of the next streak that pays extra, if there is one."""
        ahead = sorted(days for days in self.streaks if days > streak)
        return (ahead[0] - streak, self.streaks[ahead[0]]) if ahead else None

    def expires_at(self, at: datetime) -> datetime:
        """When points earned at `at` expire: the end of a calendar year in Shanghai."""
        return day_start(date(business_day(at).year + self.expire_after_years + 1, 1, 1))


@dataclass(frozen=True)
class CheckedIn:
    """What a check-in brought."""

    streak: int
    points: int
    extra: int
    balance: int


def check_in(
    session: Session, member_id: int, at: datetime, rules: CheckInRules, openid: str | None = None
) -> CheckedIn:
    """Record the check-in of the business day of `at` and pay it.

    Raises AlreadyCheckedIn when the member has one for that day.
    """
    day = business_day(at)
    streak = streak_until(session, member_id, day - timedelta(days=1)) + 1
    daily, extra = rules.daily(streak), rules.streaks.get(streak, 0)
    row = {
        "member_id": member_id,
        "day": day,
        "streak": streak,
        "points": daily + extra,
        "created_at": at,
    }
    credits = [Credit(daily, f"check-in:{member_id}:{day}", "每日签到")]
    if extra:
        note = f"连续签到 {streak} 天"
        credits.append(Credit(extra, f"check-in-streak:{member_id}:{day}", note))
    facts = {"openid": openid, "expires_at": rules.expires_at(at)}
    balance = _write(session, row, credits, facts)
    if balance is None:
        raise _standing(session, member_id, day)
    return CheckedIn(streak, daily + extra, extra, balance)


def _write(
    session: Session, row: dict[str, Any], credits: list[Credit], facts: dict[str, Any]
) -> int | None:
    """Write the rows of one check-in; the new balance, or None when the day has one already."""
    if len(credits) == 1 and session.connection().dialect.name == "postgresql":
        return checkins_postgres.write(session, row, credits[0], facts)
    if not insert_once(session, CheckIn, row, "member_id,day"):
        return None
    member_id, at = row["member_id"], row["created_at"]
    balance = earn(session, member_id, credits, at, facts["expires_at"])
    gained = {"streak": row["streak"], "points": row["points"]}
    activity.record(session, "check_in", at, who=(facts["openid"], member_id), **gained)
    return balance


def _standing(session: Session, member_id: int, day: date) -> AlreadyCheckedIn:
    row = session.execute(
        select(CheckIn.streak, CheckIn.points).where(
            CheckIn.member_id == member_id, CheckIn.day == day
        )
    ).one()
    return AlreadyCheckedIn(streak=row.streak, points=row.points)


def streak_until(session: Session, member_id: int, day: date) -> int:
    """Days in a row that end on `day`; 0 when the member did not check in on it."""
    found = _STREAK.run(session, {"owner": member_id, "on_day": day}).scalar()
    return int(found or 0)


def days_of(session: Session, member_id: int, start: date, end: date) -> set[date]:
    """The days in `[start, end)` on which the member checked in."""
    days = session.scalars(
        select(CheckIn.day).where(
            CheckIn.member_id == member_id, CheckIn.day >= start, CheckIn.day < end
        )
    )
    return set(days)


_STREAK = Hot(
    select(CheckIn.streak).where(
        CheckIn.member_id == bindparam("owner"), CheckIn.day == bindparam("on_day")
    )
)
