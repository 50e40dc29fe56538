"""Who may claim a coupon of a batch: the conditions, one list for refusing and for explaining."""

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy.orm import Session

from kernel.clock import SHANGHAI
from kernel.refusals import NotFound, Refused
from loyalty import tags, tier_ladder
from loyalty.claim_facts import Facts, left_of
from loyalty.coupons import is_given_in
from loyalty.members import may_act
from loyalty.points import NotEnoughPoints
from loyalty.reasons import Condition
from loyalty.tier_ladder import TierTooLow


class OutOfStock(Refused):
    """Every coupon of the batch has been claimed."""

    code = "out_of_stock"


class ClaimLimitReached(Refused):
    """The member has claimed as many as one may; fact: `per_member`."""

    code = "claim_limit_reached"


class DailyClaimLimitReached(Refused):
    """The member has claimed as many as one may on one day; fact: `per_day`."""

    code = "daily_claim_limit_reached"


class NotClaimable(Refused):
    """It is not the time of the batch; facts: `starts_at`, `ends_at`."""

    code = "not_claimable"


class BatchNotOpen(Refused):
    """The batch is a draft, paused or closed; fact: `state`."""

    code = "coupon_batch_not_open"


class WrongChannel(Refused):
    """The batch is not given out in this channel; fact: `channel`."""

    code = "coupon_wrong_channel"


class PhraseWrong(Refused):
    """The batch has a pass-phrase, and this is not it."""

    code = "coupon_phrase_wrong"


class CouponTagMissing(Refused):
    """The batch is for members with a tag that this one has not; fact: `tag`."""

    code = "coupon_tag_missing"


@dataclass(frozen=True)
class Ask:
    """How a member asks: in which channel, with which pass-phrase (as `phrases.digest` has it)."""

    channel: str = "site"
    phrase_digest: str = ""


class Case(NamedTuple):
    """One claim to judge."""

    session: Session
    facts: Facts
    member_id: int
    at: datetime
    ask: Ask


@dataclass(frozen=True)
class Check:
    """One condition: the question, which is cheap, and the words, asked for only where needed."""

    met: Callable[[Case], bool]
    shown: Callable[[Case, bool], Condition]


def enforce(case: Case) -> None:
    """Raise the refusal of the first condition that is not met."""
    for check in CHECKS:
        if not check.met(case):
            raise check.shown(case, False).refusal
    for condition in _of_rule(case):
        if not condition.met:
            raise condition.refusal
    if case.facts.shard is None:
        raise OutOfStock


def is_givable(case: Case) -> bool:
    """Whether a coupon can be given: no condition of the member's own counts but being active."""
    return all(check.met(case) for check in CHECKS[:3]) and case.facts.shard is not None


def explain(case: Case) -> list[Condition]:
    """Every condition with the member's own value; what does not apply is left out."""
    stated = [check.shown(case, check.met(case)) for check in CHECKS]
    left = left_of(case.session, case.facts.batch_id)
    stock = Condition("券有剩余", left > 0, f"剩余 {left} 张", OutOfStock())
    return [found for found in (*stated, *_of_rule(case), stock) if found.title]


def _of_rule(case: Case) -> list[Condition]:
    if not case.facts.rule:
        return []
    from loyalty import rules  # its vocabulary knows coupons

    rule = rules.parse(case.facts.rule)
    return rules.check(case.session, rule, case.member_id, case.at)


def _written(at: datetime) -> str:
    return f"{at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}"


def _is_open(case: Case) -> bool:
    return case.facts.state == "open"


def _show_open(case: Case, met: bool) -> Condition:
    state = case.facts.state
    refusal: Refused = NotFound() if state == "draft" else BatchNotOpen(state=state)
    return Condition("券正在发放", met, "发放中" if met else "未发放", refusal)


def _is_in_time(case: Case) -> bool:
    facts = case.facts
    if not facts.starts_at <= case.at < facts.ends_at:
        return False
    return facts.fixed_until is None or facts.validity != "fixed" or case.at < facts.fixed_until


