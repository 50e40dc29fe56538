"""Undoing a redemption: within some hours, as a record of its own; the coupon is free again."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import BigInteger, ForeignKey, String, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from kernel import activity, audit
from kernel.db import Base, insert_once
from kernel.refusals import Invalid, NotFound, Refused
from loyalty.coupons import Coupon
from loyalty.policy import Policy
from loyalty.redemptions import Redemption
from loyalty.staff import Staff

REASON_LENGTH = 60


class RedemptionUndo(Base):
    """That a redemption counts no more: by staff of the branch or an operator, and why."""

    __tablename__ = "redemption_undo"

    redemption_id: Mapped[int] = mapped_column(
        ForeignKey("redemption.id"), primary_key=True, autoincrement=False
    )
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    operator_id: Mapped[int | None] = mapped_column(BigInteger)
    reason: Mapped[str] = mapped_column(String(REASON_LENGTH))
    undone_at: Mapped[datetime]


class UndoTooLate(Refused):
    """The hours in which a redemption can be undone are over; fact: `hours`."""

    code = "undo_too_late"


class OtherBranch(Refused):
    """Staff undo what their own branch took, nothing else."""

    code = "undo_other_branch"


@dataclass(frozen=True)
class By:
    """Who undoes: a member of staff or an operator; neither for an order that fell through.

    With a `scope` only what that branch took is there at all.
    """

    staff: Staff | None = None
    operator_id: int | None = None
    scope: str | None = None


def undo(  # noqa: PLR0913 - some are by keyword
    session: Session,
    redemption_id: int,
    at: datetime,
    *,
    by: By,
    reason: str,
    policy: Policy,
) -> RedemptionUndo:
    """Undo the redemption; a second undo returns the first.

    The coupon is available again; when its dates have passed meanwhile it reads expired. Raises
    NotFound, Invalid without a reason, OtherBranch, UndoTooLate.
    """
    why = reason.strip()
    if not 1 <= len(why) <= REASON_LENGTH:
        raise Invalid(field="reason", reason=f"请填写撤销原因（{REASON_LENGTH} 字以内）")
    redemption = _held(session, redemption_id)
    if by.scope is not None and by.scope != redemption.branch:
        raise NotFound
    if by.staff is not None and by.staff.branch != redemption.branch:
        raise OtherBranch
    late = at >= redemption.redeemed_at + timedelta(hours=policy.undo_hours)
    if late and redemption.standing_coupon_id is not None:
        raise UndoTooLate(hours=policy.undo_hours)
    return _undo(session, redemption, by, why, at)


def undo_order(
    session: Session, order_reference: str, at: datetime, *, reason: str, by: By | None = None
) -> int:
    """Undo what an order that was cancelled or refunded had used; how many, 0 the second time."""
    found = session.scalars(
        select(Redemption.id)
        .where(
            Redemption.order_reference == order_reference,
            Redemption.standing_coupon_id.is_not(None),
        )
        .order_by(Redemption.id)
    ).all()
    for redemption_id in found:
        held = _held(session, redemption_id)
        _undo(session, held, by or By(), reason[:REASON_LENGTH], at)
    return len(found)


def _held(session: Session, redemption_id: int) -> Redemption:
    redemption = session.scalar(
        select(Redemption)
        .where(Redemption.id == redemption_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if redemption is None:
        raise NotFound
    return redemption


def _undo(
    session: Session, redemption: Redemption, by: By, why: str, at: datetime
) -> RedemptionUndo:
    row = {
        "redemption_id": redemption.id,
        "staff_id": by.staff.id if by.staff else None,
        "operator_id": by.operator_id,
        "reason": why,
        "undone_at": at,
    }
    if insert_once(session, RedemptionUndo, row, "redemption_id"):
        _free(session, redemption)
        _tell(session, redemption, by, at)
    return session.get_one(RedemptionUndo, redemption.id)


def _free(session: Session, redemption: Redemption) -> None:
    redemption.standing_coupon_id = None
    freed = session.execute(
        update(Coupon)
        .where(Coupon.id == redemption.coupon_id, Coupon.state == "used")
        .values(state="available", used_at=None, order_reference=None, locked_until=None)
    )
    assert freed.rowcount == 1, "a redemption stood whose coupon was not used"  # type: ignore[attr-defined]
    session.flush()


def _tell(session: Session, redemption: Redemption, by: By, at: datetime) -> None:
    owner = session.scalar(select(Coupon.member_id).where(Coupon.id == redemption.coupon_id))
    facts = {
        "coupon_id": redemption.coupon_id,
        "redemption_id": redemption.id,
        "staff_id": by.staff.id if by.staff else None,
        "operator_id": by.operator_id,
    }
    activity.record(session, "coupon.redemption_undone", at, who=(None, owner), **facts)
    if by.operator_id is not None:
        subject = f"redemption:{redemption.id}"
        audit.write(session, "coupon.redemption_undone", subject, at, by=(by.operator_id, None))
