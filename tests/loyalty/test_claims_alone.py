"""A claim that is a transaction by itself: the same coupon, the same refusals, fewer trips."""

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from kernel.db import Database
from loyalty import claims
from loyalty.claim_conditions import ClaimLimitReached, OutOfStock
from loyalty.coupons import Coupon, CouponStock
from tests.loyalty.coupon_books import enrich, sound
from tests.loyalty.people import join, join_many, offer
from tests.test_statements import counted
from tests.world import NOON


def stock(session: Session) -> list[tuple[int, int]]:
    """(stock, issued) of each shard."""
    rows = session.scalars(select(CouponStock).order_by(CouponStock.shard))
    return [(row.stock, row.issued) for row in rows]


def test_it_stands_and_is_what_the_table_holds(database: Database) -> None:
    member = database.transaction(join)
    batch = database.transaction(lambda session: offer(session, 3))
    with counted(database.engine) as sent:
        made = database.alone(lambda session: claims.claim(session, batch, member, NOON))
    if database.engine.dialect.name == "postgresql":
        assert len(sent) == 1, sent
    found = database.read(lambda session: session.scalars(select(Coupon)).one())
    kept = ("id", "code", "seq", "state", "source", "claimed_at", "valid_from", "valid_until")
    assert [getattr(made, name) for name in kept] == [getattr(found, name) for name in kept]
    assert sound(database)


def test_what_is_refused_leaves_nothing(database: Database) -> None:
    one, two = join_many(database, 2)
    batch = database.transaction(lambda session: offer(session, 1))
    database.alone(lambda session: claims.claim(session, batch, one, NOON))
    with pytest.raises(ClaimLimitReached):
        database.alone(lambda session: claims.claim(session, batch, one, NOON))
    with pytest.raises(OutOfStock):
        database.alone(lambda session: claims.claim(session, batch, two, NOON))
    assert database.read(stock) == [(1, 1)]
    assert sound(database)


def test_a_claim_of_several_steps_is_still_one_transaction(database: Database) -> None:
    member = database.transaction(join)

    def prepare(session: Session) -> int:
        enrich(session, member, 30)
        return offer(session, 0, price_points=20)

    batch = database.transaction(prepare)
    with pytest.raises(OutOfStock):
        database.alone(lambda session: claims.claim(session, batch, member, NOON))
    assert sound(database)


def test_shards_that_run_dry_leave_no_coupon_without_stock(database: Database) -> None:
    members = join_many(database, 9)
    batch = database.transaction(lambda session: offer(session, 8, shards=4))
    had = 0
    for member in members:
        try:
            database.alone(lambda session, m=member: claims.claim(session, batch, m, NOON))  # type: ignore[misc]
            had += 1
        except OutOfStock:
            pass
    assert had == 8
    assert database.read(stock) == [(2, 2)] * 4
    assert sound(database)
