"""Rewards that are not shipped yet when their member is erased or merged."""

import pytest
from sqlalchemy.orm import Session

from kernel.db import Database
from loyalty import erasure, merges, points, reward_lists, reward_orders
from loyalty.merges import Decision, OrdersWaiting
from loyalty.reward_orders import Actor, Parcel
from loyalty.rewards import Reward
from tests.loyalty.books import breaches
from tests.loyalty.desk import hire
from tests.loyalty.people import join
from tests.loyalty.shop import buy, rich, show
from tests.world import NOON

SENT = Parcel("顺丰", "SF1")


def test_an_erased_member_gets_no_parcel_and_keeps_no_points(database: Database) -> None:
    def work(session: Session) -> tuple[int, int]:
        reward, member = show(session), rich(session)
        first, second = buy(session, reward, member), buy(session, show(session), member)
        reward_orders.ship(session, second.id, SENT, NOON, by=hire(session))
        erasure.erase(session, member, NOON)
        assert reward_orders.get(session, first.id).state == "cancelled"
        assert reward_orders.get(session, second.id).state == "shipped"
        assert points.balance_of(session, member) == 0
        last = reward_lists.events_of(session, first.id)[0]
        assert (last.to_state, last.by_kind, last.why) == ("cancelled", "system", "会员注销")
        return reward, member

    reward, _ = database.transaction(work)
    assert database.read(lambda session: session.get_one(Reward, reward).taken) == 0
    assert breaches(database) == {}


def test_a_source_with_a_parcel_to_come_is_not_merged(database: Database) -> None:
    def work(session: Session) -> None:
        source, target, by = rich(session), join(session), hire(session)
        order, decision = buy(session, show(session), source), Decision(source, target, "同一人")
        for act in (
            lambda: merges.preview(session, decision, NOON),
            lambda: merges.merge(session, decision, NOON, by=by),
        ):
            with pytest.raises(OrdersWaiting) as refused:
                act()
            assert refused.value.facts == {"count": 1}
        reward_orders.cancel(session, order.id, NOON, Actor("operator", by))
        merges.merge(session, decision, NOON, by=by)
        assert points.balance_of(session, target) == 100

    database.transaction(work)
    assert breaches(database) == {}


def test_after_a_merge_no_address_stays_with_the_source(sqlite: Database) -> None:
    def work(session: Session) -> None:
        source, target, by = rich(session), join(session), hire(session)
        order = buy(session, show(session), source)
        reward_orders.ship(session, order.id, SENT, NOON, by=by)
        merges.merge(session, Decision(source, target, "同一人"), NOON, by=by)
        session.refresh(order)
        assert order.receiver_sealed is None

    sqlite.transaction(work)
