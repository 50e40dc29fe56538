"""Earn rules: what brings points, how many, and at most how many a day, week and month."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import (
    BigInteger,
    Boolean,
    Date,
    ForeignKey,
    Index,
    Integer,
    String,
    func,
    select,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from kernel.activity import BigId
from kernel.clock import business_day
from kernel.db import Base, TryAgain, insert_once
from kernel.refusals import NotFound, Refused
from loyalty import ledger, points, tiers
from loyalty.ledger import Movement
from loyalty.points import Credit
from loyalty.points_pending import Promise, promise
from loyalty.policy import Policy


class EarnRule(Base):
    """One way to earn. `per_units` = 0: `points` each time; else `points` for so many units.

    Units are what the event counts, such as fen paid. A cap of 0 is none; caps are in points, a
    business day, a week from Monday, a calendar month. `waits`: the points are only promised and
    come with the event that the caller names.
    """

    __tablename__ = "earn_rule"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    code: Mapped[str] = mapped_column(String(40), unique=True)
    title: Mapped[str] = mapped_column(String(40))
    points: Mapped[int] = mapped_column(Integer)
    per_units: Mapped[int] = mapped_column(BigInteger, default=0)
    day_cap: Mapped[int] = mapped_column(Integer, default=0)
    week_cap: Mapped[int] = mapped_column(Integer, default=0)
    month_cap: Mapped[int] = mapped_column(Integer, default=0)
    multiplied: Mapped[bool] = mapped_column(Boolean, default=True)
    waits: Mapped[bool] = mapped_column(Boolean, default=False)
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    active: Mapped[bool] = mapped_column(Boolean, default=True)


class RuleEarning(Base):
    """What a rule made of one event: `points` paid or promised, `cut` kept back by the caps."""

    __tablename__ = "rule_earning"
    __table_args__ = (Index("ix_rule_earning_member_id_rule_day", "member_id", "rule", "day"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    rule: Mapped[str] = mapped_column(String(40))
    reference: Mapped[str] = mapped_column(String(100), unique=True)
    day: Mapped[date] = mapped_column(Date)
    points: Mapped[int] = mapped_column(BigInteger)
    cut: Mapped[int] = mapped_column(BigInteger)
    waits: Mapped[bool] = mapped_column(Boolean)


class EarnRuleClosed(Refused):
    """The rule does not pay now; facts: `starts_at`, `ends_at`."""

    code = "earn_rule_closed"


@dataclass(frozen=True)
class Event:
    """What happened: `reference` names it once for ever; `units` as the rule counts them.

    `awaits` names the event that releases the points of a rule that waits.
    """

    reference: str
    at: datetime
    units: int = 0
    awaits: str = ""


@dataclass(frozen=True)
class Earned:
    """What an event brought; `cut` is what the caps kept back, `pending` what only waits."""

    points: int
    cut: int
    pending: int
    balance: int


def get(session: Session, code: str) -> EarnRule:
    """The rule with that code. Raises NotFound."""
    rule = session.scalar(select(EarnRule).where(EarnRule.code == code))
    if rule is None:
        raise NotFound(rule=code)
    return rule


def worth(rule: EarnRule, units: int, multiplier_percent: int) -> int:
    """Points of one event before caps; fractions of a point are dropped."""
    points_ = rule.points if not rule.per_units else rule.points * (units // rule.per_units)
    return points_ * multiplier_percent // 100 if rule.multiplied else points_


def pays(rule: EarnRule, at: datetime) -> bool:
    """Whether the rule is in use and `at` lies in its window."""
    return rule.active and rule.starts_at <= at < rule.ends_at


def standing(session: Session, code: str, reference: str) -> RuleEarning | None:
    """What the rule made of the event of that name, when it has seen it."""
    wanted = _reference(code, reference)
    return session.scalar(select(RuleEarning).where(RuleEarning.reference == wanted))


def share_of(
    session: Session, member_id: int, rule: EarnRule, event: Event, earlier: int = 0
) -> tuple[int, int]:
    """(points, cut) of an event if it came now; writes nothing.

    `earlier` are points of the same day that will be written before it.
    """
    wanted = worth(rule, event.units, tiers.multiplier_of(session, member_id))
    rooms = _rooms(session, member_id, rule, business_day(event.at))
    granted = max(0, min(wanted, min(rooms) - earlier))
    return granted, wanted - granted


def earn(session: Session, member_id: int, code: str, event: Event, policy: Policy) -> Earned:
    """Pay the member for an event under a rule, within its caps; an event pays once.

    Raises NotFound, EarnRuleClosed. A second arrival of the event changes nothing.
    """
    rule, at = get(session, code), event.at
    if not pays(rule, at):
        raise EarnRuleClosed(starts_at=rule.starts_at, ends_at=rule.ends_at)
    account = ledger.hold(session, member_id)  # the caps are counted under the member's lock
    known = standing(session, code, event.reference)
    if known is not None:
        return _answer(known, account.balance)
    granted, cut = share_of(session, member_id, rule, event)
    reference = _reference(code, event.reference)
    row = {
        "member_id": member_id,
        "rule": code,
        "reference": reference,
        "day": business_day(at),
        "points": granted,
        "cut": cut,
        "waits": rule.waits,
    }
    if not insert_once(session, RuleEarning, row, "reference"):
        raise TryAgain  # another member's event of that name came first: look again
    credit = Credit(granted, reference, rule.title)
    if granted and rule.waits:
        promise(session, member_id, Promise(credit, event.awaits), at)
    elif granted:
        like = Movement("earn", 0, "", "", at, code)
        points.give(session, member_id, [credit], like, policy.expiry.of(at))
        tiers.climb(session, member_id, at, policy)
    return _answer(RuleEarning(**row), points.balance_of(session, member_id))


def _reference(code: str, event: str) -> str:
    return f"rule:{code}:{event}"


def _answer(row: RuleEarning, balance: int) -> Earned:
    paid = 0 if row.waits else row.points
    return Earned(paid, row.cut, row.points - paid, balance)


def _rooms(session: Session, member_id: int, rule: EarnRule, day: date) -> list[int]:
    """What the caps of the day, the week and the month leave, for those that there are."""
    starts = (
        (rule.day_cap, day),
        (rule.week_cap, day - timedelta(days=day.weekday())),
        (rule.month_cap, day.replace(day=1)),
    )
    rooms = [2**62]
    for cap, start in starts:
        if cap:
            used = session.scalar(
                select(func.sum(RuleEarning.points)).where(
                    RuleEarning.member_id == member_id,
                    RuleEarning.rule == rule.code,
                    RuleEarning.day >= start,
                    RuleEarning.day <= day,
                )
            )
            rooms.append(cap - int(used or 0))
    return rooms
