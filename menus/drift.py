"""Drift: what WeChat has against what we think it has, looked at hourly and on demand.

Somebody may change the menu in WeChat's own console, another system may share the account, and a
worker may die in the middle of a publication. The look settles the last kind by itself; of the
others it tells, and `publications.repair` sends ours again.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from menus import live, publisher, sendings, wechat_tags
from menus.conditional import Face
from menus.platform import MenuRules
from menus.publications import MenuPublication
from menus.publisher import Reading

EVERY = timedelta(hours=1)
# After a call was cut off, WeChat may still be at it.
SETTLING = timedelta(seconds=30)


@dataclass(frozen=True)
class Expectation:
    """What WeChat should have at this turn: `face`, or, if that arrived, `unknown_face`."""

    turns: int
    face: Face | None
    unknown_id: int | None
    unknown_face: Face | None
    tags: dict[str, int]


@dataclass(frozen=True)
class Drift:
    """The last look, for people: when, how WeChat's menu differs and since when."""

    checked_at: datetime | None
    differences: tuple[str, ...]
    since: datetime | None
    problem: str | None

    @property
    def clear(self) -> bool:
        """Whether WeChat had exactly our menu at the last look."""
        return self.checked_at is not None and not self.differences and self.problem is None


def due(session: Session, now: datetime) -> bool:
    """Whether it is time to look again."""
    row = live.look(session)
    waiting = sendings.unknown(session)
    if waiting is not None:
        return not _is_fresh(waiting, now)
    return row is not None and row.version_id is not None and _is_old(row.checked_at, now)


def _is_fresh(waiting: MenuPublication, now: datetime) -> bool:
    return (waiting.settled_at or now) > now - SETTLING


def _is_old(checked_at: datetime | None, now: datetime) -> bool:
    return checked_at is None or checked_at <= now - EVERY


def expect(session: Session, now: datetime, rules: MenuRules) -> Expectation | None:
    """What to look for; None while a publication is being sent (WeChat may still be at one that
    was cut off a moment ago), or when nothing ever was."""
    row = live.look(session)
    if row is None or sendings.busy(session):
        return None
    waiting = sendings.unknown(session)
    if waiting is not None and _is_fresh(waiting, now):
        return None
    face = sendings.face_after(session, row, None, rules) if row.version_id else None
    hoped = sendings.face_after(session, row, waiting, rules) if waiting else None
    codes = [code for one in (face, hoped) if one for code in one.tags()]
    tags = wechat_tags.ids(session, codes)
    return Expectation(row.turns, face, None if waiting is None else waiting.id, hoped, tags)


def keep(
    session: Session,
    expected: Expectation,
    reading: Reading,
    now: datetime,
    base_url: str,
) -> list[str]:
    """Write down what the look showed; the differences. Nothing when the world moved meanwhile."""
    row = live.hold(session)
    if row.turns != expected.turns or sendings.busy(session):
        return list(row.drift)
    if expected.unknown_id is not None and expected.unknown_face is not None:
        face = expected.unknown_face
        if not publisher.differences(face, expected.tags, reading, base_url):
            sendings.confirm(session, expected.unknown_id, now)
            return []
        sendings.send_again(session, expected.unknown_id, now)
    found: list[str] = []
    if expected.face is not None:
        found = publisher.differences(expected.face, expected.tags, reading, base_url)
    row.drift_since = (row.drift_since or now) if found else None
    row.drift, row.checked_at, row.problem = found, now, None
    session.flush()
    return found


def keep_problem(session: Session, reason: str, now: datetime) -> None:
    """Write down that WeChat could not be asked."""
    row = live.hold(session)
    row.checked_at, row.problem = now, reason[:200]
    session.flush()


def last(session: Session) -> Drift:
    """The last look."""
    row = live.look(session)
    if row is None:
        return Drift(None, (), None, None)
    return Drift(row.checked_at, tuple(row.drift), row.drift_since, row.problem)
