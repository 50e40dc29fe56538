"""Changes of tier: every climb, renewal and fall as a row, made once however often it is tried."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

from sqlalchemy import (
    BigInteger,
    Date,
    ForeignKey,
    Integer,
    String,
    UniqueConstraint,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from kernel.activity import Activity, BigId
from kernel.db import Base, TryAgain, insert_once
from loyalty import gifts
from loyalty.gifts import Gift, Occasion
from loyalty.members import Member
from loyalty.notices import Notice
from loyalty.policy import Policy
from loyalty.tier_ladder import GROUND_NAME, Tier, every

Kind = Literal["climb", "keep", "fall"]


class TierChange(Base):
    """One step of one member: `qualified` points at that time, and the new period's last day."""

    __tablename__ = "tier_change"
    __table_args__ = (UniqueConstraint("member_id", "seq"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    seq: Mapped[int] = mapped_column(Integer)
    kind: Mapped[str] = mapped_column(String(10))
    from_level: Mapped[int] = mapped_column(Integer)
    to_level: Mapped[int] = mapped_column(Integer)
    qualified: Mapped[int] = mapped_column(BigInteger)
    on_day: Mapped[date] = mapped_column(Date)
    until: Mapped[date | None] = mapped_column(Date)
    created_at: Mapped[datetime]


class TierGift(Base):
    """The gift of a tier has been given to that member: once, for ever."""

    __tablename__ = "tier_gift"

    member_id: Mapped[int] = mapped_column(
        ForeignKey("member.id"), primary_key=True, autoincrement=False
    )
    level: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    given_at: Mapped[datetime]


@dataclass(frozen=True)
class Move:
    """What is to become of one member's tier."""

    member_id: int
    before: int
    after: int
    qualified: int

    @property
    def kind(self) -> Kind:
        """Which way it goes."""
        if self.after == self.before:
            return "keep"
        return "climb" if self.after > self.before else "fall"


@dataclass(frozen=True)
class Step:
    """One move as it is written: its number among the member's moves, its day, its period."""

    move: Move
    seq: int
    day: date
    until: date | None
    at: datetime


def make(session: Session, moves: Sequence[Move], day: date, at: datetime, policy: Policy) -> None:
    """Make the moves, each in the same few statements, and tell the members.

    Raises TryAgain when a member's tier is no longer what the move started from.
    """
    if not moves:
        return
    ladder = {tier.level: tier for tier in every(session)}
    by_step: dict[tuple[int, int], list[Move]] = defaultdict(list)
    for move in moves:
        by_step[move.before, move.after].append(move)
    until = day + timedelta(days=policy.tier_period_days)
    for (_, after), alike in by_step.items():
        ends = until if after else None
        _turn(session, alike, day, ends)
        steps = _write(session, alike, (day, ends), at)
        if alike[0].kind != "keep":
            _tell(session, steps, ladder)
    for move in moves:
        if move.after > move.before:
            _give(session, move, ladder, at, policy)


def _turn(session: Session, alike: Sequence[Move], day: date, until: date | None) -> None:
    first = alike[0]
    values: dict[str, object] = {"tier_level": first.after, "tier_until": until}
    if first.kind != "keep":
        values["tier_since"] = day
    turned = session.execute(
        update(Member)
        .where(
            Member.id.in_([move.member_id for move in alike]), Member.tier_level == first.before
        )
        .values(**values)
        .execution_options(synchronize_session=False)
    )
    if turned.rowcount != len(alike):  # type: ignore[attr-defined]
        raise TryAgain


def _write(
    session: Session, alike: Sequence[Move], period: tuple[date, date | None], at: datetime
) -> list[Step]:
    ids = [move.member_id for move in alike]
    rows = session.execute(
        select(TierChange.member_id, func.max(TierChange.seq))
        .where(TierChange.member_id.in_(ids))
        .group_by(TierChange.member_id)
    )
    last = {row[0]: row[1] for row in rows}
    steps = [Step(move, last.get(move.member_id, 0) + 1, *period, at) for move in alike]
    session.execute(insert(TierChange), [_row(step) for step in steps])
    return steps


def _row(step: Step) -> dict[str, object]:
    return {
        "member_id": step.move.member_id,
        "seq": step.seq,
        "kind": step.move.kind,
        "from_level": step.move.before,
        "to_level": step.move.after,
        "qualified": step.move.qualified,
        "on_day": step.day,
        "until": step.until,
        "created_at": step.at,
    }


def _tell(session: Session, steps: Iterable[Step], ladder: dict[int, Tier]) -> None:
    notices, acts = [], []
    for step in steps:
        move = step.move
        name = ladder[move.after].name if move.after in ladder else GROUND_NAME
        kind = f"tier.{move.kind}"
        facts = {
            "level": move.after,
            "tier": name,
            "until": step.until.isoformat() if step.until else None,
        }
        # The number of the step makes the reference new, so that no look is needed first.
        reference = f"tier:{move.member_id}:{step.seq}"
        notices.append({
            "member_id": move.member_id, "kind": kind, "reference": reference,
            "facts": facts, "created_at": step.at, "read_at": None,
        })  # fmt: skip
        acts.append({
            "at": step.at, "kind": kind, "openid": None, "member_id": move.member_id,
            "facts": {"from": move.before, "to": move.after, "qualified": move.qualified},
        })  # fmt: skip
    session.execute(insert(Notice), notices)
    session.execute(insert(Activity), acts)


def _give(
    session: Session, move: Move, ladder: dict[int, Tier], at: datetime, policy: Policy
) -> None:
    """The gifts of every rung that was climbed: whoever jumps gets what the slow ones got."""
    for level in range(move.before + 1, move.after + 1):
        tier = ladder.get(level)
        gift = Gift.from_json(tier.gift if tier and tier.active else None)
        if tier is None or gift == Gift():
            continue
        row = {"member_id": move.member_id, "level": level, "given_at": at}
        if insert_once(session, TierGift, row, "member_id,level"):
            occasion = Occasion(f"tier:{move.member_id}:{level}", f"升级{tier.name}礼", at)
            gifts.give(session, move.member_id, gift, occasion, policy)


def of_member(session: Session, member_id: int, limit: int = 50) -> list[TierChange]:
    """The member's steps, newest first."""
    return list(
        session.scalars(
            select(TierChange)
            .where(TierChange.member_id == member_id)
            .order_by(TierChange.seq.desc())
            .limit(limit)
        )
    )
