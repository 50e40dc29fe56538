"""The rewards shop: points for things, exactly once, within window, limit and stock."""

from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event, select
from sqlalchemy.orm import Session

from kernel.db import Database
from kernel.idempotency import KeyReused
from kernel.refusals import Invalid, NotFound, Refused
from loyalty import (
    points,
    reasons,
    reward_exchanges,
    reward_orders,
    rewards,
)
from loyalty.coupons import Coupon, CouponBatch
from loyalty.members import Member, MemberBlocked
from loyalty.points import Credit, NotEnoughPoints
from loyalty.reward_orders import (
    Actor,
    OrderIllegalMove,
    Parcel,
    RewardOrder,
)
from loyalty.rewards import Draft, RewardNotOpen, RewardOutOfStock
from loyalty.rules import RuleInvalid, RuleNotMet
from loyalty.tier_ladder import TierTooLow
from tests.loyalty.ladder import raise_ladder
from tests.loyalty.people import VAULT, join, offer
from tests.loyalty.shop import POLICY, buy, rich, show, sound, wish
from tests.world import NOON

YOU = Actor("member", 1)
SF = Parcel("顺丰", "SF1234567890")


def test_a_request_that_comes_twice_buys_once(database: Database) -> None:
    def prepare(session: Session) -> tuple[int, int, int]:
        return show(session, per_member=3), show(session), rich(session)

    reward, other, member = database.transaction(prepare)
    first = database.transaction(lambda session: buy(session, reward, member, "form").no)
    assert database.transaction(lambda session: buy(session, reward, member, "form").no) == first
    with pytest.raises(KeyReused):
        database.transaction(lambda session: buy(session, other, member, "form"))
    assert database.read(lambda session: points.balance_of(session, member)) == 90
    # Another member's form of that name is another form.
    stranger = database.transaction(rich)
    assert database.transaction(lambda session: buy(session, reward, stranger, "form").no) != first


def test_a_coupon_is_there_at_once_and_stays(database: Database) -> None:
    def work(session: Session) -> int:
        batch = session.get_one(CouponBatch, offer(session, stock=1))
        reward = show(session, kind="coupon", batch=batch.code)
        member = rich(session)
        order = buy(session, reward, member)
        coupon = session.scalars(select(Coupon)).one()
        assert (order.state, order.coupon_id) == ("received", coupon.id)
        assert (coupon.member_id, coupon.source) == (member, "reward")
        assert order.receiver_sealed is None
        with pytest.raises(OrderIllegalMove):
            reward_orders.take_back(session, order.id, NOON, YOU)
        assert sound(session)
        return reward

    reward = database.transaction(work)
    late = database.transaction(rich)
    with pytest.raises(RewardOutOfStock):  # of the batch, though not of the reward
        database.transaction(lambda session: buy(session, reward, late))
    assert database.read(lambda session: points.balance_of(session, late)) == 100
    assert database.transaction(sound)


def test_why_not_me_is_what_an_exchange_refuses_by(database: Database) -> None:
    rule = {"field": "check_ins.count", "days": 30, "op": ">=", "value": 1}

    def work(session: Session) -> None:
        raise_ladder(session)
        reward = rewards.get(session, show(session, stock=0, price=200, min_tier=1, rule=rule))
        member = rich(session)
        found = reward_exchanges.conditions(session, reward, member, NOON, POLICY)
        assert [(one.title, one.met, one.value) for one in found][1:] == [
            ("会员状态正常", True, "正常"),
            ("银卡及以上", False, "普通会员"),
            ("近 30 天签到不少于 1 天", False, "0 天"),
            ("每人限兑 1 件", True, "已兑 0 件"),
            ("需要 200 积分", False, "可用 100 积分"),
            ("有库存", False, "剩余 0 件"),
        ]
        wanted = [TierTooLow, RuleNotMet, NotEnoughPoints, RewardOutOfStock]
        assert [type(one.refusal) for one in found if not one.met] == wanted
        with pytest.raises(TierTooLow):
            reasons.enforce(found)
        with pytest.raises(TierTooLow):
            buy(session, reward.id, member)
        with pytest.raises(NotFound):
            reward_exchanges.conditions(session, reward, member + 1, NOON, POLICY)

    database.transaction(work)


def test_who_comes_too_late_costs_no_write(database: Database) -> None:
    def prepare(session: Session) -> tuple[int, int]:
        reward = show(session, stock=1)
        buy(session, reward, rich(session))
        return reward, rich(session)

    reward, late = database.transaction(prepare)
    with pytest.raises(RewardOutOfStock):
        database.read(lambda session: buy(session, reward, late))


def test_an_exchange_is_a_counted_number_of_statements(sqlite: Database) -> None:
    reward, member = sqlite.transaction(lambda session: (show(session), rich(session)))
    sent: list[str] = []

    def note(_c: object, _k: object, statement: str, *_rest: object) -> None:
        sent.append(statement.split(maxsplit=1)[0])

    event.listen(sqlite.engine, "before_cursor_execute", note)
    try:
        sqlite.transaction(lambda session: buy(session, reward, member))
    finally:
        event.remove(sqlite.engine, "before_cursor_execute", note)
    writes = Counter(sent)
    assert (writes["INSERT"], writes["UPDATE"]) == (5, 3)
    assert writes["SELECT"] <= 11


