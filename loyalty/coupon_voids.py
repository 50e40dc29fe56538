"""Taking coupons back: of a batch, a grant or one coupon; bought ones give their points back."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, case, func, select, update
from sqlalchemy.orm import Session

from kernel import activity, audit
from kernel.refusals import Invalid, NotFound
from loyalty import coupon_stock, coupons, ledger, points_reversals
from loyalty.coupons import Coupon, CouponBatch, CouponVoid

SCOPES = ("batch", "grant", "coupon")
REASON_LENGTH = 60


@dataclass(frozen=True)
class Target:
    """What is taken back: every free coupon of a `batch` or a `grant`, or one `coupon`."""

    scope: str
    scope_id: int


@dataclass(frozen=True)
class Preview:
    """What a void would do: `free` coupons go, `points` come back; the others stay as they are."""

    free: int
    locked: int
    used: int
    expired: int
    void: int
    points: int


def preview(session: Session, target: Target, at: datetime) -> Preview:
    """Count what the void would meet. Raises Invalid for an unknown scope."""
    free = coupons.is_free(at)
    lives = Coupon.state.in_(("available", "locked")) & (Coupon.valid_until > at)
    row = session.execute(
        select(
            _count(free),
            _count(lives & ~free),
            _count(Coupon.state == "used"),
            _count(Coupon.state.in_(("available", "locked")) & (Coupon.valid_until <= at)),
            _count(Coupon.state == "void"),
            func.coalesce(func.sum(case((free, Coupon.paid_points), else_=0)), 0),
        ).where(_in(target))
    ).one()
    return Preview(*(int(value) for value in row))


def _count(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)


def _in(target: Target) -> ColumnElement[bool]:
    if target.scope == "batch":
        return Coupon.batch_id == target.scope_id
    if target.scope == "coupon":
        return Coupon.id == target.scope_id
    if target.scope == "grant":
        return Coupon.source_reference.like(f"grant:{target.scope_id}:%")
    raise Invalid(field="scope", reason="请选择作废的范围")


def start(  # noqa: PLR0913 - some are by keyword
    session: Session,
    target: Target,
    at: datetime,
    *,
    by: int,
    reason: str,
    returns_stock: bool = False,
) -> CouponVoid:
    """Decide the void; `run_page` then does it. A batch whose coupons are taken back is paused.

    Raises Invalid without a reason, and for returning a pool's stock: its codes were shown.
    """
    why = reason.strip()
    if not 1 <= len(why) <= REASON_LENGTH:
        raise Invalid(field="reason", reason=f"请填写作废原因（{REASON_LENGTH} 字以内）")
    batch = _batch_of(session, target)
    if returns_stock and batch.kind == "partner":
        raise Invalid(field="returns_stock", reason="合作方券的券码已发出，不能退回库存")
    if target.scope == "batch" and batch.state == "open":
        batch.state = "paused"
        batch.revision += 1
    void = CouponVoid(
        scope=target.scope,
        scope_id=target.scope_id,
        reason=why,
        returns_stock=returns_stock,
        by_operator=by,
        after_id=0,
        created_at=at,
    )
    session.add(void)
    session.flush()
    subject = f"{target.scope}:{target.scope_id}"
    audit.write(session, "coupon.void_started", subject, at, by=(by, None), void_id=void.id)
    return void


def _batch_of(session: Session, target: Target) -> CouponBatch:
    batch_id: int | None = target.scope_id
    if target.scope != "batch":
        batch_id = session.scalar(select(Coupon.batch_id).where(_in(target)).limit(1))
    if batch_id is None:
        raise NotFound
    return coupon_stock.hold(session, batch_id)


def run_page(session: Session, void_id: int, at: datetime, limit: int = 200) -> bool:
    """Take back some coupons more; whether there may be others. Safe to cut short and repeat.

    A claim may commit late under a low number, so the end is a look over all that finds none.
    """
    void = session.get(CouponVoid, void_id, with_for_update=True, populate_existing=True)
    if void is None:
        raise NotFound
    if void.finished_at is not None:
        return False
    scope = _in(Target(void.scope, void.scope_id))
    found = _page(session, void, scope, at, limit)
    if not found:
        if void.after_id == 0 or _page(session, _Start, scope, at, 1) == []:
            void.finished_at = at
            return False
        void.after_id = 0
        return True
    _take_back(session, void, found, at)
    void.after_id = found[-1]["id"]
    return True


class _Start:
    """Where a look over all begins."""

    after_id = 0


def _page(
    session: Session,
    place: CouponVoid | type[_Start],
    scope: ColumnElement[bool],
    at: datetime,
    limit: int,
) -> list[dict[str, Any]]:
    rows = session.execute(
        select(Coupon.id, Coupon.member_id, Coupon.batch_id, Coupon.code, Coupon.paid_points)
        .where(scope, Coupon.id > place.after_id, coupons.is_free(at))
        .order_by(Coupon.id)
        .limit(limit)
    )
    return [dict(row._mapping) for row in rows]


def _take_back(
    session: Session, void: CouponVoid, found: list[dict[str, Any]], at: datetime
) -> None:
    # The accounts of those who are paid back come first, as everywhere.
    for member_id in sorted({row["member_id"] for row in found if row["paid_points"]}):
        ledger.hold(session, member_id)
    ids = [row["id"] for row in found]
    session.execute(
        update(Coupon)
        .where(Coupon.id.in_(ids), coupons.is_free(at))
        .values(state="void", void_id=void.id, order_reference=None, locked_until=None)
        .execution_options(synchronize_session=False)
    )
    mine = select(Coupon.id).where(Coupon.id.in_(ids), Coupon.void_id == void.id)
    gone = set(session.scalars(mine))
    for row in found:
        if row["id"] in gone:
            _settle(session, void, row, at)
    if void.returns_stock and gone:
        coupon_stock.give_back(session, found[0]["batch_id"], len(gone))
    session.expire_all()


def _settle(session: Session, void: CouponVoid, row: dict[str, Any], at: datetime) -> None:
    if row["paid_points"]:
        points_reversals.refund(session, f"coupon:{row['code']}", at)
    who = (None, row["member_id"])
    facts = {"coupon_id": row["id"], "batch_id": row["batch_id"], "void_id": void.id}
    activity.record(session, "coupon.voided", at, who=who, **facts)


def taken_back(
    session: Session, void_id: int, *, after_id: int = 0, limit: int = 200
) -> list[Coupon]:
    """The report of a void: the coupons that it took back, by their numbers."""
    return list(
        session.scalars(
            select(Coupon)
            .where(Coupon.void_id == void_id, Coupon.id > after_id)
            .order_by(Coupon.id)
            .limit(limit)
        )
    )
