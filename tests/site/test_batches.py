"""Coupon batches on the site: who may claim, for what, and why not."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from loyalty import coupon_batches, coupon_stock, members, points
from loyalty.coupon_batches import Form
from loyalty.coupons import Coupon, CouponBatch
from loyalty.members import Member
from tests.site.conftest import START, Phone, World


def _offer(world: World, **terms: Any) -> int:
    """A batch that is open; its id."""
    form = Form(
        **{
            "code": "test", "title": "测试券", "kind": "gift", "worth": "一份",
            "terms": "到店领取。", "stock": 5, "valid_days": 10,
            "starts_at": START - timedelta(days=1), "ends_at": START + timedelta(days=30), **terms,
        }
    )  # fmt: skip
    made = world.write(lambda db: coupon_batches.create(db, form, START, state="open").id)
    return int(made)


def _held(world: World) -> int:
    return int(world.database.read(lambda db: db.scalar(select(func.count(Coupon.id)))) or 0)


def _alice(world: World) -> int:
    return world.database.read(lambda db: members.get(db, "oAlice").id)


def test_a_price_in_points_is_shown_and_paid_once(alice: Phone, world: World) -> None:
    world.grant(_alice(world), 120)
    batch = world.batch_id("tv-month")
    assert "100 积分" in alice.text("/site/coupons")

    for _ in range(2):
        alice.post(f"/site/coupon-batches/{batch}/coupons")

    assert "用去 100 积分" in alice.text("/site/coupons")
    assert world.database.read(lambda db: points.balance_of(db, _alice(world))) == 20
    assert _held(world) == 1


def test_who_cannot_pay_reads_what_is_missing(alice: Phone, world: World) -> None:
    batch = world.batch_id("tv-month")
    assert f'/site/coupon-batches/{batch}"' in alice.get("/site/coupons").text

    page = alice.text(f"/site/coupon-batches/{batch}")

    assert "为什么不能领" in page
    assert "需要 100 积分" in page
    assert "当前 0 积分" in page
    assert f"/site/coupon-batches/{batch}/coupons" not in page
    alice.post(f"/site/coupon-batches/{batch}/coupons")
    assert _held(world) == 0


def test_a_tier_is_called_by_its_name(alice: Phone, world: World) -> None:
    batch = world.batch_id("silver-bill-20")

    page = alice.text(f"/site/coupon-batches/{batch}")

    assert "银卡会员及以上" in page
    assert "普通会员" in page
    refused = alice.post(f"/site/coupon-batches/{batch}/coupons")
    assert refused.location == f"/site/coupon-batches/{batch}"
    assert "仅限银卡会员及以上，您当前为普通会员" in alice.text(refused.location)


def test_a_pass_phrase_is_asked_for(alice: Phone, world: World) -> None:
    digest = coupon_batches.digest_phrase(world.vault, "春节快乐")
    batch = _offer(world, phrase_digest=digest)
    assert "凭口令领" in alice.text("/site/coupons")
    page = alice.text(f"/site/coupon-batches/{batch}")
    assert 'name="phrase"' in page
    assert "口令正确" not in page

    for wrong in ("", "新年快乐", "x" * 5000, digest):
        alice.post(f"/site/coupon-batches/{batch}/coupons", phrase=wrong)
        assert "口令不正确" in alice.text(f"/site/coupon-batches/{batch}")
    alice.post(f"/site/coupon-batches/{batch}/coupons", phrase=" 春节快乐！")

    assert _held(world) == 1


@pytest.mark.parametrize("hidden", [{"channels": ["chat"]}, {"channels": ["reward", "grant"]}])
def test_what_is_not_given_here_is_not_shown_here(
    alice: Phone, world: World, hidden: dict[str, Any]
) -> None:
    batch = _offer(world, **hidden)

    assert "测试券" not in alice.text("/site/coupons")
    assert alice.get(f"/site/coupon-batches/{batch}").status_code == 404
    alice.post(f"/site/coupon-batches/{batch}/coupons")
    assert "本券不在此处发放" in alice.text("/site/coupons")
    assert _held(world) == 0


def test_a_draft_is_nobody_s_business(alice: Phone, world: World) -> None:
    batch = _offer(world)
    world.write(lambda db: setattr(db.get(CouponBatch, batch), "state", "draft"))

    assert alice.get(f"/site/coupon-batches/{batch}").status_code == 404
    assert alice.post(f"/site/coupon-batches/{batch}/coupons").location == "/site/coupons"
    assert _held(world) == 0


def test_a_paused_batch_says_so(alice: Phone, world: World) -> None:
    batch = _offer(world)
    world.write(lambda db: coupon_batches.move(db, batch, "paused", START))

    assert "未发放" in alice.text(f"/site/coupon-batches/{batch}")
    assert "测试券" not in alice.text("/site/coupons")


def test_after_the_last_one_this_process_asks_no_database(alice: Phone, world: World) -> None:
    batch = _offer(world, stock=0)
    alice.post(f"/site/coupon-batches/{batch}/coupons")

    def more(db: Session) -> None:
        found = coupon_stock.hold(db, batch)
        coupon_stock.resize(db, found, 5, 1)

    world.write(more)
    alice.post(f"/site/coupon-batches/{batch}/coupons")

    assert _held(world) == 0, "for a second the hint answers"
    assert "优惠券已领完" in alice.text("/site/coupons")


def test_a_blocked_member_looks_and_does_not_claim(alice: Phone, world: World) -> None:
    blocked = update(Member).where(Member.openid == "oAlice").values(state="blocked")
    world.write(lambda db: db.execute(blocked))
    batch = world.batch_id("newcomer-10")

    page = alice.text(f"/site/coupon-batches/{batch}")
    alice.post(f"/site/coupon-batches/{batch}/coupons")

    assert "已暂停" in page
    assert "已被暂停" in alice.text("/site/coupons")
    assert _held(world) == 0


def test_limits_and_life_are_said_beforehand(alice: Phone, world: World) -> None:
    _offer(
        world, per_member=3, per_day=1, validity="next_days", min_order_fen=5050,
        unusable={"weekdays": [5, 6], "dates": [["2027-02-05", "2027-02-11"]]},
    )  # fmt: skip

    page = alice.text("/site/coupons")

    assert "限领 3 张，每天 1 张" in page
    assert "领取次日起 10 天内有效" in page
    assert "满 50.5 元可用" in page
    assert "周六、周日、2027年2月5日至2027年2月11日不可用" in page
