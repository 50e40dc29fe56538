"""How often a reply rule answered, and when last: by day, added up from the activity log.

A message that a rule answers appends one activity and touches no row that others share; a job adds
up closed minutes, once each.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import Date, ForeignKey, Integer, case, func, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from content.reply_rules import ReplyRule
from kernel import activity
from kernel.activity import Activity
from kernel.clock import business_day
from kernel.db import Base, insert_once

ANSWERED = "reply.answered"
# Messages are short transactions; one that began so long ago has committed or never will.
LAG = timedelta(minutes=2)
SPAN = timedelta(minutes=30)
RECENT = timedelta(days=30)
_THE_ONE = 1


class ReplyRuleDay(Base):
    """What a revision answered on a business day."""

    __tablename__ = "reply_rule_day"

    rule_id: Mapped[int] = mapped_column(
        ForeignKey("reply_rule.id"), primary_key=True, autoincrement=False
    )
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    count: Mapped[int] = mapped_column(Integer)
    last_at: Mapped[datetime]


class ReplyTally(Base):
    """The one row that says until when answers are added up."""

    __tablename__ = "reply_tally"

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    until: Mapped[datetime | None]


@dataclass(frozen=True)
class Matches:
    """How often a rule answered, in all its revisions: ever and in 30 days; the last time."""

    total: int
    recent: int
    last_at: datetime


def note(session: Session, rule_id: int, at: datetime) -> None:
    """A rule answers a message; one INSERT, which need not say whose message it was."""
    activity.record(session, ANSWERED, at, rule_id=rule_id)


def roll_up(session: Session, now: datetime) -> int | None:
    """Add up the next span of closed minutes; how many answers. None when nothing is closed.

    Of two that roll up at once, the second waits for the first and goes on after it.
    """
    insert_once(session, ReplyTally, {"id": _THE_ONE, "until": None}, "id")
    held = select(ReplyTally).where(ReplyTally.id == _THE_ONE).with_for_update()
    tally = session.scalars(held.execution_options(populate_existing=True)).one()
    began = tally.until or session.scalar(
        select(func.min(Activity.at)).where(Activity.kind == ANSWERED)
    )
    if began is None or began >= now - LAG:
        return None
    until = min(began + SPAN, now - LAG)
    rows = session.execute(
        select(Activity.at, Activity.facts).where(
            Activity.kind == ANSWERED, Activity.at >= began, Activity.at < until
        )
    ).all()
    found: dict[tuple[int, date], list[datetime]] = {}
    for at, facts in rows:
        found.setdefault((int((facts or {})["rule_id"]), business_day(at)), []).append(at)
    for what in sorted(found):
        _add(session, what, found[what])
    tally.until = until
    session.flush()
    return len(rows)


def _add(session: Session, what: tuple[int, date], times: list[datetime]) -> None:
    rule_id, day = what
    row = {"rule_id": rule_id, "day": day, "count": len(times), "last_at": max(times)}
    if insert_once(session, ReplyRuleDay, row, "rule_id,day"):
        return
    session.execute(
        update(ReplyRuleDay)
        .where(ReplyRuleDay.rule_id == rule_id, ReplyRuleDay.day == day)
        .values(count=ReplyRuleDay.count + len(times), last_at=max(times))
    )


def of_codes(session: Session, codes: Collection[str], now: datetime) -> dict[str, Matches]:
    """The matches of rules by code; those that never answered are left out."""
    since = business_day(now - RECENT)
    recent = case((ReplyRuleDay.day > since, ReplyRuleDay.count), else_=0)
    query = (
        select(
            ReplyRule.code,
            func.sum(ReplyRuleDay.count),
            func.sum(recent),
            func.max(ReplyRuleDay.last_at),
        )
        .join(ReplyRule, ReplyRule.id == ReplyRuleDay.rule_id)
        .where(ReplyRule.code.in_(codes))
        .group_by(ReplyRule.code)
    )
    return {row[0]: Matches(int(row[1]), int(row[2]), row[3]) for row in session.execute(query)}
