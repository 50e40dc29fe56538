"""What the pages of members read: one list, one sheet, a fixed number of statements each."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, Row, func, or_, select
from sqlalchemy.orm import Session

from content import branches
from content.branches import Branch
from kernel.clock import business_day
from kernel.refusals import Invalid
from kernel.vault import Vault
from loyalty import checkins, coupons, followers, members, points
from loyalty.coupons import Coupon, CouponBatch
from loyalty.followers import Follower
from loyalty.members import Member
from loyalty.phones import normalise
from loyalty.points import PointsAccount, PointsEntry
from loyalty.staff import Staff
from products import applications
from products.applications import Application
from web.console.paging import Page, page_of

MemberLine = Row[int, str, str, datetime, int, bool, bool]

SIZE = 25
_ENTRIES = 10
_COUPONS = 20
_APPLICATIONS = 20
_WEEKS = 5
_ID_DIGITS = 18


@dataclass(frozen=True)
class Day:
    """A day of the little calendar."""

    on: date
    checked_in: bool
    is_ahead: bool
    is_today: bool


@dataclass(frozen=True)
class Sheet:
    """Everything the page of one member shows."""

    member: Member
    follower: Follower | None
    staff: Staff | None
    balance: int
    entries: Page[PointsEntry]
    calendar: list[Day]
    streak: int
    coupons: Sequence[tuple[Coupon, CouponBatch, str]]
    applications: Sequence[Application]
    branches: Sequence[Branch]


def page(session: Session, asked: str, before: int | None) -> Page[MemberLine]:
    """Members with their points, newest first, whose name or number is `asked`; "" means all."""
    query = (
        select(
            Member.id,
            Member.name,
            Member.phone_hint,
            Member.registered_at,
            PointsAccount.balance,
            Follower.subscribed,
            Staff.active.label("is_staff"),
        )
        .outerjoin(PointsAccount, PointsAccount.member_id == Member.id)
        .outerjoin(Follower, Follower.openid == Member.openid)
        .outerjoin(Staff, Staff.openid == Member.openid)
        .where(*_asked_for(asked))
        .order_by(Member.id.desc())
        .limit(SIZE + 1)
    )
    if before is not None:
        query = query.where(Member.id < before)
    return page_of(session.execute(query).all(), SIZE, lambda row: int(row.id))


def total(session: Session, asked: str) -> int:
    """How many members there are to page through."""
    return session.scalar(select(func.count(Member.id)).where(*_asked_for(asked))) or 0


def _asked_for(asked: str) -> list[ColumnElement[bool]]:
    text = asked.replace("\x00", "")
    if not text:
        return []
    matches = [Member.name.contains(text, autoescape=True)]
    if text.isascii() and text.isdigit() and len(text) <= _ID_DIGITS:
        matches.append(Member.id == int(text))
    return [or_(*matches)]


def phone_digest(vault: Vault, asked: str) -> str | None:
    """The look-up digest, when `asked` is a whole mobile number."""
    try:
        return vault.digest(normalise(asked))
    except Invalid:
        return None


def id_by_phone(session: Session, digest: str) -> int | None:
    """The member whose phone has that digest."""
    return session.scalar(select(Member.id).where(Member.phone_digest == digest))


def sheet(session: Session, member_id: int, before: int | None, at: datetime) -> Sheet:
    """The sheet of one member. Raises NotFound."""
    member = members.get_by_id(session, member_id)
    entries = points.entries_of(session, member_id, before=before, limit=_ENTRIES + 1)
    held = coupons.of_member(session, member_id, limit=_COUPONS)
    today = business_day(at)
    return Sheet(
        member=member,
        follower=followers.find(session, member.openid),
        staff=session.scalar(select(Staff).where(Staff.openid == member.openid)),
        balance=points.balance_of(session, member_id),
        entries=page_of(entries, _ENTRIES, lambda entry: entry.id),
        calendar=_calendar(session, member_id, today),
        # A streak lives until the end of the day after its last check-in.
        streak=checkins.streak_until(session, member_id, today)
        or checkins.streak_until(session, member_id, today - timedelta(days=1)),
        coupons=[(coupon, batch, coupons.state_at(coupon, at)) for coupon, batch in held],
        applications=applications.of_member(session, member_id, limit=_APPLICATIONS),
        branches=branches.every(session),
    )


def _calendar(session: Session, member_id: int, today: date) -> list[Day]:
    """Whole weeks from Monday to Sunday, the last one with today in it."""
    end = today + timedelta(days=7 - today.weekday())
    start = end - timedelta(weeks=_WEEKS)
    done = checkins.days_of(session, member_id, start, end)
    days = (start + timedelta(days=n) for n in range((end - start).days))
    return [Day(day, day in done, day > today, day == today) for day in days]
