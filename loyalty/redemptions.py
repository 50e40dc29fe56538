"""Redemptions: the member shows a code that turns every minute, staff of a branch take it."""

import hmac
import re
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ForeignKey, String, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from kernel import activity
from kernel.db import Base
from kernel.refusals import Refused
from kernel.vault import Vault
from loyalty.coupons import Coupon, CouponBatch
from loyalty.members import Member
from loyalty.staff import Staff

STEP_SECONDS = 60
_CODE = re.compile(r"(\d{1,12})-(\d{6})", re.ASCII)


class Redemption(Base):
    """Who took which coupon, where and when; a coupon can have one."""

    __tablename__ = "redemption"

    coupon_id: Mapped[int] = mapped_column(
        ForeignKey("coupon.id"), primary_key=True, autoincrement=False
    )
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    branch: Mapped[str] = mapped_column(String(40))
    redeemed_at: Mapped[datetime] = mapped_column(index=True)


class CodeNotValid(Refused):
    """No coupon can be redeemed with that code: wrong, turned over, used or expired."""

    code = "redeem_code_not_valid"


class OwnCoupon(Refused):
    """Nobody redeems his own coupon."""

    code = "own_coupon"


@dataclass(frozen=True)
class Redeemed:
    """What staff and member should see."""

    coupon_id: int
    title: str
    worth: str
    member_id: int


def show_code(vault: Vault, coupon: Coupon, at: datetime) -> tuple[str, int]:
    """(the code to show now, seconds until it turns): `coupon id-six digits`."""
    step, passed = divmod(int(at.timestamp()), STEP_SECONDS)
    return f"{coupon.id}-{_digits(vault, coupon.code, step)}", STEP_SECONDS - passed


def _digits(vault: Vault, secret: str, step: int) -> str:
    return f"{int(vault.digest(f'redeem:{secret}:{step}')[:12], 16) % 1_000_000:06d}"


def find_shown(
    session: Session, vault: Vault, code: str, at: datetime
) -> tuple[Coupon, CouponBatch]:
    """The coupon whose code is shown now or was a minute ago. Raises CodeNotValid.

    Unknown, wrong and used codes read the same: a guesser learns nothing from the answer.
    """
    match = _CODE.fullmatch(code.strip())
    row = (
        match
        and session.execute(
            select(Coupon, CouponBatch)
            .join(CouponBatch, CouponBatch.id == Coupon.batch_id)
            .where(
                Coupon.id == int(match[1]), Coupon.state == "available", Coupon.valid_until > at
            )
        ).one_or_none()
    )
    if not match or row is None:
        raise CodeNotValid
    step = int(at.timestamp()) // STEP_SECONDS
    shown = (_digits(vault, row[0].code, step - back) for back in (0, 1))
    if not any(hmac.compare_digest(match[2], digits) for digits in shown):
        raise CodeNotValid
    return row[0], row[1]


def redeem(session: Session, vault: Vault, code: str, staff: Staff, at: datetime) -> Redeemed:
    """Take the coupon whose code is shown.

    Raises CodeNotValid, OwnCoupon. The change of state is the lock: of two at once, one wins.
    """
    coupon, batch = find_shown(session, vault, code, at)
    owner = session.scalar(select(Member.openid).where(Member.id == coupon.member_id))
    if owner == staff.openid:
        raise OwnCoupon
    used = session.execute(
        update(Coupon)
        .where(Coupon.id == coupon.id, Coupon.state == "available", Coupon.valid_until > at)
        .values(state="used", used_at=at)
    )
    if used.rowcount != 1:  # type: ignore[attr-defined]
        raise CodeNotValid
    session.add(
        Redemption(coupon_id=coupon.id, staff_id=staff.id, branch=staff.branch, redeemed_at=at)
    )
    activity.record(
        session,
        "coupon.redeemed",
        at,
        who=(owner, coupon.member_id),
        coupon_id=coupon.id,
        staff_id=staff.id,
        branch=staff.branch,
    )
    return Redeemed(coupon.id, batch.title, batch.worth, coupon.member_id)


def taken_by(
    session: Session, staff_id: int, since: datetime, limit: int = 50
) -> list[tuple[Redemption, CouponBatch]]:
    """What a member of staff has redeemed since then, newest first."""
    rows = session.execute(
        select(Redemption, CouponBatch)
        .join(Coupon, Coupon.id == Redemption.coupon_id)
        .join(CouponBatch, CouponBatch.id == Coupon.batch_id)
        .where(Redemption.staff_id == staff_id, Redemption.redeemed_at >= since)
        .order_by(Redemption.redeemed_at.desc())
        .limit(limit)
    )
    return [(row[0], row[1]) for row in rows]
