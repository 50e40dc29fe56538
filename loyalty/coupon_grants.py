"""Grants: an operator gives a batch's coupons to many members at once, seen before and after."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    ColumnElement,
    ForeignKey,
    Index,
    String,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from kernel import activity, audit
from kernel.activity import BigId
from kernel.db import Base
from kernel.refusals import Invalid, NotFound
from loyalty import claims, coupons, rules
from loyalty.claim_facts import left_of
from loyalty.coupons import CouponBatch
from loyalty.members import Member

MOST_MEMBERS = 1_000_000
TITLE_LENGTH = 60
_PAGE = 500


class CouponGrant(Base):
    """One handing-out: of a batch, to the members of a `rule` or to those listed in its rows.

    `after_id` is the last member looked at; a run that was cut short goes on from there.
    """

    __tablename__ = "coupon_grant"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    batch_id: Mapped[int] = mapped_column(ForeignKey("coupon_batch.id"), index=True)
    title: Mapped[str] = mapped_column(String(TITLE_LENGTH))
    rule: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    by_operator: Mapped[int] = mapped_column(BigInteger)
    after_id: Mapped[int] = mapped_column(BigInteger, default=0)
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]


class CouponGrantRow(Base):
    """A member of a grant. `verdict`: waiting, given, out_of_stock, blocked, ended, no_member."""

    __tablename__ = "coupon_grant_row"
    __table_args__ = (Index("ix_coupon_grant_row_grant_id_verdict", "grant_id", "verdict"),)

    grant_id: Mapped[int] = mapped_column(ForeignKey("coupon_grant.id"), primary_key=True)
    # No foreign key: a list may hold numbers that are nobody's, and says so.
    member_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    verdict: Mapped[str] = mapped_column(String(20))
    settled_at: Mapped[datetime | None]


@dataclass(frozen=True)
class Audience:
    """Who is to have a coupon: members by number, or those of whom a rule holds."""

    member_ids: tuple[int, ...] = ()
    rule: dict[str, Any] | None = None


@dataclass(frozen=True)
class Preview:
    """What a grant would do: how many would have one, who not and why, and whether it suffices."""

    asked: int
    fit: int
    skipped: dict[str, int]
    left: int

    @property
    def enough(self) -> bool:
        """Whether the stock holds one for everybody."""
        return self.left >= self.fit


def preview(session: Session, batch_id: int, audience: Audience, at: datetime) -> Preview:
    """What the grant would do now. Raises NotFound, Invalid, RuleInvalid."""
    coupons.get_batch(session, batch_id)
    states = _states(session, audience, at)
    asked = sum(states.values())
    fit = states.pop("active", 0)
    skipped = Counter[str]()
    for state, count in states.items():
        skipped[_VERDICTS.get(state, "ended")] += count
    return Preview(asked, fit, dict(skipped), left_of(session, batch_id))


_VERDICTS = {"active": "given", "blocked": "blocked", "no_member": "no_member"}


def _states(session: Session, audience: Audience, at: datetime) -> Counter[str]:
    states = Counter[str]()
    counted = select(Member.state, func.count()).group_by(Member.state)
    if audience.rule is not None:
        query = counted.where(_where(audience.rule, at))
        return Counter({row[0]: int(row[1]) for row in session.execute(query)})
    wanted = _listed(audience)
    for page in _pages(wanted):
        for state, count in session.execute(counted.where(Member.id.in_(page))):
            states[state] += count
    states["no_member"] = len(wanted) - sum(states.values())
    return +states


def _where(rule: dict[str, Any], at: datetime) -> ColumnElement[bool]:
    return rules.where(rules.parse(rule), at)


def _listed(audience: Audience) -> list[int]:
    wanted = sorted(set(audience.member_ids))
    if not wanted:
        raise Invalid(field="members", reason="请填写会员号，或选择一个人群")
    if len(wanted) > MOST_MEMBERS:
        raise Invalid(field="members", reason="一次最多发给 100 万位会员")
    return wanted


def _pages(ids: Sequence[int]) -> Iterable[Sequence[int]]:
    return (ids[start : start + _PAGE] for start in range(0, len(ids), _PAGE))


def start(  # noqa: PLR0913 - some are by keyword
    session: Session, batch_id: int, audience: Audience, at: datetime, *, by: int, title: str
) -> CouponGrant:
    """Decide the grant; `run_page` then hands out. Raises NotFound, Invalid, RuleInvalid."""
    name = title.strip()
    if not 1 <= len(name) <= TITLE_LENGTH:
        raise Invalid(field="title", reason=f"请填写发放原因（{TITLE_LENGTH} 字以内）")
    batch = coupons.get_batch(session, batch_id)
    if batch.state in {"draft", "closed"} or not batch.starts_at <= at < batch.ends_at:
        raise Invalid(field="batch", reason="券批次未开放或不在发放时间内")
    if audience.rule is not None:
        rules.parse(audience.rule)
    grant = CouponGrant(
        batch_id=batch_id,
        title=name,
        rule=audience.rule,
        by_operator=by,
        after_id=0,
        created_at=at,
    )
    session.add(grant)
    session.flush()
    if audience.rule is None:
        _write_rows(session, grant.id, dict.fromkeys(_listed(audience), "waiting"), None)
    audit.write(session, "coupon.grant_started", f"coupon_grant:{grant.id}", at, by=(by, None))
    activity.record(session, "coupon.grant_started", at, grant_id=grant.id, batch_id=batch_id)
    return grant


def run_page(session: Session, grant_id: int, at: datetime, limit: int = 200) -> bool:
    """Hand out some coupons more; whether there may be others. Safe to cut short and repeat.

    The grant's row is held, so two runners take turns; the stock row comes last, once a page.
    """
    grant = session.get(CouponGrant, grant_id, with_for_update=True, populate_existing=True)
    if grant is None:
        raise NotFound
    if grant.finished_at is not None:
        return False
    states = _next(session, grant, limit)
    if not states:
        grant.finished_at = at
        activity.record(session, "coupon.grant_finished", at, grant_id=grant.id)
        return False
    verdicts = {member: _VERDICTS.get(state, "ended") for member, state in states.items()}
    batch = coupons.get_batch(session, grant.batch_id)
    fit = [member for member, verdict in verdicts.items() if verdict == "given"]
    given = _hand_out(session, grant, batch, fit, at)
    verdicts.update(dict.fromkeys(fit[given:], "out_of_stock"))
    _settle(session, grant, verdicts, at)
    grant.after_id = max(states)
    return True


def _next(session: Session, grant: CouponGrant, limit: int) -> dict[int, str]:
    """The next members of the grant, in order, each with the state."""
    if grant.rule is not None:
        query = select(Member.id, Member.state).where(
            Member.id > grant.after_id, _where(grant.rule, grant.created_at)
        )
        rows = session.execute(query.order_by(Member.id).limit(limit))
    else:
        rows = session.execute(
            select(CouponGrantRow.member_id, func.coalesce(Member.state, "no_member"))
            .outerjoin(Member, Member.id == CouponGrantRow.member_id)
            .where(CouponGrantRow.grant_id == grant.id, CouponGrantRow.member_id > grant.after_id)
            .order_by(CouponGrantRow.member_id)
            .limit(limit)
        )
    return {int(row[0]): str(row[1]) for row in rows}


def _hand_out(
    session: Session, grant: CouponGrant, batch: CouponBatch, fit: list[int], at: datetime
) -> int:
    """Give to as many as there is stock for, the first ones; how many."""
    count = min(len(fit), left_of(session, batch.id))
    references = {member: f"grant:{grant.id}:{member}" for member in fit[:count]}
    claims.give_many(session, batch, references, at)
    return count


def _settle(session: Session, grant: CouponGrant, verdicts: dict[int, str], at: datetime) -> None:
    if grant.rule is not None:
        _write_rows(session, grant.id, verdicts, at)
        return
    by_verdict: dict[str, list[int]] = {}
    for member, verdict in verdicts.items():
        by_verdict.setdefault(verdict, []).append(member)
    for verdict, members in by_verdict.items():
        session.execute(
            update(CouponGrantRow)
            .where(CouponGrantRow.grant_id == grant.id, CouponGrantRow.member_id.in_(members))
            .values(verdict=verdict, settled_at=at)
            .execution_options(synchronize_session=False)
        )


def _write_rows(
    session: Session, grant_id: int, verdicts: dict[int, str], at: datetime | None
) -> None:
    rows = [
        {"grant_id": grant_id, "member_id": member, "verdict": verdict, "settled_at": at}
        for member, verdict in verdicts.items()
    ]
    for begin in range(0, len(rows), _PAGE):
        session.execute(insert(CouponGrantRow), rows[begin : begin + _PAGE])


def report(session: Session, grant_id: int) -> dict[str, int]:
    """How many members of the grant met which verdict."""
    rows = session.execute(
        select(CouponGrantRow.verdict, func.count())
        .where(CouponGrantRow.grant_id == grant_id)
        .group_by(CouponGrantRow.verdict)
    )
    return {str(row[0]): int(row[1]) for row in rows}


def rows_of(
    session: Session, grant_id: int, *, after_id: int = 0, limit: int = 200
) -> list[CouponGrantRow]:
    """The report's rows, by member number."""
    return list(
        session.scalars(
            select(CouponGrantRow)
            .where(CouponGrantRow.grant_id == grant_id, CouponGrantRow.member_id > after_id)
            .order_by(CouponGrantRow.member_id)
            .limit(limit)
        )
    )
