"""Batches: what a form may hold, what may change once coupons are out, stock, clones, alerts."""

import dataclasses
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from kernel.audit import AuditEntry
from kernel.db import Database
from kernel.refusals import Invalid
from loyalty import claims, coupon_batches, coupon_stock, coupons
from loyalty.coupons import CouponStock
from tests.loyalty import desk
from tests.loyalty.coupon_books import sound
from tests.loyalty.people import join, offer
from tests.world import NOON

DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("terms", "field"),
    [
        ({"code": "Big"}, "code"),
        ({"code": "a" * 41}, "code"),
        ({"title": " "}, "title"),
        ({"title": "券" * 41}, "title"),
        ({"worth": ""}, "worth"),
        ({"kind": "cash"}, "kind"),
        ({"stacking": "both"}, "stacking"),
        ({"amount_fen": -1}, "amount_fen"),
        ({"amount_fen": 0}, "amount_fen"),
        ({"percent_off": 10}, "percent_off"),
        ({"kind": "discount", "percent_off": 100, "amount_fen": 0}, "percent_off"),
        ({"kind": "discount", "percent_off": 10}, "amount_fen"),
        ({"kind": "discount", "amount_fen": 0}, "amount_fen"),
        ({"cap_fen": 5}, "cap_fen"),
        ({"min_order_fen": 100_000_001}, "min_order_fen"),
        ({"stock": -1}, "stock"),
        ({"stock": 10_000_001}, "stock"),
        ({"shards": 0}, "shards"),
        ({"shards": 17}, "shards"),
        ({"per_member": 0}, "per_member"),
        ({"per_day": 2}, "per_day"),
        ({"price_points": -1}, "price_points"),
        ({"alert_percent": 101}, "alert_percent"),
        ({"ends_at": NOON - DAY}, "ends_at"),
        ({"validity": "ever"}, "validity"),
        ({"validity": "fixed"}, "fixed_until"),
        ({"validity": "fixed", "fixed_from": NOON, "fixed_until": NOON}, "fixed_until"),
        ({"validity": "fixed", "fixed_from": NOON, "fixed_until": NOON + DAY}, "fixed_until"),
        ({"valid_days": 0}, "valid_days"),
        ({"valid_days": 3651}, "valid_days"),
        ({"unusable": {"weekdays": [7]}}, "unusable"),
        ({"unusable": {"weekdays": list(range(7))}}, "unusable"),
        ({"unusable": {"dates": [["2026-02-30", "2026-03-01"]]}}, "unusable"),
        ({"unusable": {"dates": [["2026-03-02", "2026-03-01"]]}}, "unusable"),
        ({"unusable": {"dates": [["20260301", "20260302"]]}}, "unusable"),
        ({"min_tier": -1}, "min_tier"),
        ({"channels": ["radio"]}, "channels"),
        ({"rule": {"field": "nothing", "op": "=", "value": 1}}, "rule"),
    ],
)
def test_a_form_is_checked_field_by_field(
    sqlite: Database, terms: dict[str, Any], field: str
) -> None:
    with pytest.raises(Invalid) as refused:
        sqlite.transaction(lambda session: offer(session, **{"stock": 5, **terms}))
    assert refused.value.facts["field"] == field


def test_a_code_is_used_once(sqlite: Database) -> None:
    sqlite.transaction(lambda session: offer(session, 5, code="once"))
    with pytest.raises(Invalid) as refused:
        sqlite.transaction(lambda session: offer(session, 5, code="once"))
    assert refused.value.facts["field"] == "code"


def change(session: Session, batch_id: int, **terms: Any) -> bool:
    form = coupon_batches.form_of(coupons.get_batch(session, batch_id))
    return coupon_batches.change(session, batch_id, dataclasses.replace(form, **terms), NOON)


def test_before_the_first_claim_everything_may_change(sqlite: Database) -> None:
    def work(session: Session) -> None:
        batch = offer(session, 5, per_member=3)
        assert not change(session, batch)
        assert change(session, batch, per_member=1, kind="gift", amount_fen=0, stock=2)
        found = coupons.get_batch(session, batch)
        assert (found.per_member, found.kind, found.stock, found.revision) == (1, "gift", 2, 2)

    sqlite.transaction(work)
    sound(sqlite)


@pytest.mark.parametrize(
    ("terms", "field"),
    [
        ({"per_member": 2}, "per_member"),
        ({"per_day": 1}, "per_day"),
        ({"kind": "gift", "amount_fen": 0}, "kind"),
        ({"stock": 0}, "stock"),
        ({"code": "other"}, "code"),
        ({"starts_at": NOON + timedelta(seconds=1)}, "ends_at"),
        ({"ends_at": NOON}, "ends_at"),
    ],
)
def test_once_a_coupon_is_out_what_was_promised_stays(
    database: Database, terms: dict[str, Any], field: str
) -> None:
    def work(session: Session) -> None:
        batch = offer(session, 5, per_member=3, per_day=2)
        claims.claim(session, batch, join(session), NOON)
        with pytest.raises(Invalid) as refused:
            change(session, batch, **terms)
        assert refused.value.facts["field"] == field

    database.transaction(work)


