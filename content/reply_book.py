"""The rules that stand, kept in memory so that messages cost no statement for them."""

import time as machine_time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from content import patterns, reply_items, stamps
from content.patterns import Pattern
from content.reply_items import Item
from content.reply_rules import STAMP, ReplyRule

TTL_SECONDS = 2.0


@dataclass(frozen=True)
class Rule:
    """A standing revision, read once; see `content.reply_rules.Form`."""

    id: int
    code: str
    name: str
    paused: bool
    kinds: frozenset[str]
    patterns: tuple[Pattern, ...]
    scenes: tuple[str, ...]
    replies: tuple[Item, ...]
    mode: str
    window: tuple[datetime | None, datetime | None]
    hours: tuple[str, str]
    weekdays: frozenset[int]
    tags: tuple[str, str]
    cool_down_seconds: int


def read(row: ReplyRule) -> Rule:
    """A revision as decisions look at it."""
    return Rule(
        id=row.id,
        code=row.code,
        name=row.name,
        paused=row.state != "live",
        kinds=frozenset(row.kinds),
        patterns=tuple(patterns.parse(row.patterns)),
        scenes=tuple(row.scenes),
        replies=tuple(reply_items.parse(row.replies, row.mode)),
        mode=row.mode,
        window=(row.starts_at, row.ends_at),
        hours=(row.hours_from, row.hours_until),
        weekdays=frozenset(row.weekdays),
        tags=(row.with_tag, row.without_tag),
        cool_down_seconds=row.cool_down_seconds,
    )


class RuleBook:
    """The standing rules of a process; two seconds old at most. Safe to share between threads."""

    def __init__(
        self,
        ttl_seconds: float = TTL_SECONDS,
        ticks: Callable[[], float] = machine_time.monotonic,
    ) -> None:
        self._ttl, self._ticks = ttl_seconds, ticks
        # One tuple, replaced whole: (fresh until, version, rules).
        self._page: tuple[float, int, tuple[Rule, ...]] = (float("-inf"), -1, ())

    def rules(self, session: Session) -> tuple[Rule, ...]:
        """Live and paused rules, the first to be asked first."""
        fresh_until, version, rules = self._page
        now = self._ticks()
        if now < fresh_until:
            return rules
        # Read before the rules: what changes in between is seen the next time.
        newest = stamps.read(session, STAMP)
        if newest != version:
            rules = _standing(session)
        self._page = (now + self._ttl, newest, rules)
        return rules

    def forget(self) -> None:
        """Look again at the next message: for the process in which a rule was just changed."""
        self._page = (float("-inf"), -1, ())


def _standing(session: Session) -> tuple[Rule, ...]:
    query = select(ReplyRule).where(ReplyRule.standing.is_not(None))
    query = query.order_by(ReplyRule.priority.desc(), ReplyRule.id.desc())
    return tuple(read(row) for row in session.scalars(query))
