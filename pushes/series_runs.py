"""Runs of series: each day that a schedule names becomes one push, or is seen to be missed.

A row of a unique key decides a day, so two schedulers, a clock set back and a repeated tick make
one push. A scheduler that slept over the time begins it within the grace; later it is `missed`,
and past days are never made up for in a burst.
"""

from datetime import date, datetime, timedelta

from sqlalchemy import Date, ForeignKey, Index, String, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from content.reviews import Hand
from kernel.activity import BigId
from kernel.clock import business_day
from kernel.db import Base, insert_once
from kernel.refusals import Refused
from pushes import drafts, life, pushes, schedules, series
from pushes.drafts import Origin
from pushes.schedules import OccasionDays
from pushes.series import PushSeries

STATE_NAMES = {"started": "已开始", "missed": "已错过", "failed": "未能开始"}
# Days that were slept through are shown as missed for so long back.
_LOOKS_BACK = timedelta(days=7)
_REASON_LENGTH = 200


class PushRun(Base):
    """One day of a series: `started` with its push, `missed`, or `failed` with the reason."""

    __tablename__ = "push_run"
    __table_args__ = (Index("ix_push_run_series_id_id", "series_id", "id"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    key: Mapped[str] = mapped_column(String(40), unique=True)
    series_id: Mapped[int] = mapped_column(ForeignKey("push_series.id"))
    day: Mapped[date] = mapped_column(Date)
    due_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(String(10))
    push_id: Mapped[int | None] = mapped_column(ForeignKey("push.id"))
    reason: Mapped[str | None] = mapped_column(String(_REASON_LENGTH))
    created_at: Mapped[datetime]


def running(session: Session) -> list[int]:
    """Ids of the series that start pushes by themselves."""
    query = select(PushSeries.id).where(
        PushSeries.active.is_(True), PushSeries.state == "approved"
    )
    return list(session.scalars(query.order_by(PushSeries.id)))


def run_due(session: Session, series_id: int, occasions: OccasionDays, at: datetime) -> list[int]:
    """Decide every day of the series that is due and not decided; returns the pushes it began."""
    one = series.get(session, series_id)
    if not one.runs or one.effective_at is None:
        return []
    last = business_day(at)
    known = set(
        session.scalars(
            select(PushRun.day).where(
                PushRun.series_id == series_id, PushRun.day >= last - _LOOKS_BACK
            )
        )
    )
    begun = []
    for day in _days(one, occasions, at):
        if day not in known and (push_id := _decide(session, one, day, at)):
            begun.append(push_id)
    return begun


def _days(one: PushSeries, occasions: OccasionDays, at: datetime) -> list[date]:
    last = business_day(at)
    found = []
    for back in range(_LOOKS_BACK.days, -1, -1):
        day = last - timedelta(days=back)
        is_within = (one.from_on is None or day >= one.from_on) and (
            one.until_on is None or day <= one.until_on
        )
        if not is_within or not schedules.falls_on(one.schedule, day, occasions):
            continue
        due = schedules.due_at(one.schedule, day)
        if one.effective_at is not None and one.effective_at <= due <= at:
            found.append(day)
    return found


def _decide(session: Session, one: PushSeries, day: date, at: datetime) -> int | None:
    """Begin the day's push, or note that it is too late; of two who try, one decides."""
    key, due = f"series:{one.id}:{day}", schedules.due_at(one.schedule, day)
    is_late = at > due + timedelta(minutes=one.form["grace_minutes"])
    row = {
        "key": key, "series_id": one.id, "day": day, "due_at": due, "push_id": None,
        "state": "missed" if is_late else "started", "reason": None, "created_at": at,
    }  # fmt: skip
    if not insert_once(session, PushRun, row, "key") or is_late:
        return None
    try:
        push_id = _begin(session, one, day, at)
    except Refused as refused:  # such as a segment that is gone; nothing was written yet
        _settle(session, key, state="failed", reason=_words(refused))
        return None
    push = pushes.get(session, push_id)
    if push.state == "failed":
        _settle(session, key, state="failed", push_id=push_id, reason=push.reason)
        return None
    _settle(session, key, push_id=push_id)
    return push_id


def _begin(session: Session, one: PushSeries, day: date, at: datetime) -> int:
    assert one.approved_by is not None, "an approved series has an approver"
    form = series.form_on(series.form_of(one), day)
    hand = Hand(one.created_by, at)
    origin = Origin(key=f"series:{one.id}:{day}", series_id=one.id)
    push = drafts.write(session, form, hand, origin)
    push.send_at = schedules.due_at(one.schedule, day)
    push.approved_by, push.approved_at = one.approved_by, one.effective_at
    # What was right when the series was approved may be red by now, such as a month's quota.
    red = [one for one in life.findings(session, push, at) if one.severity == "red"]
    if red:
        push.state, push.finished_at = "failed", at
        push.reason = f"{red[0].place}：{red[0].why}"[:_REASON_LENGTH]
    else:
        push.state = "scheduled"
    session.flush()
    return push.id


def _settle(session: Session, key: str, **values: object) -> None:
    session.execute(
        update(PushRun)
        .where(PushRun.key == key)
        .values(**values)
        .execution_options(synchronize_session=False)
    )


def _words(refused: Refused) -> str:
    return str(refused.facts.get("reason") or refused.code)[:_REASON_LENGTH]


def of_series(session: Session, series_id: int, limit: int = 60) -> list[tuple[PushRun, str]]:
    """The newest runs, each with the state in which its push is now, or its own."""
    rows = session.execute(
        select(PushRun, pushes.Push.state.label("push_state"))
        .outerjoin(pushes.Push, pushes.Push.id == PushRun.push_id)
        .where(PushRun.series_id == series_id)
        .order_by(PushRun.day.desc(), PushRun.id.desc())
        .limit(limit)
    )
    return [(row.PushRun, row.push_state or row.PushRun.state) for row in rows]
