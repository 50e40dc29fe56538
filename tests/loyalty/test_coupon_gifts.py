"""Stock over shards, and coupons that are given for a fact, once."""

import pytest
from sqlalchemy import event, select, update
from sqlalchemy.orm import Session

from kernel.db import Database
from kernel.refusals import Refused
from loyalty import claims, coupon_stock, coupons
from loyalty.claims import Source
from loyalty.coupons import Coupon, CouponBatch, CouponStock
from tests.loyalty.coupon_books import hold, sound
from tests.loyalty.people import join, offer
from tests.world import NOON


def claim(session: Session, batch: int, member: int) -> Coupon:
    return claims.claim(session, batch, member, NOON)


def test_shards_sell_out_to_the_last(database: Database) -> None:
    def work(session: Session) -> None:
        batch = offer(session, 10, per_member=10, shards=4)
        member = join(session)
        for _ in range(10):
            claim(session, batch, member)
        with pytest.raises(Refused) as refused:
            claim(session, batch, join(session))
        assert refused.value.code == "out_of_stock"
        rows = session.execute(select(CouponStock.stock, CouponStock.issued)).all()
        assert sorted(tuple(row) for row in rows) == [(2, 2), (2, 2), (3, 3), (3, 3)]
        assert coupons.get_batch(session, batch).issued == 10

    database.transaction(work)
    sound(database)


def test_a_shard_that_ran_dry_meanwhile_is_no_sell_out(database: Database) -> None:
    def work(session: Session) -> None:
        batch = offer(session, 2, shards=2)
        dry = update(CouponStock).where(CouponStock.shard == 0)
        session.execute(dry.values(stock=0))
        session.execute(update(CouponBatch).values(stock=1))
        coupon_stock.take(session, batch, 0)
        with pytest.raises(claims.OutOfStock):
            coupon_stock.take(session, batch, 0)

    database.transaction(work)


def test_a_gift_is_given_once_for_its_fact(database: Database) -> None:
    def work(session: Session) -> None:
        batch, member = offer(session, 5), join(session)
        first = claims.give(session, batch, member, NOON, Source("gift", "welcome:1"))
        again = claims.give(session, batch, member, NOON, Source("gift", "welcome:1"))
        assert first is not None
        assert again is not None
        assert first.id == again.id
        assert (first.seq, first.source) == (None, "gift")
        other = claims.give(session, batch, member, NOON, Source("prize"))
        assert other is not None
        assert other.id != first.id
        # What was given does not count against what one may claim.
        assert claim(session, batch, member).seq == 1

    database.transaction(work)
    sound(database)


def test_a_gift_out_of_stock_leaves_no_trace(database: Database) -> None:
    def work(session: Session) -> None:
        batch, member = offer(session, 1), join(session)
        claim(session, batch, member)
        assert claims.give(session, batch, member, NOON, Source("gift", "g")) is None
        session.execute(update(CouponStock).values(stock=CouponStock.stock + 1))
        session.execute(update(CouponBatch).values(stock=2))
        assert claims.give(session, batch, member, NOON, Source("gift", "g")) is not None

    database.transaction(work)
    sound(database)


def test_stock_lost_to_a_rival_takes_the_gift_s_row_back(
    sqlite: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(*_: object) -> None:
        raise claims.OutOfStock

    def work(session: Session) -> None:
        batch, member = offer(session, 1), join(session)
        with monkeypatch.context() as patch:
            patch.setattr(coupon_stock, "take", gone)
            assert claims.give(session, batch, member, NOON, Source("gift", "g")) is None
        assert session.query(Coupon).count() == 0

    sqlite.transaction(work)


def test_the_coupon_in_hand_is_the_row_in_the_table(database: Database) -> None:
    """The coupon is put into the session without being read; nothing is written back for it."""

    def work(session: Session) -> None:
        coupon = hold(session)
        assert coupon not in session.dirty
        assert coupon.void_id is None
        writes: list[str] = []
        event.listen(session, "before_flush", lambda *_: writes.append("flush"))
        session.flush()
        assert session.is_modified(coupon) is False

    database.transaction(work)
