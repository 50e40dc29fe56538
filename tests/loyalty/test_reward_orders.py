"""Orders of rewards: shipped, received, cancelled, returned; every move is by law."""

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from kernel.activity import Activity
from kernel.audit import AuditEntry
from kernel.db import Database
from kernel.refusals import Invalid, NotFound
from loyalty import (
    points,
    reward_exchanges,
    reward_lists,
    reward_orders,
)
from loyalty.ledger import PointsLot
from loyalty.notices import Notice
from loyalty.points import Credit
from loyalty.reward_exchanges import RewardLimitReached, Wish
from loyalty.reward_orders import (
    Actor,
    OrderIllegalMove,
    Parcel,
    Receiver,
)
from loyalty.rewards import Reward
from tests.loyalty.desk import hire
from tests.loyalty.people import NEXT_YEAR, VAULT, join
from tests.loyalty.shop import LIMEI, POLICY, buy, rich, show, sound
from tests.world import NOON

YOU = Actor("member", 1)
SF = Parcel("顺丰", "SF1234567890")


def test_points_buy_a_reward_that_is_shipped_and_received(database: Database) -> None:
    def work(session: Session) -> None:
        reward, member, operator = show(session), rich(session), hire(session)
        order = buy(session, reward, member)
        assert (order.state, order.points, order.seq) == ("placed", 10, 1)
        assert points.balance_of(session, member) == 90
        assert [line[0].id for line in reward_lists.to_ship(session)] == [order.id]
        assert reward_orders.open_receiver(session, VAULT, order, NOON, by=operator) == LIMEI
        reward_orders.ship(session, order.id, SF, NOON + timedelta(hours=1), by=operator)
        assert (order.state, order.carrier, order.tracking_no) == ("shipped", *vars(SF).values())
        reward_orders.mark_received(session, order.id, NOON + timedelta(days=2), YOU)
        moves = [event.to_state for event in reward_lists.events_of(session, order.id)]
        assert moves == ["received", "shipped", "placed"]
        assert reward_lists.counts(session) == {"received": 1}
        notice = session.scalars(select(Notice)).one()
        assert (notice.kind, notice.facts["carrier"]) == ("reward.shipped", "顺丰")
        actions = session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)).all()
        assert actions == ["reward.saved", "reward_order.receiver_read", "reward_order.shipped"]
        kinds = select(Activity.kind).where(Activity.kind.like("reward.%")).order_by(Activity.id)
        wanted = ["reward.exchanged", "reward.shipped", "reward.received"]
        assert session.scalars(kinds).all() == wanted
        assert sound(session)

    database.transaction(work)


def test_a_cancelled_order_gives_points_stock_and_the_piece_back(database: Database) -> None:
    def work(session: Session) -> None:
        reward, member = show(session, stock=1), join(session)
        soon = NOON + timedelta(days=3)
        points.earn(session, member, [Credit(6, "soon", "")], NOON, soon)
        points.earn(session, member, [Credit(6, "late", "")], NOON, NEXT_YEAR)
        order = buy(session, reward, member)
        with pytest.raises(RewardLimitReached):
            buy(session, reward, member)
        reward_orders.cancel(session, order.id, NOON, YOU)
        lots = select(PointsLot).order_by(PointsLot.expires_at)
        left = [(lot.expires_at, lot.remaining) for lot in session.scalars(lots)]
        assert left == [(soon, 6), (NEXT_YEAR, 6)]
        assert (order.state, order.seq) == ("cancelled", None)
        assert session.get_one(Reward, reward, populate_existing=True).taken == 0
        with pytest.raises(OrderIllegalMove) as refused:
            reward_orders.cancel(session, order.id, NOON, YOU)
        assert refused.value.facts == {"state": "已取消", "wanted": "已取消"}
        assert buy(session, reward, member).seq == 1
        assert sound(session)

    database.transaction(work)


def test_a_parcel_that_comes_back_is_paid_back_once(sqlite: Database) -> None:
    def work(session: Session) -> None:
        reward, member, operator = show(session), rich(session), hire(session)
        order = buy(session, reward, member)
        with pytest.raises(OrderIllegalMove):
            reward_orders.take_back(session, order.id, NOON, YOU)
        reward_orders.ship(session, order.id, SF, NOON, by=operator)
        with pytest.raises(OrderIllegalMove):
            reward_orders.cancel(session, order.id, NOON, YOU)
        back = Actor("operator", operator, "破损")
        reward_orders.take_back(session, order.id, NOON, back)
        assert points.balance_of(session, member) == 100
        event = reward_lists.events_of(session, order.id)[0]
        assert (event.from_state, event.to_state, event.why) == ("shipped", "returned", "破损")
        assert sound(session)

    sqlite.transaction(work)


@pytest.mark.parametrize(
    "receiver",
    [
        None,
        Receiver("", "13800138000", "杭州市西湖区"),
        Receiver("李" * 21, "13800138000", "杭州市西湖区"),
        Receiver("李\x00梅", "13800138000", "杭州市西湖区"),
        Receiver("李梅", "12345", "杭州市西湖区"),
        Receiver("李梅", "13800138000", "杭州"),
        Receiver("李梅", "13800138000", "杭" * 101),
    ],
)
def test_a_parcel_needs_a_receiver(sqlite: Database, receiver: Receiver | None) -> None:
    def work(session: Session) -> None:
        asked = Wish(show(session), rich(session), "form", receiver)
        reward_exchanges.exchange(session, VAULT, asked, NOON, POLICY)

    with pytest.raises(Invalid):
        sqlite.transaction(work)


def test_the_receiver_is_sealed_and_can_be_forgotten(sqlite: Database) -> None:
    def work(session: Session) -> None:
        member = rich(session)
        order = buy(session, show(session), member)
        assert "李梅" not in (order.receiver_sealed or "李梅")
        assert reward_orders.forget(session, member) == 1
        assert reward_orders.forget(session, member) == 0
        session.refresh(order)
        assert reward_orders.open_receiver(session, VAULT, order, NOON, by=1) is None

    sqlite.transaction(work)


def test_what_was_shipped_long_ago_counts_as_received(database: Database) -> None:
    wait = timedelta(days=POLICY.receive_after_days)

    def work(session: Session) -> None:
        reward, operator = show(session), hire(session)
        orders = [buy(session, reward, rich(session)) for _ in range(3)]
        for order in orders[:2]:
            reward_orders.ship(session, order.id, SF, NOON, by=operator)
        early = NOON + wait - timedelta(microseconds=1)
        assert reward_orders.receive_due(session, early, POLICY) == 0
        assert reward_orders.receive_due(session, NOON + wait, POLICY, limit=1) == 1
        assert reward_orders.receive_due(session, NOON + wait, POLICY) == 1
        assert reward_orders.receive_due(session, NOON + wait, POLICY) == 0
        assert reward_lists.counts(session) == {"received": 2, "placed": 1}
        assert sound(session)

    database.transaction(work)


def test_a_stranger_s_order_is_not_found(sqlite: Database) -> None:
    def work(session: Session) -> None:
        member = rich(session)
        order = buy(session, show(session), member)
        assert reward_lists.get_of_member(session, order.no, member)[0].id == order.id
        with pytest.raises(NotFound):
            reward_lists.get_of_member(session, order.no, rich(session))
        assert reward_lists.find(session, order.no.lower()) is not None
        assert reward_lists.of_member(session, member, before=order.id) == []

    sqlite.transaction(work)


def test_numbers_are_long_and_all_different() -> None:
    numbers = {reward_orders.new_no() for _ in range(1_000)}
    assert len(numbers) == 1_000
    assert {len(number) for number in numbers} == {14}
