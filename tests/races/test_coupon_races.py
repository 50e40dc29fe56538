"""Races for coupons on PostgreSQL and MariaDB; SQLite's one write lock would hide them.

Each promise has its naive variant, which must break: it shows that the race is real.
"""

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from kernel.db import Database
from kernel.refusals import Refused
from loyalty import (
    claims,
    coupon_stock,
    coupon_voids,
    coupons,
    partner_codes,
    points,
)
from loyalty.claims import Source
from loyalty.coupon_voids import Target
from loyalty.coupons import Coupon, CouponBatch
from loyalty.partner_codes import PartnerCode
from tests.loyalty import desk
from tests.loyalty.coupon_books import enrich, sound
from tests.loyalty.people import NEXT_YEAR, books_balance, join_many, offer
from tests.loyalty.test_partner_codes import pool
from tests.races.rivals import PROCESSES, race
from tests.world import NOON

pytestmark = pytest.mark.race
CLIENTS = 64


def held(session: Session) -> int:
    return session.scalar(select(func.count(Coupon.id))) or 0


@pytest.mark.parametrize(
    ("stock", "shards", "how"),
    [
        (1, 1, "transaction"),
        (1, 1, "alone"),
        (1, 8, "transaction"),
        (1, 8, "alone"),
        (1_000, 1, "transaction"),
        (1_000, 8, "alone"),
    ],
)
def test_a_stock_is_sold_out_exactly(
    server_database: Database, stock: int, shards: int, how: str
) -> None:
    members = join_many(server_database, CLIENTS)
    most = -(-stock // CLIENTS) + 1  # so that all together want more than there is
    batch = server_database.transaction(
        lambda session: offer(session, stock, per_member=most, shards=shards)
    )

    def work(session: Session, number: int) -> str:
        return claims.claim(session, batch, members[number % CLIENTS], NOON).state

    outcomes = Counter(race(server_database, work, CLIENTS * most, how))
    assert outcomes["available"] == stock
    assert set(outcomes) == {"available", "out_of_stock"}
    assert server_database.read(held) == stock
    sound(server_database)


def test_a_naive_stock_check_oversells(server_database: Database) -> None:
    members = join_many(server_database, 60)
    batch = server_database.transaction(lambda session: offer(session, stock=5, per_member=99))

    def naive(session: Session, number: int) -> str:
        found = session.get_one(CouponBatch, batch)
        if held(session) >= found.stock:
            raise Refused
        row = Coupon(
            batch_id=batch,
            member_id=members[number % 60],
            seq=number,
            code=f"naive-{number}",
            state="available",
            source="race",
            claimed_at=NOON,
            valid_from=NOON,
            valid_until=NEXT_YEAR,
        )
        session.add(row)
        return "available"

    for _ in range(5):  # it loses nearly always at once; five rounds make sure
        outcomes = Counter(race(server_database, naive, 60))
        if outcomes["available"] > 5:
            return
        server_database.transaction(lambda session: session.query(Coupon).delete())
    pytest.fail("the naive variant never oversold, so this race proves nothing")


@pytest.mark.parametrize(
    ("terms", "won", "refusal"),
    [
        ({"per_member": 1}, 1, "claim_limit_reached"),
        ({"per_member": 7}, 7, "claim_limit_reached"),
        ({"per_member": 3, "per_day": 1}, 1, "daily_claim_limit_reached"),
        ({"per_member": 30, "price_points": 10}, 5, "not_enough_points"),
    ],
)
def test_identical_claims_of_one_member_keep_the_limit(
    server_database: Database, terms: dict[str, Any], won: int, refusal: str
) -> None:
    member = join_many(server_database, 1)[0]

    def prepare(session: Session) -> int:
        enrich(session, member, 50)
        return offer(session, 100, **terms)

    batch = server_database.transaction(prepare)

    def work(session: Session, _number: int) -> str:
        return claims.claim(session, batch, member, NOON).state

    outcomes = Counter(race(server_database, work, 30))
    assert outcomes == {"available": won, refusal: 30 - won}
    assert server_database.read(books_balance)
    sound(server_database)


def test_a_naive_limit_is_passed(server_database: Database) -> None:
    member = join_many(server_database, 1)[0]
    batch = server_database.transaction(lambda session: offer(session, 100))

    def naive(session: Session, number: int) -> str:
        if held(session) >= 1:
            raise Refused
        source = Source("race", f"naive:{number}")
        return "available" if claims.give(session, batch, member, NOON, source) else "none"

    for _ in range(5):
        if Counter(race(server_database, naive, 30))["available"] > 1:
            return
        server_database.transaction(lambda session: session.query(Coupon).delete())
    pytest.fail("the naive variant kept the limit, so this race proves nothing")


def test_a_fact_gives_one_coupon(server_database: Database) -> None:
    member = join_many(server_database, 1)[0]
    batch = server_database.transaction(lambda session: offer(session, 100, shards=4))

    def work(session: Session, _number: int) -> int:
        given = claims.give(session, batch, member, NOON, Source("gift", "welcome"))
        assert given is not None
        return given.id

    assert len(set(race(server_database, work, 32))) == 1
    assert server_database.read(held) == 1
    sound(server_database)


def test_no_partner_code_goes_out_twice(server_database: Database) -> None:
    members = join_many(server_database, CLIENTS)
    codes = [f"CODE-{number:03d}" for number in range(40)]
    batch = server_database.transaction(lambda session: pool(session, *codes, per_member=1))

    def work(session: Session, number: int) -> str:
        coupon = claims.claim(session, batch, members[number], NOON)
        return partner_codes.of_coupon(session, coupon.id) or "none"

    outcomes = Counter(race(server_database, work, CLIENTS))
    assert outcomes.pop("out_of_stock") == CLIENTS - 40
    assert sorted(outcomes) == codes
    assert set(outcomes.values()) == {1}
    sound(server_database)


def test_a_naive_pool_gives_a_code_twice(server_database: Database) -> None:
    members = join_many(server_database, 16)
    batch = server_database.transaction(
        lambda session: pool(session, *(f"CODE-{number:03d}" for number in range(99)))
    )

    def naive(session: Session, number: int) -> str:
        free = select(PartnerCode).where(PartnerCode.coupon_id.is_(None)).order_by(PartnerCode.id)
        found = session.scalars(free.limit(1)).one()
        claims.claim(session, batch, members[number % 16], NOON)
        return found.code

    for _ in range(5):
        if max(Counter(race(server_database, naive, 64)).values()) > 1:
            return
    pytest.fail("the naive variant gave each code once, so this race proves nothing")


def mixed(deeds: list[Callable[[Session, int], str]]) -> Callable[[Session, int], str]:
    """Every deed in turn, each process all of them."""
    return lambda session, number: deeds[number // PROCESSES % len(deeds)](session, number)


def test_a_batch_taken_back_while_it_is_claimed(server_database: Database) -> None:
    members = join_many(server_database, 60)

    def prepare(session: Session) -> tuple[int, int]:
        for member in members:
            enrich(session, member, 10)
        return offer(session, 100, shards=4, price_points=10), desk.hire(session)

    batch, by = server_database.transaction(prepare)

    def claim(session: Session, number: int) -> str:
        return claims.claim(session, batch, members[number], NOON).state

    def void(session: Session, _number: int) -> str:
        target = Target("batch", batch)
        run = coupon_voids.start(session, target, NOON, by=by, reason="发错", returns_stock=True)
        while coupon_voids.run_page(session, run.id, NOON, 7):
            pass
        return "voided"

    outcomes = Counter(race(server_database, mixed([claim, claim, claim, void]), 60))
    assert outcomes["voided"] == 12
    assert set(outcomes) <= {"available", "voided", "coupon_batch_not_open"}
    server_database.transaction(lambda session: void(session, 0))

    def rest(session: Session) -> tuple[int, int, int]:
        free = select(func.count(Coupon.id)).where(Coupon.state != "void")
        paid = sum(points.balance_of(session, member) for member in members)
        found = session.get_one(CouponBatch, batch)
        return session.scalar(free) or 0, paid, found.issued

    assert server_database.read(rest) == (0, 600, 0)
    assert server_database.read(books_balance)
    sound(server_database)


def test_stock_that_is_spread_anew_meanwhile_is_sold_out_exactly(
    server_database: Database,
) -> None:
    members = join_many(server_database, 60)
    batch = server_database.transaction(lambda session: offer(session, 40, shards=1))

    def claim(session: Session, number: int) -> str:
        return claims.claim(session, batch, members[number], NOON).state

    def spread(session: Session, number: int) -> str:
        found = coupon_stock.hold(session, batch)
        coupon_stock.resize(session, found, 40, 1 + number % 8)
        return "spread"

    outcomes = Counter(race(server_database, mixed([claim, claim, claim, spread]), 60))
    assert (outcomes["available"], outcomes["spread"]) == (40, 12)
    assert server_database.read(lambda session: coupons.get_batch(session, batch).issued) == 40
    sound(server_database)
