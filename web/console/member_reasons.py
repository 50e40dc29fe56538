"""Why not this member? What a claim, an exchange or a make-up would be judged by."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from kernel.clock import business_day
from kernel.refusals import NotFound, Refused
from loyalty import coupons, members, rewards, why
from loyalty.claim_conditions import Ask
from loyalty.coupons import CouponBatch
from loyalty.members import Member
from loyalty.policy import Policy
from loyalty.reasons import Condition
from loyalty.rewards import Reward
from web.wiring import wiring

_BATCHES = 60
_DAYS = 8
_ID_DIGITS = 18


@dataclass(frozen=True)
class Asked:
    """What is asked: `coupon:12`, `reward:3` or `make_up:2026-11-20`, in which channel, when."""

    about: str
    channel: str
    at: datetime


@dataclass(frozen=True)
class Found:
    """The answer, and what else could be asked. `conditions` is None while nothing is asked."""

    member: Member
    batches: Sequence[CouponBatch]
    rewards: Sequence[Reward]
    days: Sequence[date]
    title: str = ""
    conditions: Sequence[Condition] | None = None
    refusal: str = ""


def look(session: Session, member_id: int, asked: Asked, policy: Policy) -> Found:
    """The conditions of what is asked, with the member's own values. Raises NotFound."""
    member = members.get_by_id(session, member_id)
    today = business_day(asked.at)
    newest = select(CouponBatch).order_by(CouponBatch.id.desc()).limit(_BATCHES)
    batches, every_reward = session.scalars(newest).all(), rewards.every(session)
    days = [today - timedelta(days=n) for n in range(1, _DAYS)]
    title, conditions, refusal = "", None, ""
    try:
        title, conditions = _judge(session, member_id, asked, policy)
    except NotFound:
        raise
    except Refused as refused:
        conditions, refusal = [], wiring().texts.refuse(refused)
    for condition in conditions or ():
        if not condition.met:
            refusal = wiring().texts.refuse(condition.refusal)
            break
    return Found(member, batches, every_reward, days, title, conditions, refusal)


def _judge(
    session: Session, member_id: int, asked: Asked, policy: Policy
) -> tuple[str, Sequence[Condition] | None]:
    kind, _, key = asked.about.partition(":")
    deed: why.Deed
    if kind == "coupon":
        batch = coupons.get_batch(session, _number(key))
        title, deed = batch.title, why.Claim(batch.id, Ask(channel=asked.channel))
    elif kind == "reward":
        reward = rewards.get(session, _number(key))
        title, deed = reward.title, why.Exchange(reward.id)
    elif kind == "make_up":
        day = _day(key)
        title, deed = f"补签 {day.month}月{day.day}日", why.MakeUp(day)
    elif kind == "check_in":
        title, deed = "今日签到", why.CheckIn()
    else:
        return "", None
    return title, why.explain(session, deed, member_id, asked.at, policy)


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= _ID_DIGITS):
        raise NotFound
    return int(text)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise NotFound from None
