"""The names of what a timeline only numbers: batches, tags, rewards."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import InstrumentedAttribute, Session

from loyalty.coupons import Coupon, CouponBatch
from loyalty.reward_orders import RewardOrder
from loyalty.rewards import Reward
from loyalty.tags import Tag
from loyalty.tier_ladder import GROUND_NAME, Tier
from loyalty.timeline import TimelinePage


@dataclass(frozen=True)
class Names:
    """Names by number; what is unknown has none."""

    batches: dict[int, str]
    coupons: dict[int, str]
    tags: dict[int, str]
    orders: dict[int, str]
    tiers: dict[int, str]


def of_page(session: Session, page: TimelinePage) -> Names:
    """The names of everything on the page, in five statements."""
    coupon_batch = select(Coupon.id, CouponBatch.title).join(
        CouponBatch, CouponBatch.id == Coupon.batch_id
    )
    order_reward = select(RewardOrder.id, Reward.title).join(
        Reward, Reward.id == RewardOrder.reward_id
    )
    levels = [*_ids(page, "to"), *_ids(page, "from")]
    return Names(
        batches=_named(session, CouponBatch.id, CouponBatch.title, _ids(page, "batch_id")),
        coupons=dict(
            session.execute(coupon_batch.where(Coupon.id.in_(_ids(page, "coupon_id")))).all()
        ),
        tags=_named(session, Tag.id, Tag.name, _ids(page, "tag_id")),
        orders=dict(
            session.execute(order_reward.where(RewardOrder.id.in_(_ids(page, "order_id")))).all()
        ),
        tiers={0: GROUND_NAME, **_named(session, Tier.level, Tier.name, levels)},
    )


def _named(
    session: Session,
    key: InstrumentedAttribute[int],
    name: InstrumentedAttribute[str],
    ids: Iterable[int],
) -> dict[int, str]:
    return dict(session.execute(select(key, name).where(key.in_(ids))).all())


def _ids(page: TimelinePage, fact: str) -> list[int]:
    found = {event.facts.get(fact) for event in page.events}
    return sorted(one for one in found if isinstance(one, int))
