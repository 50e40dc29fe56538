"""Each promise of the coupons holds on an eventful day, and tells when its own rows are broken."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import delete, select, text, update
from sqlalchemy.orm import Session

from kernel.db import Database
from kernel.hot import table_of
from loyalty import claims, coupon_grants, coupon_locks, coupon_voids, redemption_undos
from loyalty.claims import Source
from loyalty.coupon_grants import Audience, CouponGrantRow
from loyalty.coupon_voids import Target
from loyalty.coupons import Coupon, CouponBatch, CouponStock
from loyalty.ledger import PointsEntry
from loyalty.partner_codes import PartnerCode
from loyalty.points_reversals import PointsReversal
from loyalty.redemption_undos import By, RedemptionUndo
from loyalty.redemptions import Redemption
from tests.loyalty import desk
from tests.loyalty.coupon_books import breaches, clerk, enrich, hold, redeem
from tests.loyalty.people import POLICY, join, offer
from tests.loyalty.test_partner_codes import pool
from tests.world import NOON

Fault = Callable[[Session], None]
COUPON, REDEMPTION = table_of(Coupon), table_of(Redemption)
USED = COUPON.c.state == "used"


def eventful_day(session: Session) -> None:
    """Something of everything."""
    member, by = join(session), desk.hire(session)
    enrich(session, member, 200)
    batch = offer(session, 30, per_member=4, per_day=4, shards=3)
    held = [claims.claim(session, batch, member, NOON) for _ in range(4)]
    claims.give(session, batch, member, NOON, Source("gift", "welcome"))
    redeem(session, held[0], order_fen=4_000)
    undone = redeem(session, held[1])
    undoer = By(clerk(session))
    redemption_undos.undo(session, undone, NOON, by=undoer, reason="扫错", policy=POLICY)
    for number, coupon in enumerate(held[2:4]):
        order = coupon_locks.Order(f"order:{number}", 10_000)
        coupon_locks.lock(session, coupon.id, member, order, NOON, ttl=timedelta(minutes=9))
    coupon_locks.use(session, coupon_locks.Order("order:1", 10_000), NOON)
    paid = hold(session, member, price_points=50)
    kept = hold(session, member, price_points=60)
    target = Target("coupon", paid.id)
    void = coupon_voids.start(session, target, NOON, by=by, reason="错", returns_stock=True)
    while coupon_voids.run_page(session, void.id, NOON):
        pass
    claims.claim(session, pool(session, "CODE-A1", "CODE-B2"), member, NOON)
    others = (member, join(session), 999_999)
    grant = coupon_grants.start(session, batch, Audience(others), NOON, by=by, title="补偿")
    while coupon_grants.run_page(session, grant.id, NOON):
        pass
    session.flush()
    assert kept.id


def test_an_eventful_day_breaks_no_promise(database: Database) -> None:
    database.transaction(eventful_day)
    assert database.read(breaches) == {}


def _one(session: Session, table: type, *where: object) -> int:
    found = session.scalar(select(table.id).where(*where).order_by(table.id))  # type: ignore[attr-defined,arg-type]
    assert found is not None
    return int(found)


def _stock(session: Session) -> None:
    # One more, not none: which shards the day drew from is chance, and this one may be untouched.
    one_more = CouponStock.issued + 1
    session.execute(update(CouponStock).where(CouponStock.shard == 1).values(issued=one_more))


def _plan(session: Session) -> None:
    session.execute(update(CouponBatch).values(stock=CouponBatch.stock + 1))


def _limit(session: Session) -> None:
    session.execute(update(CouponBatch).values(per_member=1))


def _day_limit(session: Session) -> None:
    session.execute(update(CouponBatch).values(per_day=1))


def _unredeemed(session: Session) -> None:
    session.execute(update(COUPON).where(COUPON.c.state == "available").values(state="used"))


def _reused(session: Session) -> None:
    session.execute(update(COUPON).where(USED).values(state="available", used_at=None))


def _late(session: Session) -> None:
    session.execute(update(COUPON).where(USED).values(used_at=COUPON.c.valid_until))


def _early(session: Session) -> None:
    session.execute(update(CouponBatch).values(starts_at=NOON + timedelta(seconds=1)))


def _shared_order(session: Session) -> None:
    locked = _one(session, Coupon, Coupon.state == "locked")
    other = _one(session, Coupon, Coupon.source == "grant", Coupon.state == "available")
    session.execute(update(COUPON).where(COUPON.c.id == locked).values(order_reference="same"))
    session.execute(
        update(COUPON)
        .where(COUPON.c.id == other)
        .values(order_reference="same", member_id=join(session))
    )


def _nameless(session: Session) -> None:
    session.execute(update(REDEMPTION).where(REDEMPTION.c.channel == "counter").values(branch=""))


def _orderless(session: Session) -> None:
    session.execute(update(REDEMPTION).values(order_reference=None))


def _endless(session: Session) -> None:
    locked = COUPON.c.state == "locked"
    session.execute(update(COUPON).where(locked).values(locked_until=None))


def _unheld(session: Session) -> None:
    free = COUPON.c.state == "available"
    session.execute(update(COUPON).where(free).values(order_reference="lost"))


def _undo_lost(session: Session) -> None:
    session.execute(delete(RedemptionUndo))


def _unpaid(session: Session) -> None:
    entry = PointsEntry.reference.like("coupon:%")
    session.execute(update(table_of(PointsEntry)).where(entry).values(delta=PointsEntry.delta - 1))


def _unrefunded(session: Session) -> None:
    session.execute(delete(PointsReversal))


def _codeless(session: Session) -> None:
    session.execute(update(PartnerCode).values(coupon_id=None))


def _pool_lost(session: Session) -> None:
    session.execute(delete(PartnerCode).where(PartnerCode.coupon_id.is_(None)))


def _grant_lies(session: Session) -> None:
    session.execute(update(CouponGrantRow).values(verdict="given"))


def _grant_silent(session: Session) -> None:
    session.execute(update(CouponGrantRow).values(verdict="blocked"))


def _undead(session: Session) -> None:
    session.execute(update(COUPON).where(COUPON.c.state == "void").values(state="available"))


FAULTS: list[tuple[Fault, str]] = [
    (_stock, "C1"), (_plan, "C1"), (_limit, "C2"), (_day_limit, "C2"), (_unredeemed, "C4"),
    (_reused, "C4"), (_late, "C5"), (_early, "C6"), (_shared_order, "C7"), (_nameless, "C8"),
    (_orderless, "C8"), (_endless, "C9"), (_unheld, "C9"), (_undo_lost, "C10"), (_unpaid, "C11"),
    (_unrefunded, "C11"), (_codeless, "C12"), (_pool_lost, "C12"), (_grant_lies, "C13"),
    (_grant_silent, "C13"), (_undead, "C14"),
]  # fmt: skip


@pytest.mark.parametrize(("fault", "code"), FAULTS, ids=lambda one: getattr(one, "__name__", one))
def test_a_seeded_fault_is_found(database: Database, fault: Fault, code: str) -> None:
    def work(session: Session) -> None:
        eventful_day(session)
        fault(session)
        session.flush()
        assert code in breaches(session)

    database.transaction(work)


@pytest.mark.parametrize("column", ["code", "source_reference"])
def test_a_doubled_code_is_found_where_no_key_forbids_it(sqlite: Database, column: str) -> None:
    def work(session: Session) -> None:
        eventful_day(session)
        session.flush()
        # A copy without keys, which stands before the table while it lasts.
        session.execute(text("CREATE TEMP TABLE coupon AS SELECT * FROM main.coupon"))
        session.execute(text(f"UPDATE coupon SET {column} = 'same'"))
        try:
            assert "C3" in breaches(session)
        finally:
            session.execute(text("DROP TABLE temp.coupon"))

    sqlite.transaction(work)
