"""Proposals: what could be sent on an occasion, some weeks ahead; a person takes it up or not.

Each occasion proposes once a day that it falls on: the unique key decides, whatever ticks twice.
States: `proposed` → `accepted` | `ignored`. Nothing is sent or opened by a proposal.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from sqlalchemy import Date, ForeignKey, Index, Integer, String, Text, UniqueConstraint, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from kernel.activity import BigId
from kernel.clock import SHANGHAI, day_window
from kernel.db import Base, insert_once
from kernel.refusals import NotFound
from loyalty.coupons import CouponBatch
from pushes import calendar_switches, company_days, holidays_moves, holidays_occasions
from pushes.calendar_greetings import Greetings
from pushes.holidays_moves import LONGEST
from pushes.holidays_occasions import Occasion

STATE_NAMES = {"proposed": "待处理", "accepted": "已采纳", "ignored": "已忽略"}
# When a greeting would go out, Shanghai time.
SENDS_FROM = time(9)
_CANDIDATES = 100


class PushProposal(Base):
    """What an occasion proposes: a text, and what could go with it.

    `batch_id` is the batch of last time, of which a copy would be later by `shift_days`;
    `push_id`, `copy_id` and `programme_id` are what came of it.
    """

    __tablename__ = "push_proposal"
    __table_args__ = (
        UniqueConstraint("occasion", "occurs_on"),
        Index("ix_push_proposal_state_occurs_on", "state", "occurs_on"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    occasion: Mapped[str] = mapped_column(String(40))
    name: Mapped[str] = mapped_column(String(20))
    occurs_on: Mapped[date] = mapped_column(Date)
    state: Mapped[str] = mapped_column(String(10))
    title: Mapped[str] = mapped_column(String(40))
    body: Mapped[str] = mapped_column(Text)
    page: Mapped[str] = mapped_column(String(100))
    bonus_points: Mapped[int] = mapped_column(Integer)
    batch_id: Mapped[int | None] = mapped_column(ForeignKey("coupon_batch.id"))
    shift_days: Mapped[int] = mapped_column(Integer)
    send_at: Mapped[datetime]
    created_at: Mapped[datetime]
    decided_by: Mapped[int | None] = mapped_column(ForeignKey("operator.id"))
    decided_at: Mapped[datetime | None]
    push_id: Mapped[int | None] = mapped_column(ForeignKey("push.id"))
    copy_id: Mapped[int | None] = mapped_column(ForeignKey("coupon_batch.id"))
    programme_id: Mapped[int | None] = mapped_column(ForeignKey("check_in_programme.id"))


@dataclass(frozen=True)
class Proposing:
    """How a hall proposes: its words, its name and address, and how many days ahead; 0: never."""

    greetings: Greetings = field(default_factory=Greetings)
    hall: str = ""
    base_url: str = ""
    days: int = 21


@dataclass(frozen=True)
class LastTime:
    """A batch that ran on the occasion the year before, and by how much a copy would be later."""

    batch: CouponBatch
    shift_days: int


def due(session: Session, today: date, days: int) -> list[tuple[date, Occasion]]:
    """The occasions of the next `days` days that propose and have not done so.

    Those of tomorrow are among them, if nobody looked until now; today's come too late.
    """
    if days < 1:
        return []
    more = company_days.occasions(session)
    chosen = calendar_switches.proposing(session, more)
    first, last = today + timedelta(days=1), today + timedelta(days=days)
    done = session.execute(
        select(PushProposal.occasion, PushProposal.occurs_on).where(
            PushProposal.occurs_on.between(first, last)
        )
    )
    known = {(row.occasion, row.occurs_on) for row in done}
    return [
        (day, one)
        for day, one in holidays_occasions.between(first, last, more)
        if one.key in chosen and (one.key, day) not in known
    ]


def propose(
    session: Session, found: Sequence[tuple[date, Occasion]], how: Proposing, at: datetime
) -> int:
    """Write proposals down; how many were new. Two who propose the same make one."""
    return sum(_propose(session, day, occasion, how, at) for day, occasion in found)


def _propose(
    session: Session, day: date, occasion: Occasion, how: Proposing, at: datetime
) -> bool:
    said = how.greetings.say(occasion, day, how.hall, how.base_url)
    last_time = None if occasion.solemn else batch_of_last_time(session, occasion, day)
    row = {
        "occasion": occasion.key,
        "name": occasion.name,
        "occurs_on": day,
        "state": "proposed",
        "title": said.title,
        "body": said.body,
        "page": said.page,
        "bonus_points": said.bonus_points,
        "batch_id": last_time and last_time.batch.id,
        "shift_days": last_time.shift_days if last_time else 0,
        "send_at": datetime.combine(day, SENDS_FROM, SHANGHAI),
        "created_at": at,
    }
    return insert_once(session, PushProposal, row, "occasion,occurs_on")


def batch_of_last_time(session: Session, occasion: Occasion, day: date) -> LastTime | None:
    """The coupon batch that ran on the same occasion a year before.

    The one of the shortest window, and of two as short the later made one. Drafts, and batches
    that ran for longer than 45 days, were not for the day.
    """
    before = holidays_moves.same_day(occasion, day, -1)
    if before is None:
        return None
    begins, ends = day_window(before)
    query = (
        select(CouponBatch)
        .where(
            CouponBatch.starts_at < ends,
            CouponBatch.ends_at > begins,
            CouponBatch.starts_at > begins - LONGEST,
            CouponBatch.state != "draft",
        )
        .order_by(CouponBatch.id.desc())
        .limit(_CANDIDATES)
    )
    found = [
        batch for batch in session.scalars(query) if batch.ends_at - batch.starts_at <= LONGEST
    ]
    if not found:
        return None
    return LastTime(min(found, key=lambda one: one.ends_at - one.starts_at), (day - before).days)


def get(session: Session, proposal_id: int) -> PushProposal:
    """The proposal with that number. Raises NotFound."""
    found = session.get(PushProposal, proposal_id)
    if found is None:
        raise NotFound(proposal=proposal_id)
    return found


def waiting(session: Session, today: date) -> list[PushProposal]:
    """Those that somebody should look at, the next occasion first."""
    query = select(PushProposal).where(
        PushProposal.state == "proposed", PushProposal.occurs_on >= today
    )
    return list(session.scalars(query.order_by(PushProposal.occurs_on, PushProposal.id)))


def settled(session: Session, today: date, limit: int = 30) -> list[PushProposal]:
    """Those that were decided, or that nobody decided in time, the latest occasion first."""
    query = select(PushProposal).where(
        (PushProposal.state != "proposed") | (PushProposal.occurs_on < today)
    )
    order = (PushProposal.occurs_on.desc(), PushProposal.id.desc())
    return list(session.scalars(query.order_by(*order).limit(limit)))
