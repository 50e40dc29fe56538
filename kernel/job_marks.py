"""Job marks: how far a once-a-day job got, in rows, so that a kill or two schedulers cost nothing.

A page of such a job is one transaction: `take` holds the mark, the page does its work, `advance`
or `finish` writes down how far it got. Whoever comes second waits, and goes on after it.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import JSON, BigInteger, Date, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from kernel.db import Base, insert_once


class JobMark(Base):
    """The newest day of a job: the last row it looked at, what it did, when it was through."""

    __tablename__ = "job_mark"

    name: Mapped[str] = mapped_column(String(60), primary_key=True)
    day: Mapped[date] = mapped_column(Date)
    after_id: Mapped[int] = mapped_column(BigInteger)
    counts: Mapped[dict[str, int]] = mapped_column(JSON)
    finished_at: Mapped[datetime | None]


@dataclass(frozen=True)
class Page:
    """What one page of a job did: where the next one begins (None: nowhere), and how much."""

    next_after: int | None
    counts: Mapping[str, int]


def take(session: Session, name: str, day: date) -> JobMark | None:
    """Hold the mark of a day that is not through; None when it is.

    A day that was not finished gives way to the next one. A clock set back starts nothing anew.
    """
    row = {"name": name, "day": day, "after_id": 0, "counts": {}, "finished_at": None}
    insert_once(session, JobMark, row, "name")
    mark = session.scalars(
        select(JobMark)
        .where(JobMark.name == name)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()
    if mark.day < day:
        mark.day, mark.after_id, mark.counts, mark.finished_at = day, 0, {}, None
        session.flush()
    return mark if mark.day == day and mark.finished_at is None else None


def settle(session: Session, mark: JobMark, done: Page, at: datetime) -> None:
    """Write down a page under the mark that is held; the last one ends the day's run."""
    total = dict(mark.counts)
    for what, count in done.counts.items():
        total[what] = total.get(what, 0) + count
    mark.counts = total
    if done.next_after is None:
        mark.finished_at = at
    else:
        mark.after_id = done.next_after
    session.flush()


def through(session: Session, names: Collection[str], day: date) -> set[str]:
    """Those of the jobs whose run of the day is through, or whose mark lies ahead of it."""
    rows = session.execute(
        select(JobMark.name, JobMark.day, JobMark.finished_at).where(JobMark.name.in_(names))
    )
    return {row.name for row in rows if row.day > day or (row.day == day and row.finished_at)}
