"""What the page of one member reads, in a fixed number of statements."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from content import branches
from content.branches import Branch
from kernel.clock import business_day
from loyalty import (
    blocklist,
    checkin_days,
    coupons,
    followers,
    members,
    points,
    points_pending,
    profiles,
    reward_lists,
    tags,
    tiers,
)
from loyalty.blocklist import Block
from loyalty.coupons import Coupon, CouponBatch
from loyalty.followers import Follower
from loyalty.ledger import PointsAccount, PointsEntry
from loyalty.members import Member
from loyalty.points_reversals import PointsReversal
from loyalty.profiles import ProfileField, Value
from loyalty.staff import Staff
from loyalty.tags import MemberTag, Tag
from loyalty.tiers import Standing
from products import applications
from products.applications import Application
from web.console.paging import Page, page_of

_ENTRIES = 10
_COUPONS = 20
_APPLICATIONS = 20
_ORDERS = 10
_WEEKS = 5
# What an order, a coupon or a make-up took goes back with the order, the coupon, or not at all.
_BOUND = ("reward:", "coupon:", "make-up:")
_TAKEN_BACK = frozenset({"earn", "release"})


@dataclass(frozen=True)
class Day:
    """A day of the little calendar."""

    on: date
    kind: str
    is_ahead: bool
    is_today: bool


@dataclass(frozen=True)
class Person:
    """Who the member is: the row, the follower behind it, tags, answers, blocks, work."""

    member: Member
    follower: Follower | None
    staff: Staff | None
    branches: Sequence[Branch]
    tags: Sequence[tuple[Tag, MemberTag]]
    free_tags: Sequence[Tag]
    answers: Sequence[tuple[ProfileField, Value | None]]
    block: Block | None


@dataclass(frozen=True)
class Purse:
    """The points of the member: what there is, what waits, what is owed, and how it came."""

    account: PointsAccount
    pending: int
    standing: Standing
    entries: Page[PointsEntry]
    reversed: frozenset[int]

    def can_reverse(self, entry: PointsEntry) -> bool:
        """Whether an operator may undo the entry here."""
        return entry.id not in self.reversed and is_reversible(entry)


@dataclass(frozen=True)
class Sheet:
    """Everything the page of one member shows."""

    person: Person
    purse: Purse
    calendar: list[Day]
    streak: int
    coupons: Sequence[tuple[Coupon, CouponBatch, str]]
    orders: Sequence[reward_lists.Line]
    applications: Sequence[Application]


def is_reversible(entry: PointsEntry) -> bool:
    """Whether undoing the entry alone leaves nothing half done elsewhere."""
    if entry.kind == "spend":
        return not entry.reference.startswith(_BOUND)
    return entry.kind in _TAKEN_BACK


def sheet(session: Session, member_id: int, before: int | None, at: datetime) -> Sheet:
    """The sheet of one member. Raises NotFound."""
    member = members.get_by_id(session, member_id)
    held = coupons.of_member(session, member_id, limit=_COUPONS)
    today = business_day(at)
    return Sheet(
        person=_person(session, member),
        purse=_purse(session, member_id, before),
        calendar=_calendar(session, member_id, today),
        streak=checkin_days.current_streak(session, member_id, today),
        coupons=[(coupon, batch, coupons.state_at(coupon, at)) for coupon, batch in held],
        orders=reward_lists.of_member(session, member_id, limit=_ORDERS),
        applications=applications.of_member(session, member_id, limit=_APPLICATIONS),
    )


def _person(session: Session, member: Member) -> Person:
    mine = tags.of_member(session, member.id)
    worn = {tag.id for tag, _ in mine}
    answers = profiles.read(session, member.id)
    return Person(
        member=member,
        follower=followers.find(session, member.openid),
        staff=session.scalar(select(Staff).where(Staff.openid == member.openid)),
        branches=branches.every(session),
        tags=mine,
        free_tags=[tag for tag in _by_hand(session) if tag.id not in worn],
        answers=[(field, answers.get(field.code)) for field in profiles.fields(session)],
        block=next(iter(blocklist.history(session, member.id)), None),
    )


def _by_hand(session: Session) -> Sequence[Tag]:
    query = select(Tag).where(Tag.kind == "hand", Tag.active.is_(True)).order_by(Tag.name)
    return session.scalars(query).all()


def _purse(session: Session, member_id: int, before: int | None) -> Purse:
    entries = points.entries_of(session, member_id, before=before, limit=_ENTRIES + 1)
    ids = [entry.id for entry in entries]
    undone = select(PointsReversal.origin_id).where(PointsReversal.origin_id.in_(ids))
    return Purse(
        account=session.get_one(PointsAccount, member_id),
        pending=points_pending.total_of(session, member_id),
        standing=tiers.standing_of(session, member_id),
        entries=page_of(entries, _ENTRIES, lambda entry: entry.id),
        reversed=frozenset(session.scalars(undone)),
    )


def _calendar(session: Session, member_id: int, today: date) -> list[Day]:
    """Whole weeks from Monday to Sunday, the last one with today in it."""
    end = today + timedelta(days=7 - today.weekday())
    start = end - timedelta(weeks=_WEEKS)
    done = checkin_days.days_of(session, member_id, start, end)
    days = (start + timedelta(days=n) for n in range((end - start).days))
    return [
        Day(day, done[day].kind if day in done else "", day > today, day == today) for day in days
    ]
