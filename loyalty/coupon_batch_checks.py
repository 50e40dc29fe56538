"""What a batch must be to be stored, and what may not be taken back once coupons are out."""

import re
from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from kernel.refusals import Invalid
from loyalty import coupon_stock
from loyalty.coupon_validity import FORMS
from loyalty.coupons import KINDS, Coupon, CouponBatch

if TYPE_CHECKING:
    from loyalty.coupon_batches import Form

CHANNELS = ("site", "chat", "staff", "qr", "operator", "gift", "reward", "grant", "campaign")
STACKING = ("exclusive", "joint")
_CODE = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*", re.ASCII)
_MOST_FEN = 100_000_000


class Rule(NamedTuple):
    """One demand on a form: the field, whether it is met, what to say otherwise."""

    field: str
    met: bool
    reason: str


def check(form: "Form") -> None:
    """Let a sound form pass. Raises Invalid with `field` and `reason`."""
    for rules in (_texts(form), _money(form), _limits(form), _life(form), _eligibility(form)):
        for rule in rules:
            if not rule.met:
                raise Invalid(field=rule.field, reason=rule.reason)


def _texts(form: "Form") -> Iterator[Rule]:
    sound = len(form.code) <= 40 and _CODE.fullmatch(form.code) is not None
    yield Rule("code", sound, "编码只能用小写字母、数字和短横线")
    yield Rule("title", 1 <= len(form.title.strip()) <= 40, "请填写券名（40 字以内）")
    yield Rule("worth", 1 <= len(form.worth.strip()) <= 20, "请填写面值说明（20 字以内）")
    yield Rule("kind", form.kind in KINDS, "没有这种券")
    yield Rule("stacking", form.stacking in STACKING, "请选择能否与其他券同用")


def _money(form: "Form") -> Iterator[Rule]:
    for name in ("amount_fen", "cap_fen", "min_order_fen"):
        yield Rule(name, 0 <= getattr(form, name) <= _MOST_FEN, "金额应在 0 到 100 万元之间")
    yield Rule("percent_off", 0 <= form.percent_off <= 99, "折扣应在 1% 到 99% 之间")
    if form.kind == "bill_credit":
        yield Rule("percent_off", form.percent_off == 0, "话费券只能填金额")
        yield Rule("amount_fen", form.amount_fen > 0, "请填写抵扣金额")
    if form.kind == "discount":
        one = (form.amount_fen > 0) != (form.percent_off > 0)
        yield Rule("amount_fen", one, "立减金额和折扣须填一项，且只填一项")
    capped = form.cap_fen == 0 or form.percent_off > 0
    yield Rule("cap_fen", capped, "只有折扣券需要封顶金额")


def _limits(form: "Form") -> Iterator[Rule]:
    yield Rule("stock", 0 <= form.stock <= coupon_stock.MOST_STOCK, "库存应在 0 到 1000 万之间")
    shards = 1 <= form.shards <= coupon_stock.MOST_SHARDS
    yield Rule("shards", shards, f"分片数应在 1 到 {coupon_stock.MOST_SHARDS} 之间")
    yield Rule("per_member", 1 <= form.per_member <= 10_000_000, "每人限领至少 1 张")
    yield Rule("per_day", 0 <= form.per_day <= form.per_member, "每天限领不能多于每人限领")
    yield Rule("price_points", 0 <= form.price_points <= 10_000_000, "积分价格应为不小于 0 的整数")
    yield Rule("alert_percent", 0 <= form.alert_percent <= 100, "预警比例应在 0 到 100 之间")


def _life(form: "Form") -> Iterator[Rule]:
    yield Rule("ends_at", form.starts_at < form.ends_at, "领取结束须晚于开始")
    yield Rule("validity", form.validity in FORMS, "请选择有效期的算法")
    if form.validity == "fixed":
        first, last = form.fixed_from, form.fixed_until
        sound = first is not None and last is not None and first < last
        yield Rule("fixed_until", sound, "请填写使用的起止时间，且结束晚于开始")
        reaches = last is not None and form.ends_at <= last
        yield Rule("fixed_until", reaches, "使用结束不能早于领取结束")
    if form.validity in {"days", "next_days"}:
        yield Rule("valid_days", 1 <= form.valid_days <= 3650, "有效天数应在 1 到 3650 之间")
    yield Rule("unusable", _is_calendar(form), "不可用日期的写法不对")


def _is_calendar(form: "Form") -> bool:
    weekdays = form.unusable.get("weekdays", [])
    if not set(weekdays) < set(range(7)):
        return False
    try:
        return all(_day(first) <= _day(last) for first, last in form.unusable.get("dates", []))
    except (TypeError, ValueError):
        return False


def _day(written: str) -> str:
    # Compared as text later on, so there is one way to write a day.
    day = date.fromisoformat(written).isoformat()
    if day != written:
        raise ValueError(written)
    return day


def _eligibility(form: "Form") -> Iterator[Rule]:
    yield Rule("min_tier", 0 <= form.min_tier <= 1000, "等级应为不小于 0 的整数")
    yield Rule("needs_tag", len(form.needs_tag) <= 40, "标签编码过长")
    yield Rule("channels", set(form.channels) <= set(CHANNELS), "没有这个发放渠道")
    if form.rule:
        from loyalty import rules  # its vocabulary knows coupons

        rules.parse(form.rule)


def keep_promises(session: Session, batch: CouponBatch, form: "Form") -> None:
    """Let a change pass that takes nothing back from members. Raises Invalid."""
    if batch.code != form.code:
        raise Invalid(field="code", reason="编码不能修改")
    if not batch.issued:
        return
    if batch.kind != form.kind:
        raise Invalid(field="kind", reason="已有会员领取，不能改券种")
    if form.per_member < batch.per_member:
        raise Invalid(field="per_member", reason="已有会员领取，每人限领不能调低")
    # No limit a day is written 0 and is the highest of all.
    if form.per_day and (not batch.per_day or form.per_day < batch.per_day):
        raise Invalid(field="per_day", reason="已有会员领取，每天限领不能调低")
    first, last = session.execute(
        select(func.min(Coupon.claimed_at), func.max(Coupon.claimed_at)).where(
            Coupon.batch_id == batch.id
        )
    ).one()
    if first is not None and not form.starts_at <= first <= last < form.ends_at:
        raise Invalid(field="ends_at", reason="领取时间须包含已领取的券")
