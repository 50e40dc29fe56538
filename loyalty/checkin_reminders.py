"""Reminders to check in: who asked for one, may be reached, and has not checked in yet."""

from datetime import datetime

from sqlalchemy import exists, select, update
from sqlalchemy.orm import Session

from kernel import activity
from kernel.clock import business_day
from loyalty import notices
from loyalty.checkin_days import CheckIn
from loyalty.followers import Follower
from loyalty.members import Member

PAGE = 1_000


def choose(session: Session, member_id: int, wanted: bool, at: datetime) -> None:
    """Opt in to reminders, or out."""
    session.execute(
        update(Member).where(Member.id == member_id).values(wants_check_in_reminder=wanted)
    )
    kind = "reminder.on" if wanted else "reminder.off"
    activity.record(session, kind, at, who=(None, member_id))


def due(session: Session, after: int, at: datetime, page: int = PAGE) -> list[int]:
    """The next members after number `after` who should be reminded today.

    Opted in, active, still following, not checked in. An empty list is the end; `remind` sees to
    it that nobody is told twice a day.
    """
    day = business_day(at)
    done = exists().where(CheckIn.member_id == Member.id, CheckIn.day == day)
    return list(
        session.scalars(
            select(Member.id)
            .join(Follower, Follower.openid == Member.openid)
            .where(
                Member.id > after,
                Member.wants_check_in_reminder.is_(True),
                Member.state == "active",
                Follower.subscribed.is_(True),
                ~done,
            )
            .order_by(Member.id)
            .limit(page)
        )
    )


def remind(session: Session, member_ids: list[int], at: datetime) -> list[int]:
    """Note the day's reminder for each of them; those to whom it is new, for a push to tell."""
    day = business_day(at)
    return [
        member_id
        for member_id in member_ids
        if notices.post(
            session,
            member_id,
            "check_in_reminder",
            f"check-in-reminder:{member_id}:{day}",
            at,
            day=day.isoformat(),
        )
    ]
