"""What keeps a coupon from being used now: its state, its dates, the size of the order."""

from datetime import datetime

from kernel.clock import business_day
from kernel.refusals import Refused
from loyalty import coupon_validity, coupons
from loyalty.coupons import Coupon, CouponBatch
from loyalty.reasons import Condition, enforce

STATE_NAMES = {
    "available": "可用",
    "locked": "占用中",
    "used": "已使用",
    "expired": "已过期",
    "void": "已作废",
}


class CouponLocked(Refused):
    """An order that is not finished holds the coupon."""

    code = "coupon_locked"


class CouponNotUsable(Refused):
    """The coupon is used, void or expired; fact: `state`."""

    code = "coupon_not_usable"


class CouponNotYetUsable(Refused):
    """The coupon's life has not begun; fact: `valid_from`."""

    code = "coupon_not_yet_usable"


class CouponNotUsableToday(Refused):
    """The batch's coupons cannot be used on this day; fact: `day`."""

    code = "coupon_not_usable_today"


class OrderTooSmall(Refused):
    """The order is below what the coupon asks for; fact: `yuan`, the least."""

    code = "order_too_small"


def conditions(
    coupon: Coupon, batch: CouponBatch, at: datetime, order_fen: int | None = None
) -> list[Condition]:
    """Whether the coupon can be used now on an order of so many fen, None for unknown."""
    state, day = coupons.state_at(coupon, at), business_day(at)
    shown = STATE_NAMES[state]
    least = f"{batch.min_order_fen / 100:g}"
    stated = [
        Condition("没有被其他订单占用", state != "locked", shown, CouponLocked()),
        Condition(
            "未使用、未过期", state in {"available", "locked"}, shown, CouponNotUsable(state=state)
        ),
        Condition(
            "已到可用日期",
            at >= coupon.valid_from,
            f"{business_day(coupon.valid_from)} 起可用",
            CouponNotYetUsable(valid_from=coupon.valid_from),
        ),
        Condition(
            "今天可以使用",
            not coupon_validity.unusable_on(batch.unusable, day),
            str(day),
            CouponNotUsableToday(day=day),
        ),
    ]
    if order_fen is not None and batch.min_order_fen:
        fits = order_fen >= batch.min_order_fen
        value = f"本单 {order_fen / 100:g} 元"
        stated.append(Condition(f"满 {least} 元可用", fits, value, OrderTooSmall(yuan=least)))
    return stated


def refuse_unusable(
    coupon: Coupon, batch: CouponBatch, at: datetime, order_fen: int | None = None
) -> None:
    """Let a coupon pass that can be used now.

    Raises CouponLocked, CouponNotUsable, CouponNotYetUsable, CouponNotUsableToday, OrderTooSmall.
    """
    enforce(conditions(coupon, batch, at, order_fen))
