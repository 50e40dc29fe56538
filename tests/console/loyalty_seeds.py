"""Rows of the loyalty engine for the tests of the console: one of each thing."""

from datetime import date, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from kernel.operators import Operator
from kernel.vault import Vault
from loyalty import (
    checkin_programmes,
    claims,
    coupon_batches,
    coupon_grants,
    coupon_voids,
    earn_rule_definitions,
    member_imports,
    points,
    points_adjustments,
    profiles,
    reward_exchanges,
    rewards,
    segments,
    tag_definitions,
    tags,
    tiers,
)
from loyalty.checkin_programmes import NewProgramme
from loyalty.coupon_grants import Audience
from loyalty.coupon_voids import Target
from loyalty.points import Credit
from loyalty.points_adjustments import Wish
from loyalty.policy import Policy
from loyalty.reward_exchanges import Wish as OrderWish
from loyalty.reward_orders import Receiver
from tests.console.house import NOON

RULES: dict[str, Any] = {"base": 5, "step": 1, "step_cap": 10, "cycle": "month"}
LATER = NOON + timedelta(days=400)
RICH = {"field": "points.balance", "op": ">=", "value": 100}


def operator_of(session: Session, role: str) -> int:
    """The number of the operator with that role."""
    return session.scalars(select(Operator.id).where(Operator.login == role)).one()


def add_batch(session: Session, code: str = "bill-10", **terms: Any) -> int:
    """A batch that is open now."""
    plain: dict[str, Any] = {
        "code": code,
        "title": "话费抵用券",
        "kind": "bill_credit",
        "worth": "10 元",
        "terms": "每次限用一张",
        "amount_fen": 1000,
        "stock": 100,
        "valid_days": 30,
        "starts_at": NOON - timedelta(days=1),
        "ends_at": NOON + timedelta(days=30),
    }
    form = coupon_batches.Form(**plain | terms)
    return coupon_batches.create(session, form, NOON, state="open").id


def add_reward(session: Session, code: str = "cable", **terms: Any) -> int:
    """A physical reward that can be had now."""
    plain: dict[str, Any] = {
        "code": code,
        "title": "六类网线 3 米",
        "points_price": 150,
        "stock": 20,
        "starts_at": NOON - timedelta(days=1),
        "ends_at": NOON + timedelta(days=30),
    }
    return rewards.save(session, rewards.Draft(**plain | terms), NOON, by=None).id


def give_points(session: Session, member_id: int, amount: int, reference: str = "gift:1") -> int:
    """The number of the entry of so many points."""
    points.earn(session, member_id, [Credit(amount, reference, "活动赠送")], NOON, LATER)
    return max(entry.id for entry in points.entries_of(session, member_id))


def add_order(session: Session, vault: Vault, member_id: int, reward_id: int) -> str:
    """The number of an order of the reward by the member, who can pay."""
    receiver = Receiver("王芳", "13800000001", "中山区海港街 18 号")
    wish = OrderWish(reward_id, member_id, f"key-{member_id}-{reward_id}", receiver)
    return reward_exchanges.exchange(session, vault, wish, NOON, Policy()).no


def propose(session: Session, member_id: int, delta: int = 5000, key: str = "k1") -> int:
    """The number of an adjustment by the operations person that waits for a second one."""
    wish = Wish(member_id, delta, "停机补偿", key)
    by = operator_of(session, "operations")
    return points_adjustments.propose(session, wish, by, NOON, Policy()).id


def add_programme(session: Session) -> None:
    """The rules of check-ins."""
    new = NewProgramme("checkin-2026", "每日签到", date(2026, 1, 1), RULES)
    checkin_programmes.publish(session, new, NOON)


def add_words(session: Session) -> None:
    """A tier, an earn rule, a tag by hand and one by rule, a segment, a profile field."""
    tiers.define(session, tiers.Draft(1, "silver", "银卡会员", 500, 110), NOON, by=None)
    earn = earn_rule_definitions.Draft("bill", "缴费送积分", 1, NOON, LATER, per_units=100)
    earn_rule_definitions.define(session, earn, NOON, by=None)
    tag_definitions.define(session, tag_definitions.Draft("vip", "专属客服"), NOON, by=None)
    rich = tag_definitions.Draft("rich", "高积分", RICH)
    tag_definitions.define(session, rich, NOON, by=None)
    segments.save(session, segments.Draft("rich", "积分满百", RICH), NOON, by=None)
    question = profiles.Question("estate", "小区", "text")
    profiles.define(session, question, NOON, by=None)


def furnish(session: Session, vault: Vault, member_id: int) -> dict[str, str]:
    """One of each thing, and what to put into the paths of its pages."""
    by = operator_of(session, "operations")
    add_programme(session)
    add_words(session)
    batch_id, reward_id = add_batch(session), add_reward(session)
    entry_id = give_points(session, member_id, 500)
    order = add_order(session, vault, member_id, reward_id)
    audience = Audience(member_ids=(member_id,))
    grant = coupon_grants.start(session, batch_id, audience, NOON, by=by, title="补偿")
    void = coupon_voids.start(session, Target("batch", batch_id), NOON, by=by, reason="发错")
    coupon_batches.move(session, batch_id, "open", NOON)
    file = member_imports.File("0" * 64, "members.csv")
    imported = member_imports.start(session, file, NOON, by=by)
    return {
        "batch_id": str(batch_id),
        "reward_id": str(reward_id),
        "entry_id": str(entry_id),
        "no": order,
        "grant_id": str(grant.id),
        "void_id": str(void.id),
        "import_id": str(imported.id),
        "adjustment_id": str(propose(session, member_id)),
        "level": "1",
    }


def add_more(session: Session, vault: Vault, member_id: int) -> None:
    """One more of each thing, named after the member, so that lists grow."""
    by, n = operator_of(session, "operations"), member_id
    batch_id = add_batch(session, f"batch-{n}", rule=RICH)
    reward_id = add_reward(session, f"reward-{n}")
    give_points(session, member_id, 500, f"gift:{n}")
    claims.claim(session, 1, member_id, NOON)
    add_order(session, vault, member_id, reward_id)
    audience = Audience(member_ids=(member_id,))
    grant = coupon_grants.start(session, 1, audience, NOON, by=by, title="补偿")
    coupon_grants.run_page(session, grant.id, NOON)
    target = Target("coupon", member_id)
    coupon_voids.start(session, target, NOON, by=by, reason="发错")
    propose(session, member_id, key=f"key-{n}")
    words = tag_definitions.Draft(f"rule-{n}", "规则", RICH)
    tag_definitions.define(session, words, NOON, by=by)
    hand = tag_definitions.Draft(f"hand-{n}", "手工")
    tag_definitions.define(session, hand, NOON, by=by)
    tags.put(session, member_id, f"hand-{n}", NOON, by=by)
    segments.save(session, segments.Draft(f"s-{n}", "人群", RICH), NOON, by=by)
    profiles.define(session, profiles.Question(f"f{n}", "资料", "text"), NOON, by=by)
    tiers.define(session, tiers.Draft(n, f"tier-{n}", "等级", 10_000 * n), NOON, by=by)
    assert batch_id
