"""Tiers: what each asks and gives, who climbs, and how far it is to the next one."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Select, and_, exists, func, select, update
from sqlalchemy.orm import Session

from kernel import audit
from kernel.clock import business_day, day_start
from kernel.db import insert_once
from kernel.refusals import Invalid, NotFound
from loyalty import ledger, tier_changes
from loyalty.gifts import Gift
from loyalty.ledger import QUALIFYING, PointsAccount, PointsEntry
from loyalty.members import Member
from loyalty.points_reversals import PointsReversal
from loyalty.policy import Policy
from loyalty.tier_changes import Move
from loyalty.tier_ladder import Tier, level_for, name_of, rungs

MOST_LEVELS = 20
MOST_PERCENT = 1_000
_CHANGEABLE = ("code", "name", "threshold", "multiplier_percent", "gift", "active")
_CODE = re.compile(r"[a-z][a-z0-9_-]{0,39}")


@dataclass(frozen=True)
class Draft:
    """A tier as an operator fills it in."""

    level: int
    code: str
    name: str
    threshold: int
    multiplier_percent: int = 100
    gift: Gift = field(default_factory=Gift)


@dataclass(frozen=True)
class Standing:
    """Where a member stands. `until` is the period's last day; `missing` points to `next_name`."""

    level: int
    name: str
    qualified: int
    until: date | None
    next_name: str | None
    missing: int


def define(session: Session, draft: Draft, at: datetime, *, by: int | None) -> None:
    """Add a tier, or change the one of that level and take it into use.

    Members move with the next run, or when they earn. Raises Invalid with the field.
    """
    _check(session, draft)
    row = {
        "level": draft.level,
        "code": draft.code,
        "name": draft.name.strip(),
        "threshold": draft.threshold,
        "multiplier_percent": draft.multiplier_percent,
        "gift": draft.gift.to_json(),
        "active": True,
        "changed_at": at,
    }
    held = session.get(Tier, draft.level)
    before = None if held is None else audit.values(held, _CHANGEABLE)
    if not insert_once(session, Tier, row, "level"):
        session.execute(
            update(Tier)
            .where(Tier.level == draft.level)
            .values(**row)
            .execution_options(synchronize_session="fetch")
        )
    changes = audit.changes(before, row, _CHANGEABLE)
    audit.write(session, "tier.defined", f"tier:{draft.level}", at, by=(by, None), changes=changes)


def _check(session: Session, draft: Draft) -> None:
    if not 1 <= draft.level <= MOST_LEVELS:
        raise Invalid(field="level", reason=f"级别须为 1 至 {MOST_LEVELS}")
    if not _CODE.fullmatch(draft.code):
        raise Invalid(field="code", reason="代码须为小写字母开头的字母、数字")
    if not 1 <= len(draft.name.strip()) <= 20 or not draft.name.isprintable():
        raise Invalid(field="name", reason="请填写名称（20 字以内）")
    if not 100 <= draft.multiplier_percent <= MOST_PERCENT:
        raise Invalid(field="multiplier_percent", reason=f"倍率须为 100 至 {MOST_PERCENT}")
    if not 0 < draft.threshold <= 10**12:
        raise Invalid(field="threshold", reason="门槛须为正整数")
    _check_beside(session, draft)


def _check_beside(session: Session, draft: Draft) -> None:
    others = list(session.scalars(select(Tier).where(Tier.level != draft.level)))
    if any(tier.code == draft.code for tier in others):
        raise Invalid(field="code", reason="代码已被使用")
    below = [tier.threshold for tier in others if tier.active and tier.level < draft.level]
    above = [tier.threshold for tier in others if tier.active and tier.level > draft.level]
    if not max(below, default=0) < draft.threshold < min(above, default=draft.threshold + 1):
        raise Invalid(field="threshold", reason="门槛须随级别升高")


def retire(session: Session, level: int, at: datetime, *, by: int | None) -> None:
    """Take a tier out of use; its members keep it until their period ends. Raises NotFound."""
    retired = session.execute(
        update(Tier).where(Tier.level == level, Tier.active.is_(True)).values(
            active=False, changed_at=at
        )
    )  # fmt: skip
    if retired.rowcount != 1:  # type: ignore[attr-defined]
        raise NotFound
    audit.write(session, "tier.retired", f"tier:{level}", at, by=(by, None))


