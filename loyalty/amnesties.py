"""Amnesties: a day without service breaks nobody's streak, by an operator's decision."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Date,
    Integer,
    String,
    exists,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.orm import Mapped, Session, aliased, mapped_column

from kernel import audit
from kernel.activity import BigId
from kernel.clock import business_day
from kernel.db import Base
from kernel.hot import table_of
from kernel.refusals import Invalid, NotFound
from loyalty import streaks
from loyalty.checkin_days import CheckIn
from loyalty.ledger import PointsAccount

DAYS_BACK = 31
PAGE = 500


class Amnesty(Base):
    """An operator's decision to protect the streaks of one day; `done_after` is how far it got."""

    __tablename__ = "check_in_amnesty"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    day: Mapped[date] = mapped_column(Date, unique=True)
    reason: Mapped[str] = mapped_column(String(60))
    operator_id: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[datetime]
    done_after: Mapped[int] = mapped_column(BigInteger, default=0)
    members: Mapped[int] = mapped_column(Integer, default=0)
    finished_at: Mapped[datetime | None]


@dataclass(frozen=True)
class Preview:
    """What an amnesty would do: streaks kept, those of them broken and begun anew since."""

    members: int
    joined_again: int
    longest_streak: int


def preview(session: Session, day: date, at: datetime) -> Preview:
    """What protecting `day` would do now. Raises Invalid for a day that cannot be protected."""
    _check(day, at)
    before, after = aliased(CheckIn), aliased(CheckIn)
    members, again, longest = session.execute(
        select(func.count(), func.count(after.id), func.max(before.streak))
        .select_from(before)
        .outerjoin(
            after,
            (after.member_id == before.member_id) & (after.day == day + timedelta(days=1)),
        )
        .where(before.day == day - timedelta(days=1), _missing(before, day))
    ).one()
    return Preview(members, again, longest or 0)


def declare(session: Session, day: date, reason: str, operator_id: int, at: datetime) -> Amnesty:
    """Decide an amnesty; `run_page` then carries it out. Raises Invalid."""
    _check(day, at)
    why = reason.strip()
    if not 1 <= len(why) <= 60:
        raise Invalid(field="reason", reason="请填写原因（60 字以内）")
    standing = session.scalar(select(Amnesty).where(Amnesty.day == day))
    if standing is not None:
        return standing
    row = Amnesty(day=day, reason=why, operator_id=operator_id, created_at=at)
    session.add(row)
    session.flush()
    by = (operator_id, None)
    audit.write(session, "amnesty.declared", f"day:{day}", at, by=by, reason=why)
    return row


def run_page(session: Session, amnesty_id: int, at: datetime, page: int = PAGE) -> bool:
    """Protect the next members of the amnesty; False when nobody is left.

    One short transaction: killed anywhere, the next run goes on where this one began. While
    another run is at it, this one does nothing. Raises NotFound.
    """
    mine = select(Amnesty).where(Amnesty.id == amnesty_id).with_for_update(skip_locked=True)
    amnesty = session.scalar(mine.execution_options(populate_existing=True))
    if amnesty is None:
        if session.scalar(select(Amnesty.id).where(Amnesty.id == amnesty_id)) is None:
            raise NotFound
        return True
    if amnesty.finished_at is not None:
        return False
    before = aliased(CheckIn)
    ids = session.scalars(
        select(before.member_id)
        .where(
            before.day == amnesty.day - timedelta(days=1),
            before.member_id > amnesty.done_after,
            _missing(before, amnesty.day),
        )
        .order_by(before.member_id)
        .limit(page)
    ).all()
    if not ids:
        amnesty.finished_at = at
        return False
    _protect(session, amnesty.day, list(ids), at)
    amnesty.done_after = ids[-1]
    amnesty.members += len(ids)
    return True


def _protect(session: Session, day: date, ids: list[int], at: datetime) -> None:
    # Under the members' locks: a make-up of the same day may have been faster.
    session.execute(
        select(PointsAccount.member_id)
        .where(PointsAccount.member_id.in_(ids))
        .order_by(PointsAccount.member_id)
        .with_for_update()
    ).all()
    session.execute(
        update(PointsAccount)
        .where(PointsAccount.member_id.in_(ids))
        .values(streak_version=PointsAccount.streak_version + 1)
        .execution_options(synchronize_session=False)
    )
    before = aliased(CheckIn)
    rows = session.execute(
        select(before.member_id, before.streak).where(
            before.day == day - timedelta(days=1),
            before.member_id.in_(ids),
            _missing(before, day),
        )
    ).all()
    if not rows:
        return
    kept = {"day": day, "kind": "amnesty", "points": 0, "cost": 0, "created_at": at}
    session.execute(
        insert(table_of(CheckIn)),
        [{"member_id": row.member_id, "streak": row.streak, **kept} for row in rows],
    )
    on_again = session.scalars(
        select(CheckIn.member_id).where(
            CheckIn.day == day + timedelta(days=1),
            CheckIn.member_id.in_([row.member_id for row in rows]),
        )
    )
    for member_id in on_again.all():
        streaks.rebuild(session, member_id, day, at)


def _missing(before: type[CheckIn], day: date) -> ColumnElement[bool]:
    there = aliased(CheckIn)
    return ~exists().where(there.member_id == before.member_id, there.day == day)


def _check(day: date, at: datetime) -> None:
    today = business_day(at)
    if not today - timedelta(days=DAYS_BACK) <= day < today:
        raise Invalid(field="day", reason=f"只能保护过去 {DAYS_BACK} 天内的日子")
