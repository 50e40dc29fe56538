"""Decisions are carried out page by page, and one that is stuck holds up no other."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from handlers import unfinished
from kernel.clock import business_day
from loyalty import amnesties, checkins, coupon_grants, coupon_locks, coupon_voids
from loyalty.amnesties import Amnesty
from loyalty.checkin_days import CheckIn
from loyalty.coupon_grants import Audience, CouponGrant
from loyalty.coupon_locks import Order
from loyalty.coupon_voids import Target
from loyalty.coupons import Coupon
from tests.jobs.house import House
from tests.loyalty.books import breaches
from tests.loyalty.coupon_books import hold
from tests.loyalty.people import POLICY, join, join_many, offer, open_programme
from tests.world import NOON


def states(house: House) -> dict[str, int]:
    query = select(Coupon.state, func.count()).group_by(Coupon.state)
    rows = house.database.read(lambda session: session.execute(query).all())
    return {row[0]: row[1] for row in rows}


def grant_to(house: House, count: int) -> int:
    members = join_many(house.database, count)

    def start(session: Session) -> int:
        audience = Audience(member_ids=tuple(members))
        batch = offer(session, 100)
        return coupon_grants.start(session, batch, audience, NOON, by=1, title="补偿").id

    return house.database.transaction(start)


def test_a_grant_is_handed_out(house: House) -> None:
    grant = grant_to(house, 5)
    unfinished.carry_out(house.tools)
    assert states(house) == {"available": 5}
    found = house.database.read(lambda session: session.get_one(CouponGrant, grant))
    assert found.finished_at == house.clock.now()
    unfinished.carry_out(house.tools)
    assert states(house) == {"available": 5}
    assert breaches(house.database) == {}


def test_a_void_takes_them_back(house: House) -> None:
    grant = grant_to(house, 3)
    unfinished.carry_out(house.tools)
    house.do(
        lambda session: coupon_voids.start(
            session, Target("grant", grant), NOON, by=1, reason="发错了", returns_stock=True
        )
    )
    unfinished.carry_out(house.tools)
    assert states(house) == {"void": 3}
    assert breaches(house.database) == {}


def test_an_amnesty_protects_the_day(house: House) -> None:
    yesterday = business_day(NOON) - timedelta(days=1)

    def declare(session: Session) -> None:
        open_programme(session)
        member = join(session)
        checkins.check_in(session, member, NOON - timedelta(days=2), POLICY)
        amnesties.declare(session, yesterday, "系统维护", 1, NOON)

    house.do(declare)
    unfinished.carry_out(house.tools)
    days = select(CheckIn.day).where(CheckIn.kind == "amnesty")
    assert house.database.read(lambda session: session.scalars(days).all()) == [yesterday]
    ended = select(Amnesty.finished_at)
    assert house.database.read(lambda session: session.scalar(ended)) == NOON


def test_what_is_stuck_holds_up_no_other(
    quick_house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    stuck, fine = grant_to(quick_house, 2), grant_to(quick_house, 2)
    run_page = coupon_grants.run_page

    def sometimes(session: Session, grant_id: int, *rest: object) -> bool:
        if grant_id == stuck:
            raise ValueError("a rule that is none")
        return run_page(session, grant_id, *rest)  # type: ignore[arg-type]

    waiting, _ = unfinished._DECISIONS["grant"]
    monkeypatch.setitem(unfinished._DECISIONS, "grant", (waiting, sometimes))
    unfinished.carry_out(quick_house.tools)
    ended = select(CouponGrant.id).where(CouponGrant.finished_at.is_not(None))
    assert quick_house.database.read(lambda session: session.scalars(ended).all()) == [fine]


def test_coupons_of_orders_that_came_to_nothing_are_free_again(house: House) -> None:
    def lock(session: Session) -> None:
        coupon = hold(session)
        order, ttl = Order("order:1", 10_000), timedelta(minutes=15)
        coupon_locks.lock(session, coupon.id, coupon.member_id, order, NOON, ttl=ttl)

    house.do(lock)
    unfinished.free_coupons(house.tools)
    assert states(house) == {"locked": 1}
    house.clock.move(minutes=15)
    unfinished.free_coupons(house.tools)
    assert states(house) == {"available": 1}
