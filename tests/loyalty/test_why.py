"""Why not me? The first unmet condition of what is explained is what the deed refuses with."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from kernel.db import Database
from kernel.refusals import NotFound, Refused
from loyalty import (
    checkin_programmes,
    checkins,
    claims,
    coupon_locks,
    coupons,
    make_ups,
    points,
    reward_exchanges,
    why,
)
from loyalty.coupon_locks import Order
from loyalty.coupons import Coupon
from loyalty.members import Member
from loyalty.points import Credit
from loyalty.reward_exchanges import Wish
from tests.loyalty.people import NEXT_YEAR, POLICY, VAULT, join, offer, open_programme
from tests.loyalty.shop import LIMEI, show
from tests.world import NOON

YESTERDAY = date(2026, 11, 19)


def agree(session: Session, deed: why.Deed, member: int, do: Callable[[], Any]) -> str:
    """The deed's refusal is the first unmet condition's; its code, empty when nothing stands."""
    stated = why.explain(session, deed, member, NOON, POLICY)
    assert stated
    assert all(condition.title and condition.value for condition in stated)
    expected = next((one.refusal for one in stated if not one.met), None)
    if expected is None:
        do()
        return ""
    with pytest.raises(Refused) as refused, session.begin_nested():
        do()
    assert (refused.value.code, refused.value.facts) == (expected.code, expected.facts)
    return refused.value.code


def test_a_check_in(sqlite: Database) -> None:
    def work(session: Session) -> list[str]:
        member = join(session)
        check_in = lambda: checkins.check_in(session, member, NOON, POLICY)  # noqa: E731
        seen = [agree(session, why.CheckIn(), member, check_in)]
        programme = open_programme(session)
        session.execute(update(Member).values(state="blocked"))
        seen.append(agree(session, why.CheckIn(), member, check_in))
        session.execute(update(Member).values(state="active"))
        seen.append(agree(session, why.CheckIn(), member, check_in))
        seen.append(agree(session, why.CheckIn(), member, check_in))
        checkin_programmes.end(session, programme, date(2026, 11, 21), NOON)
        return seen

    assert sqlite.transaction(work) == [
        "no_check_in_programme", "member_blocked", "", "already_checked_in",
    ]  # fmt: skip


def test_a_make_up(sqlite: Database) -> None:
    def work(session: Session) -> list[str]:
        member = join(session)
        joined = {"registered_at": NOON - timedelta(days=3)}
        session.execute(update(Member).values(**joined))
        open_programme(session)

        def ask(day: date) -> str:
            deed = lambda: make_ups.make_up(session, member, day, NOON, POLICY)  # noqa: E731
            return agree(session, why.MakeUp(day), member, deed)

        seen = [ask(YESTERDAY)]
        points.earn(session, member, [Credit(50, "begin", "")], NOON, NEXT_YEAR)
        return [*seen, ask(date(2026, 11, 10)), ask(YESTERDAY), ask(YESTERDAY)]

    assert sqlite.transaction(work) == [
        "not_enough_points", "day_not_open", "", "already_checked_in",
    ]  # fmt: skip


def test_a_claim(database: Database) -> None:
    def work(session: Session) -> list[str]:
        member = join(session)

        def ask(batch: int) -> str:
            deed = lambda: claims.claim(session, batch, member, NOON)  # noqa: E731
            return agree(session, why.Claim(batch), member, deed)

        open_batch = offer(session, stock=5)
        dear = offer(session, stock=5, price_points=10)
        high = offer(session, stock=5, min_tier=1)
        empty = offer(session, stock=0)
        return [ask(open_batch), ask(open_batch), ask(dear), ask(high), ask(empty)]

    assert database.transaction(work) == [
        "", "claim_limit_reached", "not_enough_points", "tier_too_low", "out_of_stock",
    ]  # fmt: skip


def test_the_use_of_a_coupon(sqlite: Database) -> None:
    def work(session: Session) -> list[str]:
        member = join(session)

        def held(**terms: Any) -> Coupon:
            return claims.claim(session, offer(session, stock=5, **terms), member, NOON)

        def ask(coupon: Coupon, fen: int = 9_900, name: str = "order") -> str:
            def deed() -> None:
                order = Order(name, fen)
                ttl = timedelta(minutes=5)
                coupon_locks.lock(session, coupon.id, member, order, NOON, ttl=ttl)

            return agree(session, why.Use(coupon.id, fen), member, deed)

        plain, early = held(), held(validity="next_days", valid_days=3)
        large, closed = held(min_order_fen=10_000), held(unusable={"weekdays": [4], "dates": []})
        return [
            ask(large), ask(early), ask(closed), ask(plain), ask(plain, name="other"),
            ask(large, 10_000, "large"),
        ]  # fmt: skip

    assert sqlite.transaction(work) == [
        "order_too_small", "coupon_not_yet_usable", "coupon_not_usable_today", "",
        "coupon_locked", "",
    ]  # fmt: skip


def test_an_exchange(sqlite: Database) -> None:
    def work(session: Session) -> list[str]:
        member = join(session)
        reward = show(session, stock=2, price=10)

        def ask(key: str) -> str:
            wish = Wish(reward, member, key, LIMEI)
            deed = lambda: reward_exchanges.exchange(session, VAULT, wish, NOON, POLICY)  # noqa: E731
            return agree(session, why.Exchange(reward), member, deed)

        seen = [ask("one")]
        points.earn(session, member, [Credit(50, "begin", "")], NOON, NEXT_YEAR)
        return [*seen, ask("two"), ask("three")]

    assert sqlite.transaction(work) == ["not_enough_points", "", "reward_limit_reached"]


def test_what_is_not_there_or_not_ones_own_is_not_explained(sqlite: Database) -> None:
    def work(session: Session) -> None:
        mine, other = join(session), join(session)
        coupon = claims.claim(session, offer(session, stock=5), mine, NOON)
        for deed in (why.Claim(999), why.Exchange(999), why.Use(coupon.id)):
            with pytest.raises(NotFound):
                why.explain(session, deed, other, NOON, POLICY)
        assert coupons.get_of_member(session, coupon.id, mine)

    sqlite.transaction(work)
