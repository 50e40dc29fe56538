"""Clicks: how often each entry was tapped, by day and version, added up from the inbox.

The webhook pays nothing for it: its row in the inbox names the key, and a job adds closed minutes
up, once each. Which version somebody saw is the one that was live then; phones may show an older
one for some minutes after a publication.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import Date, ForeignKey, Index, Integer, String, func, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from bot.inbox import EVENT_KEY_LETTERS, MENU_EVENTS, InboxMessage
from kernel.clock import business_day
from kernel.db import Base, insert_once
from menus import live
from menus.publications import FOR_ALL, MenuPublication
from menus.tree import Menu, Place

# Messages are short transactions; one that began so long ago has committed or never will.
LAG = timedelta(minutes=2)
SPAN = timedelta(minutes=30)
_BEFORE_ANY = 0


class MenuClick(Base):
    """Taps of a day on what has that key or address, while that version was live."""

    __tablename__ = "menu_click"
    __table_args__ = (Index("ix_menu_click_version_id_day", "version_id", "day"),)

    day: Mapped[date] = mapped_column(Date, primary_key=True)
    version_id: Mapped[int] = mapped_column(
        ForeignKey("menu_version.id"), primary_key=True, autoincrement=False
    )
    target: Mapped[str] = mapped_column(String(EVENT_KEY_LETTERS), primary_key=True)
    count: Mapped[int] = mapped_column(Integer)


@dataclass(frozen=True)
class EntryClicks:
    """Taps on one entry; entries with the same target share them, since WeChat does not tell."""

    place: Place
    name: str
    count: int
    shared: bool


def countable(event_key: str) -> str:
    """What a tap is counted under: the key, or the address without query and fragment."""
    return event_key.partition("?")[0].partition("#")[0][:EVENT_KEY_LETTERS]


def roll_up(session: Session, now: datetime) -> int | None:
    """Add up the next span of closed minutes; how many taps. None when there is nothing closed.

    Of two that roll up at once, the second waits for the first and goes on after it.
    """
    row = live.hold(session)
    if row.version_id is None:
        return None
    began = row.clicks_until or _first_tap(session)
    if began is None or began >= now - LAG:
        return None
    until = min(began + SPAN, now - LAG)
    taps = session.execute(
        select(InboxMessage.received_at, InboxMessage.event_key).where(
            InboxMessage.received_at >= began,
            InboxMessage.received_at < until,
            InboxMessage.kind.in_(MENU_EVENTS),
            InboxMessage.event_key.is_not(None),
        )
    ).all()
    history = _history(session)
    counts: Counter[tuple[date, int, str]] = Counter()
    for at, key in taps:
        if key and (version_id := _live_at(history, at)):
            counts[business_day(at), version_id, countable(key)] += 1
    for what in sorted(counts):
        _add(session, what, counts[what])
    row.clicks_until = until
    session.flush()
    return len(taps)


def _first_tap(session: Session) -> datetime | None:
    return session.scalar(
        select(func.min(InboxMessage.received_at)).where(InboxMessage.event_key.is_not(None))
    )


def _history(session: Session) -> Sequence[tuple[datetime, int]]:
    """When which version went live, the newest first."""
    rows = session.execute(
        select(MenuPublication.settled_at, MenuPublication.version_id)
        .where(MenuPublication.state == "done", MenuPublication.why.in_(FOR_ALL))
        .order_by(MenuPublication.settled_at.desc(), MenuPublication.id.desc())
        .limit(1_000)
    )
    return [(row[0], row[1]) for row in rows if row[0] is not None]


def _live_at(history: Sequence[tuple[datetime, int]], at: datetime) -> int:
    return next((version_id for since, version_id in history if since <= at), _BEFORE_ANY)


def _add(session: Session, what: tuple[date, int, str], count: int) -> None:
    day, version_id, target = what
    row = {"day": day, "version_id": version_id, "target": target, "count": count}
    if insert_once(session, MenuClick, row, "day,version_id,target"):
        return
    session.execute(
        update(MenuClick)
        .where(
            MenuClick.day == day,
            MenuClick.version_id == version_id,
            MenuClick.target == target,
        )
        .values(count=MenuClick.count + count)
    )


def clicks(session: Session, version_id: int, since: date) -> dict[str, int]:
    """Taps by target (see `countable`) while that version was live, from that day on."""
    rows = session.execute(
        select(MenuClick.target, func.sum(MenuClick.count))
        .where(MenuClick.version_id == version_id, MenuClick.day >= since)
        .group_by(MenuClick.target)
    )
    return {row[0]: int(row[1]) for row in rows}


def by_entry(menu: Menu, counts: dict[str, int], base_url: str) -> list[EntryClicks]:
    """The taps beside the entries of a menu; those that WeChat tells nothing of are left out."""
    keys = [
        (place, entry.name, countable(key))
        for place, entry in menu.leaves()
        if (key := entry.target.event_key(base_url)) is not None
    ]
    often = Counter(key for _, _, key in keys)
    return [
        EntryClicks(place, name, counts.get(key, 0), often[key] > 1) for place, name, key in keys
    ]