@pytest.mark.parametrize(
    ("at", "refusal"),
    [
        (NOON - timedelta(days=1, microseconds=1), RewardNotOpen),
        (NOON - timedelta(days=1), None),
        (NOON + timedelta(days=7) - timedelta(microseconds=1), None),
        (NOON + timedelta(days=7), RewardNotOpen),
    ],
)
def test_the_window_of_a_reward_is_half_open(
    sqlite: Database, at: datetime, refusal: type[Refused] | None
) -> None:
    def work(session: Session) -> RewardOrder:
        asked = wish(show(session), rich(session))
        return reward_exchanges.exchange(session, VAULT, asked, at, POLICY)

    if refusal is None:
        assert sqlite.transaction(work).state == "placed"
        return
    with pytest.raises(refusal):
        sqlite.transaction(work)


def test_points_past_their_date_buy_nothing(sqlite: Database) -> None:
    def work(session: Session, later: datetime) -> RewardOrder:
        reward, member = show(session), join(session)
        gone = NOON + timedelta(days=1)
        points.earn(session, member, [Credit(10, f"gone:{member}", "")], NOON, gone)
        return reward_exchanges.exchange(session, VAULT, wish(reward, member), later, POLICY)

    before = NOON + timedelta(days=1, microseconds=-1)
    assert sqlite.transaction(lambda session: work(session, before)).state == "placed"
    with pytest.raises(NotEnoughPoints):
        sqlite.transaction(lambda session: work(session, NOON + timedelta(days=1)))


def test_a_blocked_member_exchanges_nothing(sqlite: Database) -> None:
    def work(session: Session) -> None:
        reward, member = show(session), rich(session)
        session.get_one(Member, member).state = "blocked"
        session.flush()
        with pytest.raises(MemberBlocked):
            buy(session, reward, member)

    sqlite.transaction(work)


def test_the_stock_is_raised_and_never_lowered_below_what_is_taken(database: Database) -> None:
    def work(session: Session) -> None:
        reward = show(session, stock=2)
        buy(session, reward, rich(session))
        buy(session, reward, rich(session))
        with pytest.raises(RewardOutOfStock):
            buy(session, reward, rich(session))
        with pytest.raises(Invalid):
            rewards.restock(session, reward, 1, NOON, by=None)
        rewards.restock(session, reward, 3, NOON, by=None)
        buy(session, reward, rich(session))
        assert rewards.get(session, reward).stock == 3
        with pytest.raises(NotFound):
            rewards.restock(session, reward + 1, 3, NOON, by=None)

    database.transaction(work)


def test_a_change_keeps_what_orders_rest_on(sqlite: Database) -> None:
    window: dict[str, Any] = {"starts_at": NOON, "ends_at": NOON + timedelta(days=1)}

    def work(session: Session) -> None:
        made = rewards.save(
            session, Draft("cup", "杯", 10, 5, per_member=2, **window), NOON, by=None
        )
        buy(session, made.id, rich(session))
        changed = rewards.save(
            session, Draft("cup", "好杯", 20, 4, per_member=2, **window), NOON, by=None
        )
        assert (changed.title, changed.points_price, changed.stock) == ("好杯", 20, 4)
        assert changed.taken == 1
        for draft, field in (
            (Draft("cup", "杯", 10, 0, per_member=2, **window), "stock"),
            (Draft("cup", "杯", 10, 5, per_member=1, **window), "per_member"),
        ):
            with pytest.raises(Invalid) as refused:
                rewards.save(session, draft, NOON, by=None)
            assert refused.value.facts["field"] == field
        assert [one.code for one in rewards.open_at(session, NOON)] == ["cup"]
        assert rewards.open_at(session, NOON + timedelta(days=1)) == []

    sqlite.transaction(work)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"code": "A"}, "code"),
        ({"title": ""}, "title"),
        ({"points_price": 0}, "points_price"),
        ({"stock": -1}, "stock"),
        ({"per_member": 0}, "per_member"),
        ({"kind": "cash"}, "kind"),
        ({"kind": "coupon"}, "batch"),
        ({"batch": "x"}, "batch"),
        ({"ends_at": NOON}, "ends_at"),
        ({"picture": "x" * 121}, "picture"),
    ],
)
def test_a_faulty_reward_is_refused(sqlite: Database, change: dict[str, Any], field: str) -> None:
    sane = {
        "code": "cup", "title": "杯", "points_price": 10, "stock": 5,
        "starts_at": NOON, "ends_at": NOON + timedelta(days=1),
    }  # fmt: skip
    with pytest.raises(Invalid) as refused:
        sqlite.transaction(
            lambda session: rewards.save(session, Draft(**{**sane, **change}), NOON, by=None)
        )
    assert refused.value.facts["field"] == field
    with pytest.raises(RuleInvalid):
        sqlite.transaction(
            lambda session: rewards.save(session, Draft(**sane, rule={}), NOON, by=None)  # type: ignore[arg-type]
        )
