"""Races on PostgreSQL and MariaDB; SQLite's one write lock would hide them.

Each promise has its naive variant, which must break: it shows that the race is real.
"""

from collections import Counter
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from kernel.db import Database
from kernel.refusals import Refused
from loyalty import checkins, coupons, points, redemptions, staff
from loyalty.checkins import CheckIn
from loyalty.coupons import Coupon, CouponBatch
from loyalty.points import Credit, Debit, PointsAccount, PointsEntry
from tests.loyalty.people import NEXT_YEAR, RULES, VAULT, books_balance, join_many, offer
from tests.races.rivals import race
from tests.world import NOON

pytestmark = pytest.mark.race


def test_simultaneous_check_ins_count_once_each(server_database: Database) -> None:
    members = join_many(server_database, 20)

    def work(session: Session, number: int) -> int:
        member = members[number % len(members)]
        return checkins.check_in(session, member, NOON, RULES).points

    outcomes = Counter(race(server_database, work, 200))
    assert outcomes == {5: 20, "already_checked_in": 180}
    assert server_database.read(books_balance)
    paid = server_database.read(lambda session: session.scalar(select(func.count(CheckIn.id))))
    assert paid == 20


def test_a_stock_is_sold_out_exactly(server_database: Database) -> None:
    members = join_many(server_database, 60)
    batch = server_database.transaction(lambda session: offer(session, stock=25))

    def work(session: Session, number: int) -> str:
        return coupons.claim(session, batch, members[number % 60], NOON).state

    outcomes = Counter(race(server_database, work, 240))
    assert outcomes["available"] == 25

    def held(session: Session) -> tuple[int, int]:
        rows = session.scalar(select(func.count(Coupon.id))) or 0
        return rows, session.get_one(CouponBatch, batch).issued

    assert server_database.read(held) == (25, 25)


def test_a_naive_stock_check_oversells(server_database: Database) -> None:
    members = join_many(server_database, 60)
    batch = server_database.transaction(lambda session: offer(session, stock=5, per_member=99))

    def naive(session: Session, number: int) -> str:
        found = session.get_one(CouponBatch, batch)
        count = session.scalar(select(func.count(Coupon.id))) or 0
        if count >= found.stock:
            raise Refused
        row = Coupon(
            batch_id=batch,
            member_id=members[number % 60],
            seq=number,
            code=f"naive-{number}",
            state="available",
            source="race",
            claimed_at=NOON,
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


def test_identical_claims_of_one_member_win_once(server_database: Database) -> None:
    member = join_many(server_database, 1)[0]
    batch = server_database.transaction(lambda session: offer(session, stock=100))

    def work(session: Session, _number: int) -> str:
        return coupons.claim(session, batch, member, NOON).state

    assert Counter(race(server_database, work, 32)) == {"available": 1, "claim_limit_reached": 31}


def test_a_balance_is_never_overspent(server_database: Database) -> None:
    member = join_many(server_database, 1)[0]
    server_database.transaction(
        lambda session: points.earn(session, member, [Credit(100, "all", "")], NOON, NEXT_YEAR)
    )

    def work(session: Session, number: int) -> str:
        points.spend(session, member, Debit(10, f"spend-{number}", ""), NOON)
        return "spent"

    assert Counter(race(server_database, work, 50)) == {"spent": 10, "not_enough_points": 40}
    assert server_database.read(lambda session: points.balance_of(session, member)) == 0
    assert server_database.read(books_balance)


def test_a_naive_balance_loses_updates(server_database: Database) -> None:
    member = join_many(server_database, 1)[0]

    def naive(session: Session, number: int) -> None:
        held = points.balance_of(session, member)
        session.add(
            PointsEntry(
                member_id=member,
                kind="earn",
                delta=1,
                balance_after=held + 1,
                reference=f"naive-{number}",
                note="",
                created_at=NOON,
            )
        )
        session.flush()
        session.execute(
            update(PointsAccount).where(PointsAccount.member_id == member).values(balance=held + 1)
        )

    race(server_database, naive, 80)
    assert not server_database.read(books_balance)


def test_two_staff_redeem_one_coupon_once(server_database: Database) -> None:
    members = join_many(server_database, 8)

    def prepare(session: Session) -> list[str]:
        for name in ("oStaffOne", "oStaffTwo"):
            staff.appoint(session, name, name, "zhongshan", NOON)
        batch = offer(session, stock=8)
        held = [coupons.claim(session, batch, member, NOON) for member in members]
        return [redemptions.show_code(VAULT, coupon, NOON)[0] for coupon in held]

    codes = server_database.transaction(prepare)

    def work(session: Session, number: int) -> str:
        who = staff.get(session, ("oStaffOne", "oStaffTwo")[number % 2])
        at = NOON + timedelta(seconds=number % 30)
        redemptions.redeem(session, VAULT, codes[number // 2 % 8], who, at)
        return "redeemed"

    outcomes = Counter(race(server_database, work, 64))
    assert outcomes == {"redeemed": 8, "redeem_code_not_valid": 56}
