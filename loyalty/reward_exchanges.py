"""Exchanges: points for a reward, once a request, within stock and limits."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from kernel import activity
from kernel.clock import SHANGHAI
from kernel.db import TryAgain, insert_once
from kernel.idempotency import KeyReused
from kernel.refusals import Invalid, NotFound, Refused
from kernel.vault import Vault
from loyalty import claims, ledger, points, reasons, reward_orders, rewards, rules, tier_ladder
from loyalty.claims import Source
from loyalty.ledger import PointsLot
from loyalty.members import Member, may_act
from loyalty.points import Debit, NotEnoughPoints
from loyalty.policy import Policy
from loyalty.reasons import Condition
from loyalty.reward_orders import Actor, Receiver, RewardOrder
from loyalty.rewards import Reward, RewardNotOpen, RewardOutOfStock

KEY_LENGTH = 64


class RewardLimitReached(Refused):
    """The member has exchanged as many as one may; fact: `per_member`."""

    code = "reward_limit_reached"


@dataclass(frozen=True)
class Wish:
    """What a member asks for; `request_key` is one form's own: sent twice, it buys once."""

    reward_id: int
    member_id: int
    request_key: str
    receiver: Receiver | None = None


def conditions(
    session: Session, reward: Reward, member_id: int, at: datetime, policy: Policy
) -> list[Condition]:
    """Why (not) me: what an exchange is judged by, with the member's own values.

    Raises NotFound for an unknown member.
    """
    del policy  # its numbers bind no exchange yet; callers pass it, as to every deed
    facts = session.execute(
        select(
            Member.state,
            Member.tier_level,
            _worth(at).label("worth"),
            _standing(reward.id).label("standing"),
        ).where(Member.id == member_id)
    ).one_or_none()
    if facts is None:
        raise NotFound
    found = [_open(reward, at), may_act(facts.state)]
    if reward.min_tier:
        found.append(tier_ladder.at_least(session, reward.min_tier, facts.tier_level))
    if reward.rule is not None:
        found += rules.check(session, rules.parse(reward.rule), member_id, at)
    found.append(_within_limit(reward.per_member, facts.standing))
    found.append(_affordable(reward.points_price, int(facts.worth)))
    return [*found, _in_stock(reward)]


def _worth(at: datetime) -> Any:
    left = select(func.sum(PointsLot.remaining)).where(
        PointsLot.member_id == Member.id, PointsLot.remaining > 0, PointsLot.expires_at > at
    )
    return func.coalesce(left.correlate(Member).scalar_subquery(), 0)


def _standing(reward_id: int) -> Any:
    orders = select(func.count(RewardOrder.seq)).where(
        RewardOrder.member_id == Member.id, RewardOrder.reward_id == reward_id
    )
    return orders.correlate(Member).scalar_subquery()


def _open(reward: Reward, at: datetime) -> Condition:
    met = reward.active and reward.starts_at <= at < reward.ends_at
    first, last = (f"{one.astimezone(SHANGHAI):%Y-%m-%d %H:%M}" for one in (
        reward.starts_at, reward.ends_at,
    ))  # fmt: skip
    refusal = RewardNotOpen(starts_at=first, ends_at=last)
    return Condition(f"兑换时间 {first} 至 {last}", met, "可兑换" if met else "不可兑换", refusal)


def _within_limit(per_member: int, standing: int) -> Condition:
    refusal = RewardLimitReached(per_member=per_member)
    return Condition(
        f"每人限兑 {per_member} 件", standing < per_member, f"已兑 {standing} 件", refusal
    )


def _affordable(price: int, worth: int) -> Condition:
    refusal = NotEnoughPoints(balance=worth, price=price)
    return Condition(f"需要 {price} 积分", worth >= price, f"可用 {worth} 积分", refusal)


def _in_stock(reward: Reward) -> Condition:
    left = reward.stock - reward.taken
    return Condition("有库存", left > 0, f"剩余 {left} 件", RewardOutOfStock())


