"""Coupons: claimed within window, stock and limit; redeemed by staff with a turning code."""

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from kernel.db import Database
from kernel.refusals import NotFound
from loyalty import claims, coupons, redemptions, staff
from loyalty.claim_conditions import ClaimLimitReached, NotClaimable, OutOfStock
from loyalty.redemptions import CodeNotValid, OwnCoupon, Redemption
from tests.loyalty.people import VAULT, join, offer
from tests.world import NOON


def test_a_member_claims_up_to_the_limit(database: Database) -> None:
    def work(session: Session) -> None:
        member, batch = join(session), offer(session, stock=5, per_member=2)
        first = claims.claim(session, batch, member, NOON)
        second = claims.claim(session, batch, member, NOON)
        assert len({first.code, second.code}) == 2
        assert len(first.code) * 4 >= 80  # bits nobody can guess
        with pytest.raises(ClaimLimitReached):
            claims.claim(session, batch, member, NOON)

    database.transaction(work)


def test_the_window_is_half_open(sqlite: Database) -> None:
    def work(session: Session) -> None:
        member, batch = join(session), offer(session, stock=5)
        found = coupons.get_batch(session, batch)
        for at in (found.starts_at - timedelta(microseconds=1), found.ends_at):
            with pytest.raises(NotClaimable):
                claims.claim(session, batch, member, at)
        assert claims.claim(session, batch, member, found.starts_at).state == "available"

    sqlite.transaction(work)


def test_a_sold_out_batch_costs_the_late_crowd_no_write(database: Database) -> None:
    def prepare(session: Session) -> tuple[int, int]:
        batch = offer(session, stock=1)
        claims.claim(session, batch, join(session), NOON)
        return batch, join(session)

    batch, late = database.transaction(prepare)
    with pytest.raises(OutOfStock):
        database.read(lambda session: claims.claim(session, batch, late, NOON))


def test_a_shown_code_turns_every_minute_and_is_good_one_more(database: Database) -> None:
    def work(session: Session) -> None:
        coupon = claims.claim(session, offer(session, 1), join(session), NOON)
        code, seconds = redemptions.show_code(VAULT, coupon, NOON)
        assert 1 <= seconds <= 60
        later = NOON + timedelta(seconds=60)
        assert redemptions.show_code(VAULT, coupon, later)[0] != code
        assert redemptions.find_shown(session, VAULT, code, later)[0].id == coupon.id
        with pytest.raises(CodeNotValid):
            redemptions.find_shown(session, VAULT, code, NOON + timedelta(seconds=120))

    database.transaction(work)


def test_staff_redeem_once_and_it_is_recorded(database: Database) -> None:
    def work(session: Session) -> None:
        staff.appoint(session, "oWang", "小王", "zhongshan", NOON)
        wang = staff.get(session, "oWang")
        coupon = claims.claim(session, offer(session, 1), join(session), NOON)
        code, _ = redemptions.show_code(VAULT, coupon, NOON)
        assert redemptions.redeem(session, VAULT, code, wang, NOON).coupon_id == coupon.id
        session.flush()
        row = session.scalars(select(Redemption)).one()
        assert (row.branch, row.staff_id) == ("zhongshan", wang.id)
        with pytest.raises(CodeNotValid):
            redemptions.redeem(session, VAULT, code, wang, NOON)

    database.transaction(work)


def test_nobody_redeems_his_own_coupon(sqlite: Database) -> None:
    def work(session: Session) -> None:
        staff.appoint(session, "oWang", "小王", "zhongshan", NOON)
        coupon = claims.claim(session, offer(session, 1), join(session, "oWang"), NOON)
        code, _ = redemptions.show_code(VAULT, coupon, NOON)
        with pytest.raises(OwnCoupon):
            redemptions.redeem(session, VAULT, code, staff.get(session, "oWang"), NOON)

    sqlite.transaction(work)


@pytest.mark.parametrize("code", ["", "1", "1-", "1-12345", "x-123456", "١-123456", "9" * 10_000])
def test_what_is_no_code_reads_like_a_wrong_one(sqlite: Database, code: str) -> None:
    with pytest.raises(CodeNotValid):
        sqlite.read(lambda session: redemptions.find_shown(session, VAULT, code, NOON))


def test_an_expired_coupon_cannot_be_redeemed(sqlite: Database) -> None:
    def work(session: Session) -> None:
        coupon = claims.claim(session, offer(session, 1), join(session), NOON)
        code, _ = redemptions.show_code(VAULT, coupon, coupon.valid_until)
        with pytest.raises(CodeNotValid):
            redemptions.find_shown(session, VAULT, code, coupon.valid_until)
        assert coupons.state_at(coupon, coupon.valid_until) == "expired"

    sqlite.transaction(work)


def test_a_stranger_s_coupon_is_not_found(sqlite: Database) -> None:
    def work(session: Session) -> None:
        coupon = claims.claim(session, offer(session, 1), join(session), NOON)
        with pytest.raises(NotFound):
            coupons.get_of_member(session, coupon.id, join(session))

    sqlite.transaction(work)
