"""Coupons of an order: locked, used, released; alone or together."""

from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from kernel.db import Database
from kernel.refusals import NotFound, Refused
from loyalty import coupon_locks, coupons, redemption_undos
from loyalty.coupon_locks import Order
from loyalty.coupons import Coupon
from tests.loyalty.coupon_books import hold, redeem, sound
from tests.loyalty.people import join
from tests.world import NOON

QUARTER = timedelta(minutes=15)
ORDER = Order("order:1", 10_000)


def lock(session: Session, coupon: Coupon, order: Order = ORDER) -> Coupon:
    return coupon_locks.lock(session, coupon.id, coupon.member_id, order, NOON, ttl=QUARTER)


def test_a_locked_coupon_is_the_order_s_until_it_is_released(database: Database) -> None:
    def work(session: Session) -> None:
        coupon = hold(session)
        lock(session, coupon)
        assert coupons.state_at(coupon, NOON) == "locked"
        lock(session, coupon)
        for deed in (
            lambda: lock(session, coupon, Order("other", 1)),
            lambda: redeem(session, coupon),
        ):
            with pytest.raises(Refused) as refused:
                deed()
            assert refused.value.code == "coupon_locked"
        assert coupon_locks.release(session, ORDER.reference, NOON) == 1
        assert coupon_locks.release(session, ORDER.reference, NOON) == 0
        assert redeem(session, coupon)

    database.transaction(work)
    sound(database)


def test_a_lock_whose_time_is_up_holds_nothing(database: Database) -> None:
    def work(session: Session) -> None:
        coupon, swept = hold(session), hold(session)
        lock(session, coupon)
        lock(session, swept, Order("order:2", 100))
        end = NOON + QUARTER
        assert coupons.state_at(coupon, end - timedelta(microseconds=1)) == "locked"
        assert coupons.state_at(coupon, end) == "available"
        assert redeem(session, coupon, end)
        assert coupon_locks.sweep(session, end - timedelta(microseconds=1)) == 0
        assert coupon_locks.sweep(session, end) == 1
        session.refresh(swept)
        assert (swept.state, swept.order_reference) == ("available", None)

    database.transaction(work)
    sound(database)


def test_use_redeems_all_that_the_order_holds_once(database: Database) -> None:
    def work(session: Session) -> None:
        member = join(session)
        first = hold(session, member, stacking="joint", amount_fen=7_000)
        second = hold(session, member, stacking="joint", amount_fen=7_000)
        for coupon in (first, second):
            lock(session, coupon)
        done = coupon_locks.use(session, ORDER, NOON)
        assert [(row.channel, row.order_fen, row.saved_fen) for row in done] == [
            ("order", 10_000, 7_000),
            ("order", 10_000, 3_000),  # what the first one left
        ]
        assert [row.id for row in coupon_locks.use(session, ORDER, NOON)] == [
            row.id for row in done
        ]
        assert coupon_locks.release(session, ORDER.reference, NOON) == 0

    database.transaction(work)
    sound(database)


@pytest.mark.parametrize("kinds", [("exclusive", "joint"), ("joint", "exclusive")])
def test_an_exclusive_coupon_goes_alone(sqlite: Database, kinds: tuple[str, str]) -> None:
    def work(session: Session) -> None:
        member = join(session)
        first, second = (hold(session, member, stacking=kind) for kind in kinds)
        lock(session, first)
        with pytest.raises(Refused) as refused:
            lock(session, second)
        assert refused.value.code == "coupons_do_not_stack"
        coupon_locks.release(session, ORDER.reference, NOON)
        assert lock(session, second).state == "locked"

    sqlite.transaction(work)
    sound(sqlite)


def test_an_order_takes_coupons_of_its_own_member(sqlite: Database) -> None:
    def work(session: Session) -> None:
        mine, hers = hold(session, stacking="joint"), hold(session, stacking="joint")
        lock(session, mine)
        with pytest.raises(NotFound):
            lock(session, hers)
        with pytest.raises(NotFound):
            coupon_locks.lock(session, hers.id, mine.member_id, ORDER, NOON, ttl=QUARTER)

    sqlite.transaction(work)
    sound(sqlite)


def test_what_cannot_be_used_cannot_be_locked(sqlite: Database) -> None:
    def work(session: Session) -> None:
        spent, small = hold(session), hold(session, min_order_fen=10_001)
        resting = hold(session, unusable={"weekdays": [4]})
        early = hold(session, validity="next_days", valid_days=1)
        redeem(session, spent)
        said = []
        for coupon in (spent, small, resting, early):
            with pytest.raises(Refused) as refused:
                lock(session, coupon)
            said.append(refused.value.code)
        assert said == [
            "coupon_not_usable",
            "order_too_small",
            "coupon_not_usable_today",
            "coupon_not_yet_usable",
        ]

    sqlite.transaction(work)


def test_a_lock_ends_with_the_coupon_at_the_latest(sqlite: Database) -> None:
    def work(session: Session) -> None:
        coupon = hold(session, valid_days=1)
        member, late = coupon.member_id, coupon.valid_until - timedelta(minutes=1)
        coupon_locks.lock(session, coupon.id, member, ORDER, late, ttl=QUARTER)
        assert coupon.locked_until == coupon.valid_until
        with pytest.raises(Refused) as refused:
            coupon_locks.use(session, ORDER, coupon.valid_until)
        assert refused.value.facts == {"state": "expired"}

    sqlite.transaction(work)
    sound(sqlite)


def test_a_late_payment_still_uses_what_nobody_took(sqlite: Database) -> None:
    def work(session: Session) -> None:
        lock(session, hold(session))
        assert len(coupon_locks.use(session, ORDER, NOON + 2 * QUARTER)) == 1
        assert coupon_locks.use(session, Order("unknown", 1), NOON) == []

    sqlite.transaction(work)
    sound(sqlite)


def test_a_refunded_order_gives_its_coupons_back(database: Database) -> None:
    def work(session: Session) -> None:
        coupon = hold(session)
        lock(session, coupon)
        coupon_locks.use(session, ORDER, NOON)
        later = NOON + timedelta(days=5)
        assert redemption_undos.undo_order(session, "order:1", later, reason="订单退款") == 1
        assert redemption_undos.undo_order(session, "order:1", later, reason="订单退款") == 0
        session.refresh(coupon)
        assert (coupon.state, coupon.order_reference) == ("available", None)

    database.transaction(work)
    sound(database)
