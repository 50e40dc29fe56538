"""Redemptions: the member shows a code that turns every minute, staff of a branch take it."""

import hmac
import re
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, String, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from kernel import activity
from kernel.activity import BigId
from kernel.db import Base
from kernel.refusals import Refused
from kernel.vault import Vault
from loyalty import coupon_uses, coupon_validity, coupons
from loyalty.coupons import Coupon, CouponBatch
from loyalty.members import Member, refuse_state
from loyalty.staff import Staff

STEP_SECONDS = 60
_CODE = re.compile(r"(\d{1,12})-(\d{6})", re.ASCII)


class Redemption(Base):
    """Who took which coupon, where and when.

    `standing_coupon_id` is empty once the redemption is undone, so one of a coupon stands. At the
    `counter` staff and branch are recorded, for an `order` its reference. `order_fen` is known
    where somebody said it.
    """

    __tablename__ = "redemption"
    __table_args__ = (
        Index("ix_redemption_branch_id", "branch", "id"),
        Index("ix_redemption_staff_id_id", "staff_id", "id"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    coupon_id: Mapped[int] = mapped_column(ForeignKey("coupon.id"), index=True)
    standing_coupon_id: Mapped[int | None] = mapped_column(ForeignKey("coupon.id"), unique=True)
    channel: Mapped[str] = mapped_column(String(10), default="counter")
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    branch: Mapped[str] = mapped_column(String(40), default="")
    order_reference: Mapped[str | None] = mapped_column(String(80), index=True)
    order_fen: Mapped[int | None] = mapped_column(BigInteger)
    saved_fen: Mapped[int] = mapped_column(BigInteger, default=0)
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
    saved_fen: int = 0


def show_code(vault: Vault, coupon: Coupon, at: datetime) -> tuple[str, int]:
    """(the code to show now, seconds until it turns): `coupon id-six digits`."""
    step, passed = divmod(int(at.timestamp()), STEP_SECONDS)
    return f"{coupon.id}-{_digits(vault, coupon.code, step)}", STEP_SECONDS - passed


def _digits(vault: Vault, secret: str, step: int) -> str:
    return f"{int(vault.digest(f'redeem:{secret}:{step}')[:12], 16) % 1_000_000:06d}"


def find_shown(
    session: Session, vault: Vault, code: str, at: datetime
) -> tuple[Coupon, CouponBatch]:
    """The coupon whose code is shown now or was a minute ago, if it can be used today.

    Raises CodeNotValid; to whoever has the right code also why the coupon cannot be used now, see
    `coupon_uses`. Unknown, wrong and used codes read the same: a guesser learns nothing.
    """
    match = _CODE.fullmatch(code.strip())
    row = (
        match
        and session.execute(
            select(Coupon, CouponBatch)
            .join(CouponBatch, CouponBatch.id == Coupon.batch_id)
            .where(
                Coupon.id == int(match[1]),
                Coupon.state.in_(("available", "locked")),
                Coupon.valid_until > at,
            )
            .execution_options(populate_existing=True)
        ).one_or_none()
    )
    if not match or row is None:
        raise CodeNotValid
    step = int(at.timestamp()) // STEP_SECONDS
    shown = (_digits(vault, row[0].code, step - back) for back in (0, 1))
    if not any(hmac.compare_digest(match[2], digits) for digits in shown):
        raise CodeNotValid
    coupon_uses.refuse_unusable(row[0], row[1], at)
    return row[0], row[1]


def redeem(  # noqa: PLR0913 - some are by keyword
    session: Session,
    vault: Vault,
    code: str,
    staff: Staff,
    at: datetime,
    *,
    order_fen: int | None = None,
) -> Redeemed:
    """Take the coupon whose code is shown, for an order of `order_fen` where staff say it.

    Raises CodeNotValid, OwnCoupon, MemberBlocked, MemberEnded and the refusals of `coupon_uses`.
    The change of state is the lock: of two at once, one wins.
    """
    coupon, batch = find_shown(session, vault, code, at)
    coupon_uses.refuse_unusable(coupon, batch, at, order_fen)
    who_owns = select(Member.openid, Member.state).where(Member.id == coupon.member_id)
    owner = session.execute(who_owns).one()
    if owner.openid == staff.openid:
        raise OwnCoupon
    refuse_state(owner.state)
    _use(session, coupon, at)
    saved_fen = coupon_validity.worth_of(batch, order_fen) if order_fen is not None else 0
    session.add(
        Redemption(
            coupon_id=coupon.id,
            standing_coupon_id=coupon.id,
            channel="counter",
            staff_id=staff.id,
            branch=staff.branch,
            order_fen=order_fen,
            saved_fen=saved_fen,
            redeemed_at=at,
        )
    )
    facts = {"coupon_id": coupon.id, "staff_id": staff.id, "branch": staff.branch}
    who = (owner.openid, coupon.member_id)
    activity.record(session, "coupon.redeemed", at, who=who, **facts)
    session.expire(coupon)
    return Redeemed(coupon.id, batch.title, batch.worth, coupon.member_id, saved_fen)


def _use(session: Session, coupon: Coupon, at: datetime) -> None:
    used = session.execute(
        update(Coupon)
        .where(Coupon.id == coupon.id, coupons.is_free(at))
        .values(state="used", used_at=at, order_reference=None, locked_until=None)
        .execution_options(synchronize_session=False)
    )
    if used.rowcount != 1:  # type: ignore[attr-defined]
        raise CodeNotValid


def taken_by(
    session: Session, staff_id: int, since: datetime, limit: int = 50
) -> list[tuple[Redemption, CouponBatch]]:
    """What a member of staff has redeemed since then and not undone, newest first."""
    rows = session.execute(
        select(Redemption, CouponBatch)
        .join(Coupon, Coupon.id == Redemption.coupon_id)
        .join(CouponBatch, CouponBatch.id == Coupon.batch_id)
        .where(
            Redemption.staff_id == staff_id,
            Redemption.redeemed_at >= since,
            Redemption.standing_coupon_id.is_not(None),
        )
        .order_by(Redemption.redeemed_at.desc(), Redemption.id.desc())
        .limit(limit)
    )
    return [(row[0], row[1]) for row in rows]


def taken_in(
    session: Session, branch: str, after: datetime, limit: int = 50
) -> list[tuple[Redemption, CouponBatch]]:
    """What staff of a branch have redeemed after then and nobody has undone, newest first."""
    rows = session.execute(
        select(Redemption, CouponBatch)
        .join(Coupon, Coupon.id == Redemption.coupon_id)
        .join(CouponBatch, CouponBatch.id == Coupon.batch_id)
        .where(
            Redemption.branch == branch,
            Redemption.channel == "counter",
            Redemption.redeemed_at > after,
            Redemption.standing_coupon_id.is_not(None),
        )
        .order_by(Redemption.redeemed_at.desc(), Redemption.id.desc())
        .limit(limit)
    )
    return [(row[0], row[1]) for row in rows]
