"""Races at the counter on PostgreSQL and MariaDB: one coupon, one redemption that stands."""

from collections import Counter
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from kernel.db import Database
from loyalty import claims, coupon_locks, redemption_undos, redemptions, staff
from loyalty.coupons import Coupon
from loyalty.redemption_undos import By
from tests.loyalty.coupon_books import clerk, sound
from tests.loyalty.people import POLICY, VAULT, join_many, offer
from tests.races.rivals import race
from tests.world import NOON

pytestmark = pytest.mark.race


def prepare_coupons(database: Database, count: int) -> list[str]:
    """So many coupons of so many members with the codes they show, and two clerks."""
    members = join_many(database, count)

    def prepare(session: Session) -> list[str]:
        for name in ("oStaffOne", "oStaffTwo"):
            clerk(session, name)
        batch = offer(session, stock=count)
        coupons = [claims.claim(session, batch, member, NOON) for member in members]
        return [redemptions.show_code(VAULT, coupon, NOON)[0] for coupon in coupons]

    return database.transaction(prepare)


def test_two_staff_redeem_one_coupon_once(server_database: Database) -> None:
    codes = prepare_coupons(server_database, 8)

    def work(session: Session, number: int) -> str:
        who = staff.get(session, ("oStaffOne", "oStaffTwo")[number % 2])
        at = NOON + timedelta(seconds=number % 30)
        redemptions.redeem(session, VAULT, codes[number // 2 % 8], who, at)
        return "redeemed"

    outcomes = Counter(race(server_database, work, 64))
    assert outcomes == {"redeemed": 8, "redeem_code_not_valid": 56}
    sound(server_database)


def test_a_naive_redemption_takes_a_coupon_twice(server_database: Database) -> None:
    codes = prepare_coupons(server_database, 8)

    def naive(session: Session, number: int) -> str:
        coupon, _ = redemptions.find_shown(session, VAULT, codes[number // 8], NOON)
        coupon.state, coupon.used_at = "used", NOON
        return "redeemed"

    for _ in range(5):
        if Counter(race(server_database, naive, 64))["redeemed"] > 8:
            return
        server_database.transaction(
            lambda session: session.execute(update(Coupon).values(state="available", used_at=None))
        )
    pytest.fail("the naive variant redeemed once, so this race proves nothing")


def test_an_order_and_the_counter_never_both_have_a_coupon(server_database: Database) -> None:
    codes = prepare_coupons(server_database, 8)
    ids = [int(code.split("-")[0]) for code in codes]
    owners = server_database.read(
        lambda session: {one.id: one.member_id for one in session.scalars(select(Coupon))}
    )

    def work(session: Session, number: int) -> str:
        coupon = ids[number // 8]
        if number % 2:
            who = staff.get(session, "oStaffOne")
            redemptions.redeem(session, VAULT, codes[number // 8], who, NOON)
            return "redeemed"
        order = coupon_locks.Order(f"order:{number}", 10_000)
        ttl = timedelta(minutes=5)
        coupon_locks.lock(session, coupon, owners[coupon], order, NOON, ttl=ttl)
        coupon_locks.use(session, order, NOON)
        return "ordered"

    outcomes = Counter(race(server_database, work, 64))
    assert outcomes["redeemed"] + outcomes["ordered"] == 8
    assert set(outcomes) <= {
        "redeemed", "ordered", "redeem_code_not_valid", "coupon_locked", "coupon_not_usable",
    }  # fmt: skip
    sound(server_database)


def test_two_undos_are_one(server_database: Database) -> None:
    codes = prepare_coupons(server_database, 4)

    def take(session: Session) -> list[int]:
        who = staff.get(session, "oStaffOne")
        for code in codes:
            redemptions.redeem(session, VAULT, code, who, NOON)
        session.flush()
        return list(session.scalars(select(redemptions.Redemption.id)))

    taken = server_database.transaction(take)

    def work(session: Session, number: int) -> int:
        by = By(staff.get(session, ("oStaffOne", "oStaffTwo")[number % 2]))
        redemption = taken[number // 8]
        redemption_undos.undo(session, redemption, NOON, by=by, reason="扫错", policy=POLICY)
        return number // 8

    assert Counter(race(server_database, work, 32)) == {0: 8, 1: 8, 2: 8, 3: 8}
    undos = select(func.count()).select_from(redemption_undos.RedemptionUndo)
    assert server_database.read(lambda session: session.scalar(undos)) == 4
    sound(server_database)
