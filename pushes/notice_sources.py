"""Where transactional notices come from: rows that others wrote, not yet looked at."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from kernel.clock import SHANGHAI, business_day
from loyalty import checkin_days
from loyalty.coupons import CouponBatch
from loyalty.members import Member
from loyalty.notices import Notice
from products.applications import STATE_NAMES, Application, ApplicationEvent
from pushes.notice_kinds import APPLICATION_MOVED
from pushes.sent_notices import SentNotice

# Who moved it himself need not be told.
_BY_HIMSELF = "客户"


@dataclass(frozen=True)
class Found:
    """One row to tell a member of."""

    source_id: int
    member_id: int
    openid: str
    name: str
    kind: str
    facts: dict[str, Any]
    at: datetime


@dataclass(frozen=True)
class Source:
    """A table that notices come from."""

    newest: Callable[[Session], int]
    before: Callable[[Session, datetime], int]
    page: Callable[[Session, "Look"], list[Found]]


@dataclass(frozen=True)
class Look:
    """Which rows are asked for: beyond this number, since then, of these kinds, so many."""

    after_id: int
    since: datetime
    kinds: Collection[str]
    limit: int


def _unseen(query: Any, source: str, source_id: Any, look: Look) -> Any:
    """Those of the rows that nobody has decided about, the first of them."""
    seen = and_(SentNotice.source == source, SentNotice.source_id == source_id)
    return (
        query.outerjoin(SentNotice, seen)
        .where(SentNotice.id.is_(None), source_id > look.after_id, Member.state == "active")
        .order_by(source_id)
        .limit(look.limit)
    )


def _notices(session: Session, look: Look) -> list[Found]:
    query = (
        select(Notice, Member.openid, Member.name)
        .join(Member, Member.id == Notice.member_id)
        .where(Notice.kind.in_(look.kinds), Notice.created_at > look.since)
    )
    rows = session.execute(_unseen(query, "notice", Notice.id, look)).all()
    titles = _titles(session, {row.Notice.facts.get("batch_id") for row in rows})
    found = []
    for row in rows:
        notice = row.Notice
        facts = {**notice.facts, "name": row.name}
        facts |= _more(session, notice, titles)
        found.append(
            Found(notice.id, notice.member_id, row.openid, row.name, notice.kind, facts,
                  notice.created_at)
        )  # fmt: skip
    return found


def _titles(session: Session, batch_ids: set[Any]) -> dict[int, str]:
    wanted = [one for one in batch_ids if isinstance(one, int)]
    if not wanted:
        return {}
    rows = session.execute(
        select(CouponBatch.id, CouponBatch.title).where(CouponBatch.id.in_(wanted))
    )
    return {row.id: row.title for row in rows}


def _more(session: Session, notice: Notice, titles: dict[int, str]) -> dict[str, Any]:
    facts, more = notice.facts, {}
    if "batch_id" in facts:
        more["title"] = titles.get(facts["batch_id"], "")
    if isinstance(facts.get("days"), int):
        more["date"] = _day(business_day(notice.created_at) + timedelta(days=facts["days"]))
    if notice.kind == "check_in_reminder":
        yesterday = business_day(notice.created_at) - timedelta(days=1)
        more["streak"] = str(checkin_days.streak_until(session, notice.member_id, yesterday))
    return more


def _moves(session: Session, look: Look) -> list[Found]:
    if APPLICATION_MOVED not in look.kinds:
        return []
    query = (
        select(ApplicationEvent, Application, Member.openid, Member.name)
        .join(Application, Application.id == ApplicationEvent.application_id)
        .join(Member, Member.id == Application.member_id)
        .where(
            ApplicationEvent.at > look.since,
            ApplicationEvent.from_state.is_not(None),
            ApplicationEvent.actor != _BY_HIMSELF,
        )
    )
    found = []
    for row in session.execute(_unseen(query, "application", ApplicationEvent.id, look)):
        event, application = row.ApplicationEvent, row.Application
        facts = {
            "name": row.name,
            "product": application.product_name,
            "number": application.number,
            "state": STATE_NAMES[event.to_state],
            "time": _moment(event.at),
        }
        found.append(
            Found(event.id, application.member_id, row.openid, row.name, APPLICATION_MOVED, facts,
                  event.at)
        )  # fmt: skip
    return found


def _day(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"


def _moment(at: datetime) -> str:
    local = at.astimezone(SHANGHAI)
    return f"{_day(local.date())} {local:%H:%M}"


def _newest(column: Any) -> Callable[[Session], int]:
    return lambda session: int(session.scalar(select(func.max(column))) or 0)


def _before(column: Any, instant: Any) -> Callable[[Session, datetime], int]:
    return lambda session, at: int(
        session.scalar(select(func.max(column)).where(instant <= at)) or 0
    )


SOURCES: dict[str, Source] = {
    "notice": Source(_newest(Notice.id), _before(Notice.id, Notice.created_at), _notices),
    "application": Source(
        _newest(ApplicationEvent.id), _before(ApplicationEvent.id, ApplicationEvent.at), _moves
    ),
}