def _show_time(case: Case, met: bool) -> Condition:
    starts_at, ends_at = case.facts.starts_at, case.facts.ends_at
    title = f"领取时间 {_written(starts_at)} 至 {_written(ends_at)}"
    refusal = NotClaimable(starts_at=starts_at, ends_at=ends_at)
    return Condition(title, met, f"现在 {_written(case.at)}", refusal)


def _is_active(case: Case) -> bool:
    return case.facts.member_state == "active"


def _show_active(case: Case, met: bool) -> Condition:
    del met  # the state says it
    state = case.facts.member_state
    assert state is not None, "there are no facts without the member"
    return may_act(state)


def _is_given_here(case: Case) -> bool:
    return is_given_in(case.facts.channels, case.ask.channel)


def _show_channel(case: Case, met: bool) -> Condition:
    title = "在指定渠道领取" if case.facts.channels else ""
    value = "可领取" if met else "此处不发放"
    return Condition(title, met, value, WrongChannel(channel=case.ask.channel))


def _knows_phrase(case: Case) -> bool:
    wanted = case.facts.phrase_digest
    return not wanted or hmac.compare_digest(wanted, case.ask.phrase_digest)


def _show_phrase(case: Case, met: bool) -> Condition:
    title = "凭口令领取" if case.facts.phrase_digest else ""
    return Condition(title, met, "口令正确" if met else "口令不对", PhraseWrong())


def _is_of_tier(case: Case) -> bool:
    return case.facts.tier >= case.facts.min_tier


def _show_tier(case: Case, met: bool) -> Condition:
    wanted = case.facts.min_tier
    if not wanted:
        return Condition("", met, "", TierTooLow())  # everybody's: no name to look up
    return tier_ladder.at_least(case.session, wanted, case.facts.tier)


def _has_tag(case: Case) -> bool:
    wanted = case.facts.needs_tag
    return not wanted or any(
        tag.code == wanted for tag, _ in tags.of_member(case.session, case.member_id)
    )


def _show_tag(case: Case, met: bool) -> Condition:
    wanted = case.facts.needs_tag
    if not wanted:
        return Condition("", met, "", CouponTagMissing(tag=wanted))
    name = tags.name_of(case.session, wanted)
    return Condition(f"限“{name}”领取", met, "是" if met else "否", CouponTagMissing(tag=name))


def _may_have_more(case: Case) -> bool:
    return case.facts.held < case.facts.per_member


def _show_limit(case: Case, met: bool) -> Condition:
    limit, held = case.facts.per_member, case.facts.held
    return Condition(
        f"每人限领 {limit} 张", met, f"已领 {held} 张", ClaimLimitReached(per_member=limit)
    )


def _may_have_more_today(case: Case) -> bool:
    return not case.facts.per_day or case.facts.held_today < case.facts.per_day


def _show_day_limit(case: Case, met: bool) -> Condition:
    limit, held = case.facts.per_day, case.facts.held_today
    title = f"每人每天限领 {limit} 张" if limit else ""
    return Condition(title, met, f"今天已领 {held} 张", DailyClaimLimitReached(per_day=limit))


def _can_pay(case: Case) -> bool:
    return case.facts.balance >= case.facts.price_points


def _show_price(case: Case, met: bool) -> Condition:
    price, balance = case.facts.price_points, case.facts.balance
    title = f"需要 {price} 积分" if price else ""
    refusal = NotEnoughPoints(balance=balance, price=price)
    return Condition(title, met, f"当前 {balance} 积分", refusal)


# In the order in which a person would want to hear of them; the stock, which is last, is taken.
CHECKS = (
    Check(_is_open, _show_open),
    Check(_is_in_time, _show_time),
    Check(_is_active, _show_active),
    Check(_is_given_here, _show_channel),
    Check(_knows_phrase, _show_phrase),
    Check(_is_of_tier, _show_tier),
    Check(_has_tag, _show_tag),
    Check(_may_have_more, _show_limit),
    Check(_may_have_more_today, _show_day_limit),
    Check(_can_pay, _show_price),
)