def test_limits_may_rise_and_a_day_s_limit_may_go(sqlite: Database) -> None:
    def work(session: Session) -> None:
        batch = offer(session, 5, per_member=2, per_day=1)
        claims.claim(session, batch, join(session), NOON)
        assert change(session, batch, per_member=4, per_day=3)
        assert change(session, batch, per_day=0)

    sqlite.transaction(work)
    sound(sqlite)


def test_stock_is_spread_anew_and_nothing_issued_is_forgotten(database: Database) -> None:
    def work(session: Session) -> None:
        batch = offer(session, 9, per_member=9, shards=3)
        member = join(session)
        for _ in range(7):
            claims.claim(session, batch, member, NOON)
        for stock, shards in ((20, 8), (20, 1), (7, 4), (12, 2)):
            change(session, batch, stock=stock, shards=shards)
            rows = session.execute(
                select(CouponStock.stock, CouponStock.issued).where(CouponStock.batch_id == batch)
            ).all()
            assert len(rows) == shards
            assert (sum(row.stock for row in rows), sum(row.issued for row in rows)) == (stock, 7)
        found = coupons.get_batch(session, batch)
        session.refresh(found)
        assert (found.issued, found.stock, found.shards) == (7, 12, 2)

    database.transaction(work)
    sound(database)


def test_states_move_one_way(sqlite: Database) -> None:
    def work(session: Session) -> None:
        batch = offer(session, 5)
        assert coupon_batches.move(session, batch, "paused", NOON)
        assert not coupon_batches.move(session, batch, "paused", NOON)
        assert coupon_batches.move(session, batch, "open", NOON)
        assert coupon_batches.move(session, batch, "closed", NOON, by=desk.hire(session))
        for state in ("open", "draft", "nonsense"):
            with pytest.raises(Invalid):
                coupon_batches.move(session, batch, state, NOON)
        session.flush()
        assert "coupon.batch_moved" in session.scalars(select(AuditEntry.action)).all()

    sqlite.transaction(work)


def test_a_clone_is_a_draft_with_every_date_later(sqlite: Database) -> None:
    def work(session: Session) -> None:
        origin = offer(
            session,
            5,
            validity="fixed",
            fixed_from=NOON,
            fixed_until=NOON + 9 * DAY,
            unusable={"weekdays": [6], "dates": [["2026-11-22", "2026-11-23"]]},
            per_member=2,
        )
        claims.claim(session, origin, join(session), NOON)
        copy = coupon_batches.clone(session, origin, "again", NOON, shift_days=40)
        assert (copy.state, copy.stock, copy.issued, copy.per_member) == ("draft", 5, 0, 2)
        assert copy.cloned_from_id == origin
        first = coupons.get_batch(session, origin)
        assert copy.starts_at == first.starts_at + 40 * DAY
        assert copy.fixed_until == NOON + 49 * DAY
        assert copy.unusable == {"weekdays": [6], "dates": [["2027-01-01", "2027-01-02"]]}
        assert first.unusable["dates"] == [["2026-11-22", "2026-11-23"]]

    sqlite.transaction(work)
    sound(sqlite)


def test_low_stock_is_told_once_a_crossing(database: Database) -> None:
    def work(session: Session) -> None:
        batch = offer(session, 10, per_member=10, alert_percent=20)
        offer(session, 10, alert_percent=0)
        member = join(session)
        for _ in range(7):
            claims.claim(session, batch, member, NOON)
        assert coupon_stock.alert(session, NOON) == []
        claims.claim(session, batch, member, NOON)
        assert coupon_stock.alert(session, NOON) == [batch]
        assert coupon_stock.alert(session, NOON) == []
        assert [(found.id, left) for found, left in coupon_stock.low(session)] == [(batch, 2)]
        change(session, batch, stock=100)
        assert coupon_stock.alert(session, NOON) == []
        change(session, batch, stock=9)
        assert coupon_stock.alert(session, NOON) == [batch]

    database.transaction(work)


def test_open_batches_are_those_of_the_channel(sqlite: Database) -> None:
    def work(session: Session) -> None:
        both, chat = offer(session, 5), offer(session, 5, channels=["chat"])
        ids = [batch.id for batch in coupons.open_batches(session, NOON)]
        assert ids == [both]
        assert [batch.id for batch in coupons.open_batches(session, NOON, "chat")] == [both, chat]
        assert len(coupons.open_batches(session, NOON, None)) == 2

    sqlite.transaction(work)
