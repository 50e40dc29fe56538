"""The rewards shop: from the window to the parcel, and what strangers may not do."""

import re

import pytest
from sqlalchemy import func, select, update

from loyalty import members, points, reward_lists, reward_orders, rewards
from loyalty.members import Member
from loyalty.reward_orders import Parcel, RewardOrder
from tests.loyalty import desk
from tests.site.conftest import Phone, World

CABLE = "/site/rewards/cable-3m/orders"
BILL = "/site/rewards/bill-10/orders"
FORM = {"name": "张三", "phone": "", "address": "铁路新村 3 栋 501", "key": "k" * 24}


def _alice(world: World) -> int:
    return world.database.read(lambda db: members.get(db, "oAlice").id)


def _balance(world: World) -> int:
    return world.database.read(lambda db: points.balance_of(db, _alice(world)))


def _orders(world: World) -> int:
    count = select(func.count(RewardOrder.id))
    return int(world.database.read(lambda db: db.scalar(count)) or 0)


@pytest.fixture
def rich(alice: Phone, world: World) -> Phone:
    """Alice with a thousand points."""
    world.grant(_alice(world), 1_000)
    return alice


def test_the_window_shows_price_stock_and_tier(alice: Phone) -> None:
    page = alice.text("/site/rewards")

    assert "六类网线 3 米" in page
    assert "剩 200 件" in page
    assert "银卡会员起" in page


def test_who_cannot_have_it_reads_why(alice: Phone) -> None:
    page = alice.text("/site/rewards/router-wifi6")

    assert "为什么不能兑换" in page
    assert "银卡会员及以上" in page
    assert "可用 0 积分" in page
    assert 'name="key"' not in page


def test_a_physical_reward_is_ordered_once(rich: Phone, world: World) -> None:
    first, second = rich.post(CABLE, **FORM), rich.post(CABLE, **FORM)

    assert first.status_code == second.status_code == 302
    assert first.location == second.location
    assert (_orders(world), _balance(world)) == (1, 850)
    page = rich.text(first.location)
    assert "兑换成功" in page
    assert "张三　138****8000" in page
    assert "铁路新村 3 栋 501" in page
    assert "13800138000" not in page
    assert "待发货" in rich.text("/site/reward-orders")


def test_the_proven_phone_goes_on_the_parcel(rich: Phone, world: World) -> None:
    rich.post(CABLE, **FORM)

    order = world.database.read(lambda db: reward_lists.of_member(db, _alice(world))[0][0])
    receiver = reward_orders.receiver_of(world.vault, order)
    assert receiver is not None
    assert receiver.phone == "13800138000"


@pytest.mark.parametrize(
    ("field", "value"),
    [("name", ""), ("name", "长" * 30), ("phone", "123"), ("address", ""), ("address", "短")],
)
def test_a_mistake_is_shown_at_its_field_and_costs_nothing(
    rich: Phone, world: World, field: str, value: str
) -> None:
    answer = rich.post(CABLE, **{**FORM, field: value})

    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text
    assert FORM["key"] in answer.text
    assert (_orders(world), _balance(world)) == (0, 1_000)


def test_a_coupon_is_there_at_once(rich: Phone, world: World) -> None:
    done = rich.post(BILL, key="c" * 24)

    page = rich.text(done.location)
    assert "优惠券已到账" in page
    found = re.search(r"/site/coupons/\d+", page)
    assert found
    assert "code__digits" in rich.text(found[0])
    assert "取消兑换" not in page
    rich.post(f"{done.location}/cancellations")
    assert "不能改为" in rich.text(done.location)
    assert _balance(world) == 500


def test_a_key_that_bought_something_else_is_spent(rich: Phone, world: World) -> None:
    rich.post(CABLE, **FORM)

    other = rich.post(BILL, key=FORM["key"])

    assert other.status_code == 409
    assert "已经提交过" in other.text
    assert FORM["key"] not in other.text
    assert _orders(world) == 1


def test_nobody_has_more_than_he_may(rich: Phone, world: World) -> None:
    for key in "abc":
        last = rich.post(CABLE, **{**FORM, "key": key * 24})

    assert last.status_code == 409
    assert "每人限兑 2 件" in last.text
    assert (_orders(world), _balance(world)) == (2, 700)


def test_who_is_short_of_points_gets_nothing(alice: Phone, world: World) -> None:
    assert "积分不足" in alice.post(CABLE, **FORM).text
    assert _orders(world) == 0


def test_a_blocked_member_gets_nothing(rich: Phone, world: World) -> None:
    world.write(lambda db: db.execute(update(Member).values(state="blocked")))

    assert rich.post(CABLE, **FORM).status_code == 403
    assert _orders(world) == 0


def test_cancelling_brings_points_and_stock_back_once(rich: Phone, world: World) -> None:
    address = rich.post(CABLE, **FORM).location

    rich.post(f"{address}/cancellations")
    assert "积分已退回" in rich.text(address)
    rich.post(f"{address}/cancellations")

    assert "不能改为" in rich.text(address)
    assert _balance(world) == 1_000
    assert "剩 200 件" in rich.text("/site/rewards")


def test_what_is_on_its_way_is_received_not_cancelled(rich: Phone, world: World) -> None:
    address = rich.post(CABLE, **FORM).location
    parcel = Parcel("顺丰速运", "SF123")

    def ship(db: object) -> None:
        order = reward_lists.of_member(db, _alice(world))[0][0]  # type: ignore[arg-type]
        by = desk.hire(db)  # type: ignore[arg-type]
        reward_orders.ship(db, order.id, parcel, world.clock.at, by=by)  # type: ignore[arg-type]

    assert "确认收货" not in rich.text(address)
    rich.post(f"{address}/receipts")
    world.write(ship)

    page = rich.text(address)
    assert "顺丰速运　SF123" in page
    assert "取消兑换" not in page
    assert "您兑换的礼品已发货：顺丰速运 SF123" in rich.text("/site/")
    rich.post(f"{address}/cancellations")
    rich.post(f"{address}/receipts")
    assert "已收货" in rich.text(address)
    assert _balance(world) == 850


def test_a_stranger_s_order_does_not_exist(rich: Phone, bob: Phone, world: World) -> None:
    address = rich.post(CABLE, **FORM).location

    assert bob.get(address).status_code == 404
    assert bob.post(f"{address}/cancellations").status_code == 404
    assert bob.post(f"{address}/receipts").status_code == 404
    assert _balance(world) == 850


@pytest.mark.parametrize("code", ["none", "x" * 300, "1' OR 1=1", "٢"])
def test_a_reward_that_is_none_is_not_found(alice: Phone, code: str) -> None:
    assert alice.get(f"/site/rewards/{code}").status_code == 404
    assert alice.post(f"/site/rewards/{code}/orders", **FORM).status_code == 404


def test_a_reward_taken_out_of_the_window_is_gone(rich: Phone, world: World) -> None:
    world.write(lambda db: setattr(rewards.get_by_code(db, "cable-3m"), "active", False))

    assert "六类网线" not in rich.text("/site/rewards")
    assert rich.post(CABLE, **FORM).status_code == 404


def test_what_people_type_is_never_markup(rich: Phone) -> None:
    form = {**FORM, "name": "<b>x</b>", "address": '"><img src=x onerror=alert(1)>'}
    address = rich.post(CABLE, **form).location

    page = rich.get(address).text
    assert "<b>x" not in page
    assert "<img src=x" not in page
