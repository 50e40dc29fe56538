"""Coupons from the claim to the counter."""

import re

import pytest
from flask import Flask

from loyalty import coupon_stock, coupons, members
from loyalty.coupons import Coupon
from loyalty.redemptions import STEP_SECONDS
from tests.site.conftest import BASE_URL, Phone, World


def _claim(phone: Phone, world: World, batch: str = "newcomer-10") -> str:
    """Claim, and the address of the coupon's page."""
    phone.post(f"/site/coupon-batches/{world.batch_id(batch)}/coupons")
    page = phone.text("/site/coupons/mine")
    found = re.search(r"/site/coupons/\d+", page)
    assert found, page
    return found[0]


def _shown(phone: Phone, address: str) -> str:
    found = re.search(r"(\d+-\d{6})</p>", phone.text(address))
    assert found
    return found[1]


def test_a_coupon_is_claimed_once(alice: Phone, world: World) -> None:
    assert "剩余 5,000 张" in alice.text("/site/coupons")

    _claim(alice, world)
    alice.post(f"/site/coupon-batches/{world.batch_id('newcomer-10')}/coupons")

    page = alice.text("/site/coupons")
    assert "每人限领 1 张，您已领取" in page
    assert "剩余 4,999 张" in page


def test_the_last_one_is_gone(alice: Phone, world: World) -> None:
    cable = world.batch_id("gift-cable")
    world.write(lambda db: coupon_stock.resize(db, coupon_stock.hold(db, cable), 0, 1))

    assert "已领完" in alice.text("/site/coupons")
    alice.post(f"/site/coupon-batches/{world.batch_id('gift-cable')}/coupons")

    assert "优惠券已领完" in alice.text("/site/coupons")


@pytest.mark.parametrize("path", ["0", "999999", "9007199254740992", "-1", "1e3", "x"])
def test_a_batch_that_is_none_gives_nothing(alice: Phone, world: World, path: str) -> None:
    alice.post(f"/site/coupon-batches/{path}/coupons")

    count = world.database.read(lambda db: db.query(Coupon).count())
    assert count == 0


def test_the_code_turns_and_carries_the_address_of_the_counter(alice: Phone, world: World) -> None:
    address = _claim(alice, world)
    first = _shown(alice, address)
    assert "<svg" in alice.get(address).text

    world.clock.forward(seconds=STEP_SECONDS)
    part = alice.get(f"{address}/code", headers={"HX-Request": "true"}).text

    assert "<html" not in part
    assert first not in part
    assert 'style="' not in part


def test_staff_take_a_coupon_in_two_taps(alice: Phone, clerk: Phone, world: World) -> None:
    address = _claim(alice, world)
    code = _shown(alice, address)

    look = clerk.text(f"/site/redemptions/new?code={code}")
    assert "确认核销" in look
    assert "新会员话费券" in look
    done = clerk.post("/site/redemptions", code=code)

    assert done.status_code == 302
    assert "核销成功" in clerk.text(done.location)
    assert "已使用" in alice.text(address)
    assert "已使用" in alice.text(f"{address}/code")
    again = clerk.post("/site/redemptions", code=code)
    assert again.status_code == 422
    assert "券码无效" in again.text


@pytest.mark.parametrize("typed", ["{id}{six}", " {id} - {six} ", "{id}－{six}"])
def test_a_typed_code_may_leave_out_the_hyphen(
    alice: Phone, clerk: Phone, world: World, typed: str
) -> None:
    number, six = _shown(alice, _claim(alice, world)).split("-")

    page = clerk.get(
        "/site/redemptions/new", query_string={"code": typed.format(id=number, six=six)}
    )

    assert "确认核销" in page.text


@pytest.mark.parametrize("code", ["1-000000", "9-123456", "x", "1' OR 1=1", "9" * 40])
def test_a_made_up_code_reads_the_same(
    alice: Phone, clerk: Phone, world: World, code: str
) -> None:
    _claim(alice, world)

    answer = clerk.get("/site/redemptions/new", query_string={"code": code})

    assert answer.status_code == 422
    assert "券码无效" in answer.text


def test_a_code_of_two_minutes_ago_is_dead(alice: Phone, clerk: Phone, world: World) -> None:
    code = _shown(alice, _claim(alice, world))
    world.clock.forward(seconds=2 * STEP_SECONDS)

    assert clerk.post("/site/redemptions", code=code).status_code == 422


def test_nobody_redeems_his_own(clerk: Phone, world: World) -> None:
    world.join("oClerk", "王敏", "13600136000")
    code = _shown(clerk, _claim(clerk, world))

    assert clerk.get(f"/site/redemptions/new?code={code}").status_code == 403
    refused = clerk.post("/site/redemptions", code=code)

    assert refused.status_code == 403
    assert "不能核销自己的优惠券" in refused.text


def test_customers_have_no_counter(alice: Phone, bob: Phone, world: World) -> None:
    code = _shown(alice, _claim(alice, world))

    assert bob.get(f"/site/redemptions/new?code={code}").status_code == 403
    assert bob.post("/site/redemptions", code=code).status_code == 403
    state = world.database.read(
        lambda db: coupons.of_member(db, members.get(db, "oAlice").id)[0][0].state
    )
    assert state == "available"


def test_a_stranger_s_coupon_does_not_exist(alice: Phone, bob: Phone, world: World) -> None:
    address = _claim(alice, world)

    assert bob.get(address).status_code == 404
    assert bob.get(f"{address}/code").status_code == 404


def test_an_expired_coupon_shows_no_code(alice: Phone, world: World) -> None:
    address = _claim(alice, world)
    world.clock.forward(days=31)

    page = alice.text(address)

    assert "已过期" in page
    assert "code__picture" not in page
    assert "新会员话费券" in alice.text("/site/coupons/mine?state=expired")


def test_the_picture_holds_our_own_address(app: Flask, alice: Phone, world: World) -> None:
    address = _claim(alice, world)
    code = _shown(alice, address)
    with app.test_request_context(base_url=BASE_URL):
        from flask import url_for

        path = url_for("site.redemptions.show_form", code=code)

    assert path == f"/site/redemptions/new?code={code}"
