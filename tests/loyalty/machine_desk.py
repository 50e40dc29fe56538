"""The same hall with coupons, orders, staff and the rewards shop in it."""

from datetime import timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import rule
from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty import (
    claims,
    coupon_grants,
    coupon_locks,
    coupon_voids,
    coupons,
    partner_codes,
    redemption_undos,
    redemptions,
    reward_exchanges,
    reward_orders,
    rewards,
    staff,
)
from loyalty.claims import Source
from loyalty.coupon_grants import Audience
from loyalty.coupon_locks import Order
from loyalty.coupon_voids import Target
from loyalty.coupons import Coupon
from loyalty.redemption_undos import By
from loyalty.redemptions import Redemption
from loyalty.reward_exchanges import Wish
from loyalty.reward_orders import Actor, Parcel, Receiver, RewardOrder
from loyalty.rewards import Draft
from tests.loyalty.machine import Ledger, nth, who
from tests.loyalty.people import POLICY, VAULT, offer
from tests.world import NOON

LONG: dict[str, Any] = {"ends_at": NOON + timedelta(days=900)}
LIMEI = Receiver("李梅", "13800138000", "杭州市西湖区文三路 1 号")
which = st.integers(0, 3)


class Desk(Ledger):
    """Every promise of the engine, under every deed it knows."""

    def _prepare(self, session: Session) -> tuple[list[int], list[int]]:
        people = super()._prepare(session)
        self.batches = [
            offer(session, stock=4, per_member=2, per_day=1, **LONG),
            offer(session, stock=6, per_member=3, price_points=5, stacking="joint", **LONG),
            offer(session, stock=8, per_member=8, shards=4, valid_days=3, **LONG),
        ]
        pool = offer(session, stock=0, per_member=2, kind="partner", **LONG)
        codes = [f"PARTNER-{n}" for n in range(3)]
        partner_codes.import_codes(session, pool, codes, NOON, by=people[1][0])
        self.batches.append(pool)
        bonus = session.get_one(coupons.CouponBatch, self.batches[2]).code
        window: dict[str, Any] = {"starts_at": NOON, "ends_at": NOON + timedelta(days=900)}
        cup = Draft("cup", "保温杯", 12, 3, per_member=2, **window)
        ticket = Draft("ticket", "抵用券", 6, 3, kind="coupon", batch=bonus, **window)
        self.rewards = [rewards.save(session, one, NOON, by=None).id for one in (cup, ticket)]
        for openid in ("oClerkOne", "oClerkTwo"):
            staff.appoint(session, openid, "小王", "zhongshan", NOON)
        return people

    @rule(who=who, batch=which)
    def claim(self, who: int, batch: int) -> None:
        member = self.members[who]
        self.do(lambda s: claims.claim(s, self.batches[batch], member, self.at))

    @rule(who=who, batch=which, repeat=st.booleans())
    def give(self, who: int, batch: int, repeat: bool) -> None:
        source, member = Source("gift", self.name()), self.members[who]
        for _ in range(1 + repeat):
            self.do(lambda s: claims.give(s, self.batches[batch], member, self.at, source))

    @rule(n=nth, order=which, hours=st.integers(1, 48), fen=st.sampled_from([500, 9_900]))
    def lock(self, n: int, order: int, hours: int, fen: int) -> None:
        def work(session: Session) -> None:
            coupon = self.coupon(session, n)
            if coupon:
                coupon_locks.lock(
                    session, coupon.id, coupon.member_id, Order(f"order-{order}", fen), self.at,
                    ttl=timedelta(hours=hours),
                )  # fmt: skip

        self.do(work)

    @rule(order=which, end=st.sampled_from(["release", "use", "undo", "sweep"]))
    def settle_order(self, order: int, end: str) -> None:
        name = f"order-{order}"
        deeds: dict[str, Any] = {
            "release": lambda s: coupon_locks.release(s, name, self.at),
            "use": lambda s: coupon_locks.use(s, Order(name, 9_900), self.at),
            "undo": lambda s: redemption_undos.undo_order(s, name, self.at, reason="取消"),
            "sweep": lambda s: coupon_locks.sweep(s, self.at),
        }
        self.do(deeds[end])

    @rule(n=nth, clerk=st.integers(0, 1), repeat=st.booleans())
    def redeem(self, n: int, clerk: int, repeat: bool) -> None:
        def work(session: Session) -> None:
            coupon = self.coupon(session, n)
            if coupon:
                code, _ = redemptions.show_code(VAULT, coupon, self.at)
                by = staff.get(session, ("oClerkOne", "oClerkTwo")[clerk])
                redemptions.redeem(session, VAULT, code, by, self.at)

        for _ in range(1 + repeat):
            self.do(work)

    @rule(n=nth)
    def undo(self, n: int) -> None:
        def work(session: Session) -> None:
            found = self.some(session, Redemption.id, n)
            if found:
                by = By(staff=staff.get(session, "oClerkOne"))
                redemption_undos.undo(session, found, self.at, by=by, reason="扫错", policy=POLICY)

        self.do(work)

    @rule(n=nth, scope=st.sampled_from(["coupon", "batch"]), returns=st.booleans())
    def void(self, n: int, scope: str, returns: bool) -> None:
        def start(session: Session) -> int | None:
            coupon = self.coupon(session, n)
            if coupon is None:
                return None
            number = coupon.id if scope == "coupon" else coupon.batch_id
            return coupon_voids.start(
                session, Target(scope, number), self.at, by=self.operators[0], reason="作废",
                returns_stock=returns,
            ).id  # fmt: skip

        made = self.do(start)
        while isinstance(made, int) and self.do(
            lambda s: coupon_voids.run_page(s, made, self.at, 2)
        ):
            pass

    @rule(batch=which)
    def grant(self, batch: int) -> None:
        audience = Audience(member_ids=tuple(self.members))
        by = self.operators[0]
        made = self.do(
            lambda s: (
                coupon_grants.start(
                    s, self.batches[batch], audience, self.at, by=by, title="补发"
                ).id
            )
        )
        while isinstance(made, int) and self.do(
            lambda s: coupon_grants.run_page(s, made, self.at, 2)
        ):
            pass

    @rule(who=who, reward=st.integers(0, 1), repeat=st.booleans())
    def exchange(self, who: int, reward: int, repeat: bool) -> None:
        receiver = None if reward else LIMEI
        wish = Wish(self.rewards[reward], self.members[who], self.name(), receiver)
        for _ in range(1 + repeat):
            self.do(lambda s: reward_exchanges.exchange(s, VAULT, wish, self.at, POLICY))

    @rule(n=nth, move=st.sampled_from(["ship", "receive", "cancel", "take_back"]))
    def move_order(self, n: int, move: str) -> None:
        def work(session: Session) -> None:
            found = self.some(session, RewardOrder.id, n)
            if not found:
                return
            by, parcel = Actor("operator", self.operators[0], "办理"), Parcel("顺丰", "SF1")
            if move == "ship":
                reward_orders.ship(session, found, parcel, self.at, by=self.operators[0])
            elif move == "receive":
                reward_orders.mark_received(session, found, self.at, by)
            elif move == "cancel":
                reward_orders.cancel(session, found, self.at, by)
            else:
                reward_orders.take_back(session, found, self.at, by)

        self.do(work)

    def coupon(self, session: Session, n: int) -> Coupon | None:
        """The n-th coupon, counted round."""
        found = self.some(session, Coupon.id, n)
        return session.scalar(select(Coupon).where(Coupon.id == found)) if found else None
