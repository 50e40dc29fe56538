"""Check-in programmes: versions of the rules, each for a window of days; the latest one counts."""

import hashlib
import json
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Date, Index, String, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from kernel.activity import BigId
from kernel.clock import business_day
from kernel.db import Base
from kernel.refusals import Invalid, NotFound, Refused
from loyalty.checkin_rules import CheckInRules, parse

FOR_EVER = date(9999, 1, 1)


class CheckInProgramme(Base):
    """One version; in force on the days `[starts_on, ends_on)` that no later version covers.

    Rules never change once written: who wants others publishes a new version.
    """

    __tablename__ = "check_in_programme"
    __table_args__ = (Index("ix_check_in_programme_starts_on_ends_on", "starts_on", "ends_on"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    code: Mapped[str] = mapped_column(String(40), unique=True)
    name: Mapped[str] = mapped_column(String(40))
    starts_on: Mapped[date] = mapped_column(Date)
    ends_on: Mapped[date] = mapped_column(Date)
    rules: Mapped[dict[str, Any]] = mapped_column(JSON)
    digest: Mapped[str] = mapped_column(String(32))
    operator_id: Mapped[int | None] = mapped_column(BigInteger)
    created_at: Mapped[datetime]


class NoCheckInProgramme(Refused):
    """No check-in programme is in force on that day."""

    code = "no_check_in_programme"


@dataclass(frozen=True)
class Programme:
    """A version with its rules read."""

    id: int
    starts_on: date
    rules: CheckInRules


@dataclass(frozen=True)
class NewProgramme:
    """What it takes to publish a version; `ends_on` is the first day without it."""

    code: str
    name: str
    starts_on: date
    rules: dict[str, Any]
    ends_on: date = FOR_EVER


def publish(
    session: Session, new: NewProgramme, at: datetime, operator_id: int | None = None
) -> CheckInProgramme:
    """Add a version. Raises Invalid: for rules that cannot be, or days that have been paid by."""
    parse(new.rules)
    first = session.scalar(select(CheckInProgramme.id).limit(1)) is None
    if not new.starts_on < new.ends_on:
        raise Invalid(field="ends_on", reason="结束日期应晚于开始日期")
    if new.starts_on <= business_day(at) and not first:
        raise Invalid(field="starts_on", reason="新规则最早从明天开始")
    if session.scalar(select(CheckInProgramme.id).where(CheckInProgramme.code == new.code)):
        raise Invalid(field="code", reason="编号已被使用")
    row = CheckInProgramme(
        code=new.code,
        name=new.name,
        starts_on=new.starts_on,
        ends_on=new.ends_on,
        rules=new.rules,
        digest=digest_of(new.rules),
        operator_id=operator_id,
        created_at=at,
    )
    session.add(row)
    session.flush()
    return row


def end(session: Session, programme_id: int, ends_on: date, at: datetime) -> None:
    """Let a version end earlier, tomorrow at the soonest. Raises Invalid, NotFound."""
    if ends_on <= business_day(at):
        raise Invalid(field="ends_on", reason="最早从明天起结束")
    ended = session.execute(
        update(CheckInProgramme)
        .where(CheckInProgramme.id == programme_id, CheckInProgramme.starts_on < ends_on)
        .values(ends_on=ends_on)
    )
    if ended.rowcount != 1:  # type: ignore[attr-defined]
        raise NotFound


def in_force(session: Session, day: date) -> Programme:
    """The version that counts on `day`. Raises NoCheckInProgramme."""
    row = session.execute(
        select(CheckInProgramme.id, CheckInProgramme.digest, CheckInProgramme.starts_on)
        .where(CheckInProgramme.starts_on <= day, CheckInProgramme.ends_on > day)
        .order_by(CheckInProgramme.id.desc())
        .limit(1)
    ).one_or_none()
    if row is None:
        raise NoCheckInProgramme
    return Programme(row.id, row.starts_on, rules_of(session, row.digest))


def every(session: Session) -> list[CheckInProgramme]:
    """All versions, the latest first."""
    return list(session.scalars(select(CheckInProgramme).order_by(CheckInProgramme.id.desc())))


def rules_of(session: Session, digest: str) -> CheckInRules:
    """The rules with that digest; read and checked once a process."""
    known = _KNOWN.get(digest)
    if known is None:
        rules = session.scalar(
            select(CheckInProgramme.rules).where(CheckInProgramme.digest == digest).limit(1)
        )
        known = _KNOWN[digest] = parse(rules or {})
    return known


def digest_of(rules: dict[str, Any]) -> str:
    """Names the rules by what they say."""
    return hashlib.sha256(json.dumps(rules, sort_keys=True).encode()).hexdigest()[:32]


# Rules by digest: a digest never comes to mean other rules, so nothing here can be stale.
_KNOWN: dict[str, CheckInRules] = {}
