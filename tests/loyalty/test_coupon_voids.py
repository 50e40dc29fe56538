"""Taking coupons back: what is free goes, what is bought is paid back, the rest stays."""

from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from kernel.db import Database
from kernel.refusals import Invalid, NotFound
from loyalty import claims, coupon_grants, coupon_locks, coupon_voids, coupons, points
from loyalty.coupon_grants import Audience
from loyalty.coupon_voids import Target
from loyalty.coupons import Coupon
from tests.loyalty import desk
from tests.loyalty.coupon_books import enrich, redeem, sound
from tests.loyalty.people import books_balance, join, offer
from tests.loyalty.test_partner_codes import pool
from tests.world import NOON


def start(session: Session, scope: str, scope_id: int, *, returns_stock: bool = False) -> int:
    by, target = desk.hire(session), Target(scope, scope_id)
    return coupon_voids.start(
        session, target, NOON, by=by, reason="发错了", returns_stock=returns_stock
    ).id


def run(database: Database, void: int, limit: int = 2) -> None:
    while database.transaction(lambda session: coupon_voids.run_page(session, void, NOON, limit)):
        pass


def states(database: Database, batch: int) -> list[str]:
    return database.read(
        lambda session: [
            row[0]
            for row in session.query(Coupon.state)
            .filter(Coupon.batch_id == batch)
            .order_by(Coupon.id)
        ]
    )


def test_a_batch_is_taken_back_but_for_what_is_used_or_locked(database: Database) -> None:
    def prepare(session: Session) -> tuple[int, int]:
        batch, member = offer(session, 20, per_member=9), join(session)
        held = [claims.claim(session, batch, member, NOON) for _ in range(7)]
        redeem(session, held[1])
        order = coupon_locks.Order("o", 10_000)
        coupon_locks.lock(session, held[3].id, member, order, NOON, ttl=timedelta(minutes=5))
        seen = coupon_voids.preview(session, Target("batch", batch), NOON)
        assert (seen.free, seen.locked, seen.used, seen.void) == (5, 1, 1, 0)
        return batch, start(session, "batch", batch)

    batch, void = database.transaction(prepare)
    run(database, void)
    assert states(database, batch) == ["void", "used", "void", "locked", "void", "void", "void"]

    def check(session: Session) -> None:
        found = coupons.get_batch(session, batch)
        assert (found.state, found.issued) == ("paused", 7)
        assert len(coupon_voids.taken_back(session, void)) == 5
        assert len(coupon_voids.taken_back(session, void, limit=2)) == 2

    database.read(check)
    sound(database)


def test_bought_coupons_give_their_points_back_once(database: Database) -> None:
    def prepare(session: Session) -> tuple[int, int, int]:
        member = join(session)
        enrich(session, member, 100)
        batch = offer(session, 5, per_member=3, price_points=30)
        for _ in range(3):
            claims.claim(session, batch, member, NOON)
        assert points.balance_of(session, member) == 10
        seen = coupon_voids.preview(session, Target("batch", batch), NOON)
        assert seen.points == 90
        return member, batch, start(session, "batch", batch)

    member, batch, void = database.transaction(prepare)
    run(database, void)
    run(database, database.transaction(lambda session: start(session, "batch", batch)))
    assert database.read(lambda session: points.balance_of(session, member)) == 100
    assert database.read(books_balance)
    sound(database)


def test_stock_comes_back_only_when_asked_for(database: Database) -> None:
    def prepare(session: Session) -> tuple[int, list[int]]:
        batch = offer(session, 3, per_member=3, shards=2)
        member = join(session)
        return batch, [claims.claim(session, batch, member, NOON).id for _ in range(3)]

    batch, (first, second, _) = database.transaction(prepare)
    run(database, database.transaction(lambda session: start(session, "coupon", first)))
    void = database.transaction(
        lambda session: start(session, "coupon", second, returns_stock=True)
    )
    run(database, void)
    run(database, void)
    assert database.read(lambda session: coupons.get_batch(session, batch).issued) == 2
    assert database.read(lambda session: coupons.get_batch(session, batch).state) == "open"
    assert states(database, batch) == ["void", "void", "available"]
    sound(database)


def test_a_grant_is_taken_back_and_nobody_else_s(database: Database) -> None:
    def prepare(session: Session) -> tuple[int, int]:
        batch = offer(session, 50)
        members = [join(session) for _ in range(3)]
        by = desk.hire(session)
        grants = [
            coupon_grants.start(
                session, batch, Audience(tuple(members)), NOON, by=by, title="补偿"
            )
            for _ in range(11)
        ]
        for grant in (grants[0], grants[10]):  # 1 and 11: no number is a prefix of the other
            while coupon_grants.run_page(session, grant.id, NOON):
                pass
        return batch, start(session, "grant", grants[0].id)

    batch, void = database.transaction(prepare)
    run(database, void)
    assert states(database, batch) == ["void"] * 3 + ["available"] * 3
    sound(database)


def test_what_cannot_be_taken_back_is_said_at_once(sqlite: Database) -> None:
    def work(session: Session) -> None:
        batch = pool(session, "CODE-A1")
        with pytest.raises(Invalid):
            start(session, "batch", batch, returns_stock=True)
        with pytest.raises(Invalid):
            start(session, "world", 1)
        with pytest.raises(NotFound):
            start(session, "coupon", 999)
        with pytest.raises(NotFound):
            coupon_voids.run_page(session, 999, NOON)
        for reason in ("", " ", "x" * 61):
            with pytest.raises(Invalid):
                coupon_voids.start(session, Target("batch", batch), NOON, by=1, reason=reason)

    sqlite.transaction(work)


def test_a_void_coupon_cannot_be_redeemed(sqlite: Database) -> None:
    def prepare(session: Session) -> tuple[int, int]:
        coupon = claims.claim(session, offer(session, 5), join(session), NOON)
        return coupon.id, start(session, "coupon", coupon.id)

    coupon_id, void = sqlite.transaction(prepare)
    run(sqlite, void)
    with pytest.raises(Exception, match="redeem_code_not_valid"):
        sqlite.transaction(lambda session: redeem(session, session.get_one(Coupon, coupon_id)))
