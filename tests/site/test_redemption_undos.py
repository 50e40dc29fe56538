"""Redemptions with an order's amount, and undoing what one's own branch took."""

import re

import pytest
from flask import Flask
from sqlalchemy import select

from loyalty import redemptions, staff
from loyalty.coupons import Coupon
from loyalty.redemption_undos import RedemptionUndo
from loyalty.redemptions import Redemption
from tests.site.conftest import Phone, World


def _code(phone: Phone, world: World) -> str:
    phone.post(f"/site/coupon-batches/{world.batch_id('newcomer-10')}/coupons")

    def shown(db: object) -> str:
        coupon = db.scalars(select(Coupon)).one()  # type: ignore[attr-defined]
        return redemptions.show_code(world.vault, coupon, world.clock.at)[0]

    return world.database.read(shown)


def _state(world: World) -> str | None:
    return world.database.read(lambda db: db.scalar(select(Coupon.state)))


def _redeem(alice: Phone, clerk: Phone, world: World, yuan: str = "") -> int:
    clerk.post("/site/redemptions", code=_code(alice, world), yuan=yuan)
    return int(world.database.read(lambda db: db.scalar(select(Redemption.id))) or 0)


def test_the_amount_is_kept_and_the_saving_shown(alice: Phone, clerk: Phone, world: World) -> None:
    done = clerk.post("/site/redemptions", code=_code(alice, world), yuan="５８.5")

    assert "优惠 10 元" in clerk.text(done.location)
    row = world.database.read(lambda db: db.scalars(select(Redemption)).one())
    assert (row.order_fen, row.saved_fen) == (5850, 1000)
    assert "订单 58.5 元" in clerk.text("/site/redemptions/branch")


@pytest.mark.parametrize("yuan", ["abc", "-5", "1.234", "1e3", "99999999", "٣"])
def test_a_wrong_amount_takes_nothing(alice: Phone, clerk: Phone, world: World, yuan: str) -> None:
    answer = clerk.post("/site/redemptions", code=_code(alice, world), yuan=yuan)

    assert answer.status_code == 422
    assert 'id="yuan-error"' in answer.text
    assert "确认核销" in answer.text
    assert _state(world) == "available"


def test_an_order_that_is_too_small_is_asked_about_again(
    alice: Phone, clerk: Phone, world: World
) -> None:
    code = _code(alice, world)
    batch = world.batch_id("newcomer-10")

    def demand(db: object) -> None:
        from loyalty.coupons import CouponBatch

        db.get(CouponBatch, batch).min_order_fen = 3000  # type: ignore[attr-defined]

    world.write(demand)

    answer = clerk.post("/site/redemptions", code=code, yuan="29.99")

    assert answer.status_code == 409
    assert "满 30 元可用" in answer.text
    assert _state(world) == "available"


def test_an_undo_frees_the_coupon_once(alice: Phone, clerk: Phone, world: World) -> None:
    number = _redeem(alice, clerk, world)
    assert _state(world) == "used"

    for _ in range(2):
        clerk.post(f"/site/redemptions/{number}/undos", reason="扫错了券")

    assert "已撤销" in clerk.text("/site/redemptions/branch")
    assert _state(world) == "available"
    assert world.database.read(lambda db: len(db.scalars(select(RedemptionUndo)).all())) == 1
    assert "没有可以撤销的核销" in clerk.text("/site/redemptions/branch")


def test_a_colleague_of_the_branch_may_undo_and_others_not(
    app: Flask, alice: Phone, clerk: Phone, world: World
) -> None:
    number = _redeem(alice, clerk, world)
    at = world.clock.at
    world.write(lambda db: staff.appoint(db, "oFar", "老周", "xihu", at))
    world.write(lambda db: staff.appoint(db, "oNear", "小林", "yuncheng", at))
    far, near = Phone(app.test_client()), Phone(app.test_client())
    far.sign_in("oFar")
    near.sign_in("oNear")

    assert "新会员话费券" not in far.text("/site/redemptions/branch")
    far.post(f"/site/redemptions/{number}/undos", reason="扫错了券")
    assert "只能撤销本营业厅的核销" in far.text("/site/redemptions/branch")
    assert _state(world) == "used"

    assert "新会员话费券" in near.text("/site/redemptions/branch")
    near.post(f"/site/redemptions/{number}/undos", reason="扫错了券")
    assert _state(world) == "available"


def test_after_two_days_it_stands(alice: Phone, clerk: Phone, world: World) -> None:
    number = _redeem(alice, clerk, world)
    world.clock.forward(hours=48)

    assert f"/redemptions/{number}/undos" not in clerk.get("/site/redemptions/branch").text
    clerk.post(f"/site/redemptions/{number}/undos", reason="扫错了券")

    assert "核销超过 48 小时" in clerk.text("/site/redemptions/branch")
    assert _state(world) == "used"


@pytest.mark.parametrize("reason", ["", "   ", "长" * 90])
def test_an_undo_needs_a_reason(alice: Phone, clerk: Phone, world: World, reason: str) -> None:
    number = _redeem(alice, clerk, world)

    clerk.post(f"/site/redemptions/{number}/undos", reason=reason)

    assert "请填写撤销原因" in clerk.text("/site/redemptions/branch")
    assert _state(world) == "used"


def test_members_and_strangers_undo_nothing(
    alice: Phone, bob: Phone, clerk: Phone, world: World
) -> None:
    number = _redeem(alice, clerk, world)

    assert alice.get("/site/redemptions/branch").status_code == 403
    assert bob.post(f"/site/redemptions/{number}/undos", reason="x").status_code == 403
    clerk.post("/site/redemptions/999999/undos", reason="扫错了券")
    assert "没有找到" in clerk.text("/site/redemptions/branch")
    assert _state(world) == "used"
    assert not re.search("撤销这次", alice.text("/site/me"))
