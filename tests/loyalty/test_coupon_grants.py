"""Grants to many: seen before, handed out in pages, cut short and gone on, told row by row."""

from typing import Any

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from kernel.db import Database
from kernel.refusals import Invalid, NotFound
from loyalty import claims, coupon_grants, coupons
from loyalty.claims import Source
from loyalty.coupon_grants import Audience
from loyalty.coupons import CouponBatch
from loyalty.members import Member
from tests.loyalty import desk
from tests.loyalty.coupon_books import sound
from tests.loyalty.people import join, offer
from tests.loyalty.test_partner_codes import pool
from tests.world import NOON

EVERYBODY: dict[str, Any] = {"all": []}


def start(session: Session, batch: int, audience: Audience) -> int:
    by = desk.hire(session)
    return coupon_grants.start(session, batch, audience, NOON, by=by, title="停机补偿").id


def run(database: Database, grant: int, limit: int = 3) -> int:
    pages = 0
    while database.transaction(
        lambda session: coupon_grants.run_page(session, grant, NOON, limit)
    ):
        pages += 1
    return pages


def crowd(session: Session, count: int) -> list[int]:
    return [join(session) for _ in range(count)]


def test_a_list_is_granted_once_each_with_a_verdict_each(database: Database) -> None:
    def prepare(session: Session) -> tuple[int, list[int]]:
        batch, members = offer(session, 50), crowd(session, 8)
        blocked, ended = members[0], members[1]
        session.execute(update(Member).where(Member.id == blocked).values(state="blocked"))
        session.execute(update(Member).where(Member.id == ended).values(state="merged"))
        audience = Audience((*members, members[5], 999_999))
        seen = coupon_grants.preview(session, batch, audience, NOON)
        assert (seen.asked, seen.fit, seen.left, seen.enough) == (9, 6, 50, True)
        assert seen.skipped == {"blocked": 1, "ended": 1, "no_member": 1}
        return start(session, batch, audience), members

    grant, members = database.transaction(prepare)
    assert run(database, grant) == 3

    def check(session: Session) -> None:
        told = {"given": 6, "blocked": 1, "ended": 1, "no_member": 1}
        assert coupon_grants.report(session, grant) == told
        rows = coupon_grants.rows_of(session, grant, after_id=members[0], limit=2)
        assert [(row.member_id, row.verdict) for row in rows] == [
            (members[1], "ended"),
            (members[2], "given"),
        ]
        for member in members[2:]:
            ((coupon, _),) = coupons.of_member(session, member)
            assert (coupon.source, coupon.seq) == ("grant", None)

    database.read(check)
    assert run(database, grant) == 0
    sound(database)


def test_a_rule_is_granted_in_pages(database: Database) -> None:
    def prepare(session: Session) -> tuple[int, list[int]]:
        batch, members = offer(session, 50), crowd(session, 7)
        session.execute(update(Member).where(Member.id.in_(members[:4])).values(tier_level=2))
        rule = {"field": "tier.level", "op": ">=", "value": 2}
        assert coupon_grants.preview(session, batch, Audience(rule=rule), NOON).fit == 4
        return start(session, batch, Audience(rule=rule)), members

    grant, members = database.transaction(prepare)
    assert run(database, grant) == 2

    def held(session: Session) -> list[int]:
        return [len(coupons.of_member(session, one)) for one in members]

    assert database.read(held) == [1, 1, 1, 1, 0, 0, 0]
    sound(database)


def test_stock_that_does_not_suffice_is_told_and_never_oversold(database: Database) -> None:
    def prepare(session: Session) -> int:
        batch = offer(session, 4, shards=2)
        crowd(session, 7)
        seen = coupon_grants.preview(session, batch, Audience(rule=EVERYBODY), NOON)
        assert (seen.fit, seen.left, seen.enough) == (7, 4, False)
        return start(session, batch, Audience(rule=EVERYBODY))

    grant = database.transaction(prepare)
    run(database, grant)
    told = database.read(lambda session: coupon_grants.report(session, grant))
    assert told == {"given": 4, "out_of_stock": 3}
    sound(database)


def test_a_run_that_is_cut_short_goes_on(sqlite: Database) -> None:
    def prepare(session: Session) -> int:
        batch = offer(session, 50)
        return start(session, batch, Audience(tuple(crowd(session, 7))))

    grant = sqlite.transaction(prepare)

    def killed(session: Session) -> None:
        assert coupon_grants.run_page(session, grant, NOON, 3)
        raise RuntimeError("kill -9")

    sqlite.transaction(lambda session: coupon_grants.run_page(session, grant, NOON, 3))
    with pytest.raises(RuntimeError):
        sqlite.transaction(killed)
    assert run(sqlite, grant) == 2
    assert sqlite.read(lambda session: coupon_grants.report(session, grant)) == {"given": 7}
    sound(sqlite)


def test_a_pool_s_codes_go_out_with_a_grant(database: Database) -> None:
    def prepare(session: Session) -> int:
        batch = pool(session, "CODE-A1", "CODE-B2", "CODE-C3")
        return start(session, batch, Audience(tuple(crowd(session, 5))))

    grant = database.transaction(prepare)
    run(database, grant, limit=2)
    told = database.read(lambda session: coupon_grants.report(session, grant))
    assert told == {"given": 3, "out_of_stock": 2}
    sound(database)


def test_what_cannot_be_granted_is_said_at_once(sqlite: Database) -> None:
    def work(session: Session) -> None:
        batch, member = offer(session, 5), join(session)
        for audience in (Audience(), Audience(rule={"field": "x"})):
            with pytest.raises(Invalid):
                start(session, batch, audience)
        with pytest.raises(NotFound):
            start(session, 999, Audience((member,)))
        with pytest.raises(Invalid):
            coupon_grants.start(session, batch, Audience((member,)), NOON, by=1, title=" ")
        session.execute(update(CouponBatch).values(state="closed"))
        session.expire_all()
        with pytest.raises(Invalid):
            start(session, batch, Audience((member,)))
        with pytest.raises(NotFound):
            coupon_grants.run_page(session, 999, NOON)

    sqlite.transaction(work)


def test_a_grant_is_no_claim(sqlite: Database) -> None:
    def prepare(session: Session) -> tuple[int, int, int]:
        batch, member = offer(session, 5), join(session)
        claims.claim(session, batch, member, NOON)
        claims.give(session, batch, member, NOON, Source("gift", "g"))
        return start(session, batch, Audience((member,))), batch, member

    grant, _, member = sqlite.transaction(prepare)
    run(sqlite, grant)
    assert len(sqlite.read(lambda session: coupons.of_member(session, member))) == 3
    sound(sqlite)
