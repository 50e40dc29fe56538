"""Rewards and their orders in the console."""

import pytest

from loyalty import points, rewards
from loyalty.members import Member
from loyalty.rewards import Reward
from tests.console import loyalty_seeds
from tests.console.acts import acts
from tests.console.house import NOON, Browser, House
from tests.loyalty.books import breaches

FORM = {
    "title": "雨伞", "code": "umbrella", "kind": "physical", "points_price": "80", "stock": "5",
    "per_member": "1", "starts_at": "2026-11-22T00:00", "ends_at": "2027-11-22T00:00",
    "active": "yes",
}  # fmt: skip


@pytest.fixture
def order(house: House, wang: Member) -> str:
    """The number of Wang's order of a cable."""
    reward = house.database.transaction(loyalty_seeds.add_reward)
    house.database.transaction(lambda db: loyalty_seeds.give_points(db, wang.id, 500))
    return house.database.transaction(
        lambda db: loyalty_seeds.add_order(db, house.vault, wang.id, reward)
    )


def every(house: House) -> list[Reward]:
    return house.database.read(rewards.every)


def balance(house: House, member: Member) -> int:
    return house.database.read(lambda db: points.balance_of(db, member.id))


def test_a_reward_is_made_and_changed(house: House, owner: Browser) -> None:
    owner.post("/console/rewards", **FORM)
    assert "雨伞" in owner.text("/console/rewards")
    owner.post("/console/rewards/1", **{**FORM, "title": "折叠伞", "points_price": "90"})

    (found,) = every(house)
    assert (found.title, found.points_price) == ("折叠伞", 90)
    assert [act.action for act in acts(house)] == ["reward.saved"] * 2


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("title", ""), ("code", "一二"), ("points_price", "0"), ("stock", "-1"), ("stock", ""),
        ("ends_at", "2026-01-01T00:00"), ("kind", "coupon"), ("rule", "[]"), ("kind", ""),
    ],
)  # fmt: skip
def test_a_fault_comes_back(house: House, owner: Browser, field: str, value: str) -> None:
    answer = owner.post("/console/rewards", **{**FORM, field: value})

    assert answer.status_code == 422
    assert "没有保存" in answer.text
    assert every(house) == []


def test_a_code_is_used_once_and_kept(house: House, owner: Browser) -> None:
    owner.post("/console/rewards", **FORM)

    assert owner.post("/console/rewards", **FORM).status_code == 422
    assert owner.post("/console/rewards/1", **{**FORM, "code": "other"}).status_code == 422
    coupon = {**FORM, "code": "bill", "kind": "coupon", "batch": "no-such"}
    assert owner.post("/console/rewards", **coupon).status_code == 422
    assert len(every(house)) == 1


def test_the_stock_is_never_below_what_is_taken(house: House, owner: Browser, order: str) -> None:
    owner.post("/console/rewards/1/stock", stock="0")
    assert every(house)[0].stock == 20
    owner.post("/console/rewards/1/stock", stock="7")

    assert every(house)[0].stock == 7


def test_the_receiver_is_shown_for_a_reason_and_written_down(
    house: House, owner: Browser, order: str
) -> None:
    path = f"/console/reward-orders/{order}"
    assert "海港街" not in owner.text(path)
    assert owner.post(f"{path}/reveals", reason="").status_code == 422

    page = owner.post(f"{path}/reveals", reason="发货")

    assert "海港街" in page.text
    assert page.headers["Cache-Control"] == "no-store"
    revealed = next(act for act in acts(house) if act.action == "reward_order.revealed")
    assert (revealed.login, revealed.details) == ("owner", {"reason": "发货"})


def test_who_only_reads_does_not_see_the_receiver(house: House, order: str) -> None:
    marketer = house.enter("marketer")

    assert "查看收件人" not in marketer.text(f"/console/reward-orders/{order}")
    answer = marketer.post(f"/console/reward-orders/{order}/reveals", reason="发货")
    assert answer.status_code == 403


def test_an_order_is_shipped_once(house: House, owner: Browser, order: str) -> None:
    path = f"/console/reward-orders/{order}"
    assert "1 件礼品等待发货" in owner.text("/console/")

    owner.post(f"{path}/shipments", carrier="", tracking_no="SF1")
    assert "待发货" in owner.text(path)
    for _ in range(2):
        owner.post(f"{path}/shipments", carrier="顺丰速运", tracking_no="SF1")

    page = owner.text(path)
    assert "SF1" in page
    assert "refused: order_illegal_move" in page
    assert breaches(house.database, NOON) == {}


def test_a_cancelled_order_gives_the_points_back(
    house: House, owner: Browser, wang: Member, order: str
) -> None:
    path = f"/console/reward-orders/{order}"
    assert balance(house, wang) == 350

    owner.post(f"{path}/cancellations", why=" ")
    assert balance(house, wang) == 350
    for _ in range(2):
        owner.post(f"{path}/cancellations", why="缺货")

    assert balance(house, wang) == 500
    assert "缺货" in owner.text(path)
    assert breaches(house.database, NOON) == {}


def test_a_parcel_that_came_back(house: House, owner: Browser, wang: Member, order: str) -> None:
    path = f"/console/reward-orders/{order}"
    owner.post(f"{path}/returns", why="拒收")
    assert balance(house, wang) == 350, "it was never shipped"
    owner.post(f"{path}/shipments", carrier="顺丰速运", tracking_no="SF1")

    owner.post(f"{path}/returns", why="拒收")

    assert balance(house, wang) == 500
    assert breaches(house.database, NOON) == {}


@pytest.mark.parametrize("no", ["NOTHING", "a" * 300, "%00"])
def test_an_order_that_is_none(owner: Browser, no: str) -> None:
    assert owner.get(f"/console/reward-orders/{no}").status_code == 404