def exchange(
    session: Session, vault: Vault, wish: Wish, at: datetime, policy: Policy
) -> RewardOrder:
    """Exchange points for one piece of a reward; a request that came before gets its order.

    Raises NotFound, Invalid, KeyReused and the refusals of `conditions`; then nothing has changed.
    The member's account comes first and the shared stock row last.
    """
    if not 1 <= len(wish.request_key) <= KEY_LENGTH:
        raise Invalid(field="request_key", reason="请刷新页面后重试")
    if (found := _find(session, wish)) is not None:
        return found
    reward = session.get(Reward, wish.reward_id, populate_existing=True)
    if reward is None:
        raise NotFound
    sealed = _sealed(vault, reward, wish.receiver)
    # An unlocked look spares the crowd that comes too late any write.
    reasons.enforce(conditions(session, reward, wish.member_id, at, policy))
    ledger.hold(session, wish.member_id)  # from here on the member's exchanges pass one by one
    if (found := _find(session, wish)) is not None:
        return found
    return _place(session, reward, wish, at, sealed)


def _find(session: Session, wish: Wish) -> RewardOrder | None:
    found = session.scalar(
        select(RewardOrder).where(
            RewardOrder.member_id == wish.member_id, RewardOrder.request_key == wish.request_key
        )
    )
    if found is not None and found.reward_id != wish.reward_id:
        raise KeyReused
    return found


def _sealed(vault: Vault, reward: Reward, receiver: Receiver | None) -> str | None:
    if reward.kind != "physical":
        return None
    return reward_orders.seal(vault, receiver or Receiver("", "", ""))


def _place(
    session: Session, reward: Reward, wish: Wish, at: datetime, sealed: str | None
) -> RewardOrder:
    seq, no = _free_seq(session, reward, wish.member_id), reward_orders.new_no()
    debit = Debit(reward.points_price, reward_orders.reference_of(no), f"兑换{reward.title}")
    points.spend(session, wish.member_id, debit, at)
    rewards.queue_on_innodb(session, reward.id)
    row = {
        "no": no,
        "reward_id": reward.id,
        "member_id": wish.member_id,
        "seq": seq,
        "request_key": wish.request_key,
        "points": reward.points_price,
        "state": "placed" if reward.kind == "physical" else "received",
        "receiver_sealed": sealed,
        "carrier": None,
        "tracking_no": None,
        "coupon_id": _coupon(session, reward, wish.member_id, no, at),
        "created_at": at,
        "changed_at": at,
    }
    if not insert_once(session, RewardOrder, row, "*"):
        raise TryAgain  # a number that stands, or a merge that brought a rival order
    order = session.scalars(select(RewardOrder).where(RewardOrder.no == no)).one()
    reward_orders.log_event(session, order, None, at, Actor("member", wish.member_id))
    who, price = (None, wish.member_id), reward.points_price
    facts = {"reward_id": reward.id, "order_id": order.id, "points": price}
    activity.record(session, "reward.exchanged", at, who=who, **facts)
    rewards.take_one(session, reward.id)
    return order


def _free_seq(session: Session, reward: Reward, member_id: int) -> int:
    used = set(
        session.scalars(
            select(RewardOrder.seq).where(
                RewardOrder.reward_id == reward.id,
                RewardOrder.member_id == member_id,
                RewardOrder.seq.is_not(None),
            )
        )
    )
    free = (number for number in range(1, reward.per_member + 1) if number not in used)
    seq = next(free, None)
    if seq is None or len(used) >= reward.per_member:
        raise RewardLimitReached(per_member=reward.per_member)
    return seq


def _coupon(session: Session, reward: Reward, member_id: int, no: str, at: datetime) -> int | None:
    if reward.batch_id is None:
        return None
    source = Source("reward", reward_orders.reference_of(no))
    coupon = claims.give(session, reward.batch_id, member_id, at, source)
    if coupon is None:
        raise RewardOutOfStock
    return coupon.id
