"""Whether the chain of the audit log is whole: the first place where it is not, and since when."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import JSON, BigInteger, Integer, String, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from kernel.activity import BigId
from kernel.audit import AuditEntry
from kernel.audit_chain import GENESIS, hash_of, head
from kernel.db import Base
from kernel.hot import table_of

# The sealer comes every few seconds; what it has passed over for so long was hidden from it.
LATEST_SEAL = timedelta(minutes=10)
# A clock that is set back by so little is no finding.
_BACK = timedelta(hours=1)
_PAGE = 2_000

CHANGED, MISSING, BEYOND = "changed", "missing", "beyond_head"
UNSEALED, NOT_EXPECTED = "unsealed", "not_expected"


class AuditCheck(Base):
    """One check of the chain; `broken` is the first place that is not right, None when all is."""

    __tablename__ = "audit_check"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    at: Mapped[datetime]
    seconds: Mapped[int] = mapped_column(Integer)
    position: Mapped[int] = mapped_column(BigInteger)
    hash: Mapped[str] = mapped_column(String(64))
    broken: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))


@dataclass(frozen=True)
class Break:
    """The first place where the chain is not what it was: what, where, and which entry."""

    code: str
    position: int
    entry_id: int | None = None


@dataclass(frozen=True)
class Verdict:
    """What a check found; `back_dated` counts sealed entries dated well before earlier ones."""

    checked: int
    position: int
    hash: str
    broken: Break | None = None
    back_dated: int = 0


@dataclass
class _Walk:
    position: int
    hash: str
    checked: int = 0
    back_dated: int = 0
    newest: datetime | None = None

    def step(self, entry: Any) -> Break | None:
        place = self.position + 1
        if entry.position != place:
            return Break(MISSING, place, int(entry.id))
        if entry.hash != hash_of(self.hash, place, entry):
            return Break(CHANGED, place, int(entry.id))
        self.position, self.hash = place, entry.hash
        self.checked += 1
        if self.newest is not None and entry.at < self.newest - _BACK:
            self.back_dated += 1
        self.newest = max(entry.at, self.newest or entry.at)
        return None


def verify(
    session: Session, since: datetime | None = None, expect: tuple[str, int] | None = None
) -> Verdict:
    """Reckon every hash anew, from the first entry of `since` on, up to the head.

    `expect` is a (hash, position) that was kept elsewhere: a chain that was written anew from its
    beginning is whole in itself, and only that tells.
    """
    walk = _start(session, since)
    broken = _walk_on(session, walk) or _held_against_head(session, walk)
    broken = broken or _held_against(session, expect)
    return Verdict(walk.checked, walk.position, walk.hash, broken, walk.back_dated)


def _start(session: Session, since: datetime | None) -> _Walk:
    if since is None:
        return _Walk(0, GENESIS)
    first = session.scalar(select(func.min(AuditEntry.position)).where(AuditEntry.at >= since))
    place = head(session)[1] if first is None else first - 1
    return _Walk(place, _hash_at(session, place))


def _walk_on(session: Session, walk: _Walk) -> Break | None:
    table = table_of(AuditEntry)
    while True:
        rows = session.execute(
            select(table)
            .where(table.c.position > walk.position)
            .order_by(table.c.position)
            .limit(_PAGE)
        ).all()
        for entry in rows:
            if broken := walk.step(entry):
                return broken
        if len(rows) < _PAGE:
            return None


def _held_against_head(session: Session, walk: _Walk) -> Break | None:
    last, place = head(session)
    if (last, place) == (walk.hash, walk.position):
        return None
    if walk.position < place:
        return Break(MISSING, walk.position + 1)
    return Break(BEYOND, place + 1)


def _held_against(session: Session, expect: tuple[str, int] | None) -> Break | None:
    if expect is None or _hash_at(session, expect[1]) == expect[0].lower():
        return None
    return Break(NOT_EXPECTED, expect[1])


def _hash_at(session: Session, position: int) -> str:
    if position == 0:
        return GENESIS
    found = session.scalar(select(AuditEntry.hash).where(AuditEntry.position == position))
    return found or ""


def overlooked(session: Session, at: datetime) -> Break | None:
    """An entry that waits for its place far longer than the sealer takes."""
    found = session.execute(
        select(AuditEntry.id)
        .where(AuditEntry.position.is_(None), AuditEntry.at < at - LATEST_SEAL)
        .order_by(AuditEntry.id)
        .limit(1)
    ).first()
    return Break(UNSEALED, head(session)[1] + 1, found.id) if found else None


def keep(session: Session, verdict: Verdict, at: datetime, seconds: int) -> AuditCheck:
    """Write down what a check found."""
    broken = verdict.broken
    kept = AuditCheck(
        at=at,
        seconds=seconds,
        position=verdict.position,
        hash=verdict.hash,
        broken=None if broken is None else vars(broken).copy(),
    )
    session.add(kept)
    session.flush()
    return kept


def newest(session: Session) -> AuditCheck | None:
    """The last check that was kept."""
    return session.scalar(select(AuditCheck).order_by(AuditCheck.id.desc()).limit(1))
