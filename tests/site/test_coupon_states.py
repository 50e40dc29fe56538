"""What a coupon's page shows in each of its states."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from loyalty import claims, coupon_batches, members, partner_codes
from loyalty.coupon_batches import Form
from loyalty.coupons import Coupon
from tests.loyalty import desk
from tests.site.conftest import START, Phone, World


def _coupon(world: World, **terms: Any) -> str:
    """A coupon of Alice's, of a batch with such terms; the address of its page."""
    form = Form(
        **{
            "code": "test", "title": "测试券", "kind": "gift", "worth": "一份",
            "terms": "到店领取。", "stock": 5, "valid_days": 10,
            "starts_at": START - timedelta(days=1), "ends_at": START + timedelta(days=30), **terms,
        }
    )  # fmt: skip

    def work(db: Any) -> int:
        batch = coupon_batches.create(db, form, START, state="open")
        if form.kind == "partner":
            partner_codes.import_codes(db, batch.id, ["PARTNER-77"], START, by=desk.hire(db))
        return claims.claim(db, batch.id, members.get(db, "oAlice").id, START).id

    return f"/site/coupons/{world.write(work)}"


def test_one_of_tomorrow_shows_no_code_today(alice: Phone, world: World) -> None:
    address = _coupon(world, validity="next_days")

    page = alice.text(address)
    assert "2026年11月23日 00:00 起可用" in page
    assert "code__digits" not in page
    assert "未到时间" in alice.text("/site/coupons/mine")

    world.clock.forward(hours=14)
    assert "code__digits" in alice.text(address)


def test_a_day_without_use_shows_no_code(alice: Phone, world: World) -> None:
    address = _coupon(world, unusable={"weekdays": [6], "dates": []})  # a Sunday it is

    page = alice.text(address)
    assert "今天不可用" in page
    assert "周日不可用" in page
    assert "code__digits" not in page

    world.clock.forward(hours=14)
    assert "code__digits" in alice.text(address)


@pytest.mark.parametrize(
    ("values", "said", "shelf"),
    [
        ({"state": "locked", "locked_until": START + timedelta(hours=1)}, "订单占用", "available"),
        ({"state": "void"}, "已作废", "expired"),
    ],
)
def test_what_cannot_be_used_says_why(
    alice: Phone, world: World, values: dict[str, Any], said: str, shelf: str
) -> None:
    world.keeps_books = False  # the state is set without the deed behind it
    address = _coupon(world)
    world.write(lambda db: db.execute(update(Coupon).values(**values)))

    page = alice.text(address)
    assert said in page
    assert "code__digits" not in page
    assert said in alice.text(f"/site/coupons/mine?state={shelf}")


def test_a_lock_that_ran_out_holds_nothing(alice: Phone, world: World) -> None:
    world.keeps_books = False
    address = _coupon(world)
    locked = {"state": "locked", "locked_until": START + timedelta(minutes=10)}
    world.write(lambda db: db.execute(update(Coupon).values(**locked)))

    world.clock.forward(minutes=10)

    assert "code__digits" in alice.text(address)


def test_a_partner_s_code_is_for_its_holder(alice: Phone, bob: Phone, world: World) -> None:
    address = _coupon(world, kind="partner")

    assert "PARTNER-77" in alice.text(address)
    assert bob.get(address).status_code == 404
    assert world.database.read(lambda db: db.scalar(select(Coupon.state))) == "available"


@pytest.mark.parametrize("asked", ["", "none", "<b>", "locked"])
def test_an_unknown_shelf_is_the_first(alice: Phone, asked: str) -> None:
    page = alice.get("/site/coupons/mine", query_string={"state": asked}).text

    assert "没有可使用的优惠券" in page
