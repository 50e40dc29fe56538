"""Rewards of check-ins beyond the day itself: streaks, totals, dates; each once a cycle."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import JSON, Date, ForeignKey, Index, Integer, String, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from kernel import activity
from kernel.activity import BigId
from kernel.db import Base, insert_once
from kernel.refusals import NotFound, Refused
from loyalty import gifts
from loyalty.checkin_rules import CheckInRules
from loyalty.gifts import Gift, Occasion
from loyalty.policy import Policy


class CheckInReward(Base):
    """One reward of a member; `reference` stands once a cycle.

    State: due (a rebuilt streak reached it; the next check-in gives it) → given, or, where members
    take them by hand, claimable → given. A claimable one is gone at `claim_until`.
    """

    __tablename__ = "check_in_reward"
    __table_args__ = (Index("ix_check_in_reward_member_id_state", "member_id", "state"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    day: Mapped[date] = mapped_column(Date)
    name: Mapped[str] = mapped_column(String(40))
    reference: Mapped[str] = mapped_column(String(100), unique=True)
    gift: Mapped[dict[str, Any]] = mapped_column(JSON)
    points: Mapped[int] = mapped_column(Integer)
    state: Mapped[str] = mapped_column(String(10))
    created_at: Mapped[datetime]
    given_at: Mapped[datetime | None]
    claim_until: Mapped[datetime | None]


class RewardNotClaimable(Refused):
    """The reward is taken already, or its time is up; fact: `state`."""

    code = "reward_not_claimable"


@dataclass(frozen=True)
class Moment:
    """When and how a member stands: the day, the streak on it, the tier's multiplier.

    `total`: days of the cycle checked in on, this one included; used where totals are rewarded.
    `has_due`: whether rewards are owed to him.
    """

    day: date
    at: datetime
    streak: int
    multiplier: int
    total: int = 0
    has_due: bool = False


@dataclass(frozen=True)
class Given:
    """A reward as the member hears of it; `waits` for his hand, or `missed` coupons' codes."""

    name: str
    gift: Gift
    waits: bool = False
    missed: tuple[str, ...] = ()


def grant(
    session: Session, member_id: int, rules: CheckInRules, when: Moment, policy: Policy
) -> tuple[Given, ...]:
    """Give, or lay ready, what today's check-in reached, and what was due before."""
    found = reached(member_id, rules, when)
    rows = [row for row in found if insert_once(session, CheckInReward, row, "reference")]
    if when.has_due:
        rows += _take_due(session, member_id, rules, when.at)
    return tuple(_hand_out(session, row, when.at, policy) for row in rows)


def reached(
    member_id: int, rules: CheckInRules, when: Moment, state: str | None = None
) -> list[dict[str, Any]]:
    """Rows for the milestones and dates that the check-in of the moment's day meets exactly."""
    start = rules.cycle_start(when.day, when.streak)
    now = rules.in_cycle(when.day, when.streak)
    names = [
        (f"连签 {mark.days} 天", f"streak:{start}:{mark.days}", mark.gift)
        for mark in rules.streaks
        if mark.days == now
    ]
    since = rules.total_start(when.day, when.streak)
    names += [
        (f"累计签到 {mark.days} 天", f"total:{since}:{mark.days}", mark.gift)
        for mark in rules.totals
        if mark.days == when.total
    ]
    if state != "due":
        names += [
            (one.name, f"special:{when.day}:{one.on}", one.gift)
            for one in rules.specials
            if one.falls_on(when.day)
        ]
    return [
        _row(member_id, rules, when, (name, f"check-in-{key}:{member_id}", gift), state)
        for name, key, gift in names
    ]


def _row(
    member_id: int,
    rules: CheckInRules,
    when: Moment,
    reward: tuple[str, str, Gift],
    state: str | None,
) -> dict[str, Any]:
    name, reference, gift = reward
    percent = when.multiplier if rules.multiplied else 100
    worth = Gift(gift.points * percent // 100, gift.coupons, gift.tag)
    waits = rules.claimable
    return {
        "member_id": member_id,
        "day": when.day,
        "name": name,
        "reference": reference,
        "gift": worth.to_json(),
        "points": worth.points,
        "state": state or ("claimable" if waits else "given"),
        "created_at": when.at,
        "given_at": None if waits or state else when.at,
        "claim_until": when.at + timedelta(days=rules.claim_days) if waits else None,
    }


def _take_due(
    session: Session, member_id: int, rules: CheckInRules, at: datetime
) -> list[dict[str, Any]]:
    """Rewards that a rebuilt streak reached become given, or claimable, with this check-in."""
    rows = session.scalars(
        select(CheckInReward).where(
            CheckInReward.member_id == member_id, CheckInReward.state == "due"
        )
    ).all()
    state = "claimable" if rules.claimable else "given"
    until = at + timedelta(days=rules.claim_days) if rules.claimable else None
    taken = []
    for row in rows:
        given_at = None if rules.claimable else at
        if _move(session, row.id, "due", state=state, given_at=given_at, claim_until=until):
            taken.append(
                {"name": row.name, "reference": row.reference, "gift": row.gift, "state": state}
            )
    return taken


def _hand_out(session: Session, row: dict[str, Any], at: datetime, policy: Policy) -> Given:
    gift = Gift.from_json(row["gift"])
    if row["state"] != "given":
        return Given(row["name"], gift, waits=True)
    member_id = int(row["reference"].rsplit(":", 1)[1])
    occasion = Occasion(row["reference"], row["name"], at)
    missed = gifts.give(session, member_id, gift, occasion, policy)
    return Given(row["name"], gift, missed=tuple(missed))


def claim(session: Session, reward_id: int, member_id: int, at: datetime, policy: Policy) -> Given:
    """Take a reward that waits; of two at once, one does. Raises NotFound, RewardNotClaimable."""
    row = session.get(CheckInReward, reward_id, populate_existing=True)
    if row is None or row.member_id != member_id:
        raise NotFound
    in_time = row.claim_until is None or at < row.claim_until
    if not in_time or not _move(session, row.id, "claimable", state="given", given_at=at):
        raise RewardNotClaimable(state=row.state if in_time else "expired")
    gift = Gift.from_json(row.gift)
    occasion = Occasion(row.reference, row.name, at)
    missed = gifts.give(session, member_id, gift, occasion, policy)
    activity.record(session, "check_in.reward", at, who=(None, member_id), reward_id=row.id)
    return Given(row.name, gift, missed=tuple(missed))


def claimable(session: Session, member_id: int, at: datetime) -> list[CheckInReward]:
    """The rewards that wait for the member's hand, oldest first."""
    return list(
        session.scalars(
            select(CheckInReward)
            .where(
                CheckInReward.member_id == member_id,
                CheckInReward.state == "claimable",
                CheckInReward.claim_until > at,
            )
            .order_by(CheckInReward.id)
        )
    )


def owe(session: Session, member_id: int, rules: CheckInRules, when: Moment) -> int:
    """Note what a rebuilt streak reached on a day of the past; the next check-in gives it."""
    rows = reached(member_id, rules, when, "due")
    return sum(insert_once(session, CheckInReward, row, "reference") for row in rows)


def _move(session: Session, reward_id: int, state_before: str, **values: Any) -> bool:
    moved = session.execute(
        update(CheckInReward)
        .where(CheckInReward.id == reward_id, CheckInReward.state == state_before)
        .values(**values)
        .execution_options(synchronize_session=False)
    )
    return bool(moved.rowcount == 1)  # type: ignore[attr-defined]