def multiplier_of(session: Session, member_id: int) -> int:
    """How many percent the member's points count; 100 without a tier."""
    found = session.scalar(
        select(Tier.multiplier_percent)
        .join(Member, Member.tier_level == Tier.level)
        .where(Member.id == member_id, Tier.active.is_(True))
    )
    return int(found or 100)


def climb(session: Session, member_id: int, at: datetime, policy: Policy) -> int | None:
    """Raise the member to the tier now earned; the new level, or None when there is none.

    One statement when no threshold is crossed; else what was earned is counted anew first.
    """
    look = session.execute(_look(member_id)).one_or_none()
    if look is None or look.reachable is None:
        return None
    ledger.hold(session, member_id)  # nobody earns while this is counted
    day = business_day(at)
    qualified = recount(session, [member_id], day, policy).get(member_id, 0)
    put_qualified(session, [member_id], day, policy)
    after = level_for(rungs(session), qualified)
    if after <= look.tier_level:
        return None
    tier_changes.make(
        session, [Move(member_id, look.tier_level, after, qualified)], day, at, policy
    )
    return after


def _look(member_id: int) -> Select[Any]:
    reachable = (
        select(func.max(Tier.level))
        .where(
            Tier.active.is_(True),
            Tier.level > Member.tier_level,
            Tier.threshold <= PointsAccount.qualified,
        )
        .correlate(Member, PointsAccount)
        .scalar_subquery()
    )
    return (
        select(Member.tier_level, reachable.label("reachable"))
        .join(PointsAccount, PointsAccount.member_id == Member.id)
        .where(Member.id == member_id, Member.state == "active")
    )


def recount(
    session: Session, member_ids: Sequence[int], day: date, policy: Policy
) -> dict[int, int]:
    """Points earned in the window that ends with `day`, by member; whoever has none is left out.

    A credit that was clawed back counts no more, whatever was left of it to take.
    """
    rows = session.execute(
        select(PointsEntry.member_id, func.sum(PointsEntry.delta))
        .where(PointsEntry.member_id.in_(member_ids), _counts(day, policy))
        .group_by(PointsEntry.member_id)
    )
    return {row[0]: int(row[1]) for row in rows}


def put_qualified(session: Session, member_ids: Sequence[int], day: date, policy: Policy) -> None:
    """Write what `recount` says into the accounts, which the caller has locked."""
    counted = (
        select(func.coalesce(func.sum(PointsEntry.delta), 0))
        .where(PointsEntry.member_id == PointsAccount.member_id, _counts(day, policy))
        .correlate(PointsAccount)
        .scalar_subquery()
    )
    session.execute(
        update(PointsAccount)
        .where(PointsAccount.member_id.in_(member_ids))
        .values(qualified=counted)
        .execution_options(synchronize_session=False)
    )


def _counts(day: date, policy: Policy) -> Any:
    first = day - timedelta(days=policy.tier_window_days - 1)
    reversed_since = exists().where(PointsReversal.origin_id == PointsEntry.id)
    return and_(
        PointsEntry.kind.in_(sorted(QUALIFYING)),
        PointsEntry.created_at >= day_start(first),
        PointsEntry.created_at < day_start(day + timedelta(days=1)),
        ~reversed_since,
    )


def standing_of(session: Session, member_id: int) -> Standing:
    """Where the member stands, for his page. Raises NotFound."""
    row = session.execute(
        select(Member.tier_level, Member.tier_until, PointsAccount.qualified)
        .join(PointsAccount, PointsAccount.member_id == Member.id)
        .where(Member.id == member_id)
    ).one_or_none()
    if row is None:
        raise NotFound
    above = [tier for tier in rungs(session) if tier.level > row.tier_level]
    missing = max(0, above[0].threshold - row.qualified) if above else 0
    return Standing(
        row.tier_level,
        name_of(session, row.tier_level),
        row.qualified,
        row.tier_until,
        above[0].name if above else None,
        missing,
    )
