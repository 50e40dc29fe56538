"""Clicks: how often each entry was tapped, by day, version and variant, added up from the inbox.

The webhook pays nothing for it: its row in the inbox names the key, and a job adds closed minutes
up, once each. Which menu somebody saw is told by `menus.click_faces`; phones may show an older one
for some minutes after a publication.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import Date, ForeignKey, Index, Integer, String, func, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from bot.inbox import EVENT_KEY_LETTERS, MENU_EVENTS, InboxMessage
from kernel.clock import business_day
from kernel.db import Base, insert_once
from menus import live
from menus.click_faces import EVERYBODYS, Faces, countable, tags_of
from menus.platform import MenuRules
from menus.tree import Menu, Place

__all__ = ["EVERYBODYS", "EntryClicks", "MenuClick", "by_entry", "clicks", "countable", "roll_up"]

# Messages are short transactions; one that began so long ago has committed or never will.
LAG = timedelta(minutes=2)
SPAN = timedelta(minutes=30)


class MenuClick(Base):
    """Taps of a day on what has that key or address, on that menu of a version.

    `variant` is the conditional menu, from 1; 0 is everybody's, or the version on trial.
    """

    __tablename__ = "menu_click"
    __table_args__ = (Index("ix_menu_click_version_id_day", "version_id", "day"),)

    day: Mapped[date] = mapped_column(Date, primary_key=True)
    version_id: Mapped[int] = mapped_column(
        ForeignKey("menu_version.id"), primary_key=True, autoincrement=False
    )
    variant: Mapped[int] = mapped_column(
        Integer, primary_key=True, autoincrement=False, default=EVERYBODYS
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


def roll_up(session: Session, now: datetime, rules: MenuRules) -> int | None:
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
        select(InboxMessage.received_at, InboxMessage.event_key, InboxMessage.openid).where(
            InboxMessage.received_at >= began,
            InboxMessage.received_at < until,
            InboxMessage.kind.in_(MENU_EVENTS),
            InboxMessage.event_key.is_not(None),
        )
    ).all()
    faces, tags = Faces(session, rules), tags_of(session, {tap.openid for tap in taps})
    counts: Counter[tuple[date, int, int, str]] = Counter()
    for at, event_key, openid in taps:
        key = countable(event_key or "")
        if key and (menu := faces.tapped(at, key, tags.get(openid, ()))):
            counts[business_day(at), menu.version_id, menu.variant, key] += 1
    for what in sorted(counts):
        _add(session, what, counts[what])
    row.clicks_until = until
    session.flush()
    return len(taps)


def _first_tap(session: Session) -> datetime | None:
    return session.scalar(
        select(func.min(InboxMessage.received_at)).where(InboxMessage.event_key.is_not(None))
    )


def _add(session: Session, what: tuple[date, int, int, str], count: int) -> None:
    names = ("day", "version_id", "variant", "target")
    row = dict(zip(names, what, strict=True))
    if insert_once(session, MenuClick, {**row, "count": count}, ",".join(names)):
        return
    session.execute(update(MenuClick).filter_by(**row).values(count=MenuClick.count + count))


def clicks(session: Session, version_id: int, since: date) -> dict[int, dict[str, int]]:
    """Taps by target (see `countable`) on each menu of a version, by variant, from that day on."""
    rows = session.execute(
        select(MenuClick.variant, MenuClick.target, func.sum(MenuClick.count))
        .where(MenuClick.version_id == version_id, MenuClick.day >= since)
        .group_by(MenuClick.variant, MenuClick.target)
    )
    found: dict[int, dict[str, int]] = {}
    for variant, target, count in rows:
        found.setdefault(variant, {})[target] = int(count)
    return found


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
