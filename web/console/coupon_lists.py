"""What the pages of coupon batches read."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Row, func, select
from sqlalchemy.orm import Session

from content import branches
from kernel.operators import Operator
from loyalty import coupon_figures, coupons, partner_codes, tier_ladder
from loyalty.coupon_figures import Figures
from loyalty.coupon_grants import CouponGrant
from loyalty.coupons import Coupon, CouponBatch, CouponVoid
from loyalty.tags import Tag
from web.console.paging import Page, page_of
from web.console.rule_desk import explain

SIZE = 25
_LATEST = 10
STATES = ("draft", "open", "paused", "closed")


@dataclass(frozen=True)
class Line:
    """A batch in the list: how many coupons are used, and whether little is left."""

    batch: CouponBatch
    used: int

    @property
    def left(self) -> int:
        """How many can still be had."""
        return self.batch.stock - self.batch.issued

    @property
    def is_low(self) -> bool:
        """Whether less is left than the batch's alert level, while it is given out."""
        batch = self.batch
        level = batch.alert_percent * batch.stock
        return batch.state == "open" and level > 0 and self.left * 100 <= level


@dataclass(frozen=True)
class Sheet:
    """Everything the page of one batch shows. `pool` is None where there is no pool of codes."""

    line: Line
    figures: Figures
    branch_names: dict[str, str]
    tier: str
    tag: str
    rule: str
    pool: int | None
    grants: Sequence[Row[CouponGrant, str]]
    voids: Sequence[Row[CouponVoid, str]]

    @property
    def batch(self) -> CouponBatch:
        """The batch itself."""
        return self.line.batch


def page(session: Session, state: str, before: int | None) -> Page[Line]:
    """Batches in `state`, or all, the newest first."""
    query = select(CouponBatch).order_by(CouponBatch.id.desc()).limit(SIZE + 1)
    if state in STATES:
        query = query.where(CouponBatch.state == state)
    if before is not None:
        query = query.where(CouponBatch.id < before)
    batches = session.scalars(query).all()
    counted = session.execute(
        select(Coupon.batch_id, func.count())
        .where(Coupon.batch_id.in_([batch.id for batch in batches]), Coupon.state == "used")
        .group_by(Coupon.batch_id)
    )
    used = {row[0]: int(row[1]) for row in counted}
    lines = [Line(batch, used.get(batch.id, 0)) for batch in batches]
    return page_of(lines, SIZE, lambda line: line.batch.id)


def counts(session: Session) -> dict[str, int]:
    """How many batches are in each state."""
    rows = session.execute(select(CouponBatch.state, func.count()).group_by(CouponBatch.state))
    return {row[0]: int(row[1]) for row in rows}


def sheet(session: Session, batch_id: int, at: datetime) -> Sheet:
    """The sheet of one batch. Raises NotFound."""
    batch = coupons.get_batch(session, batch_id)
    figures = coupon_figures.of_batch(session, batch_id, at)
    tag = session.scalar(select(Tag.name).where(Tag.code == batch.needs_tag))
    return Sheet(
        line=Line(batch, figures.used),
        figures=figures,
        branch_names={branch.code: branch.name for branch in branches.every(session)},
        tier=tier_ladder.name_of(session, batch.min_tier) if batch.min_tier else "",
        tag=tag or batch.needs_tag,
        rule=explain(session, batch.rule),
        pool=partner_codes.pool_size(session, batch_id) if batch.kind == "partner" else None,
        grants=_grants(session, batch_id),
        voids=_voids(session, batch_id),
    )


def _grants(session: Session, batch_id: int) -> Sequence[Row[CouponGrant, str]]:
    return session.execute(
        select(CouponGrant, Operator.name.label("operator_name"))
        .outerjoin(Operator, Operator.id == CouponGrant.by_operator)
        .where(CouponGrant.batch_id == batch_id)
        .order_by(CouponGrant.id.desc())
        .limit(_LATEST)
    ).all()


def _voids(session: Session, batch_id: int) -> Sequence[Row[CouponVoid, str]]:
    return session.execute(
        select(CouponVoid, Operator.name.label("operator_name"))
        .outerjoin(Operator, Operator.id == CouponVoid.by_operator)
        .where(CouponVoid.scope == "batch", CouponVoid.scope_id == batch_id)
        .order_by(CouponVoid.id.desc())
        .limit(_LATEST)
    ).all()
