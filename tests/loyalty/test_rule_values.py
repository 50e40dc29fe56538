"""What a rule compares: days that turn at midnight in Shanghai, missing answers, plain texts."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from kernel.clock import day_start
from kernel.db import Database
from kernel.refusals import every_refusal
from loyalty import claims, rules, vocabulary_profiles
from loyalty.coupons import CouponBatch
from loyalty.members import Member
from loyalty.rules import RuleInvalid
from loyalty.vocabulary import BASE
from tests.loyalty.crowd import Person, settle
from tests.loyalty.people import join, offer
from tests.world import NOON


def matches(session: Session, value: Any, at: datetime) -> bool:
    found = session.scalars(select(Member.id).where(rules.where(rules.parse(value), at)))
    return found.first() is not None


@pytest.mark.parametrize("days", [1, 2])
def test_a_window_of_days_turns_at_midnight_in_shanghai(database: Database, days: int) -> None:
    leaf = {"field": "check_ins.count", "days": days, "op": "=", "value": 1}
    today = {"field": "check_ins.today", "op": "=", "value": True}
    streak = {"field": "check_ins.streak", "op": "=", "value": 1}
    turn = day_start(date(2026, 11, 20) + timedelta(days=days))

    def work(session: Session) -> None:
        settle(session, Person(check_ins={0: 1}), NOON)
        last = turn - timedelta(microseconds=1)
        assert matches(session, leaf, last)
        assert not matches(session, leaf, turn)
        assert matches(session, today, last) is (days == 1)
        # A streak lives through the day after its last check-in.
        assert matches(session, streak, last)
        assert matches(session, streak, turn) is (days == 1)

    database.transaction(work)


def test_registered_days_count_business_days(database: Database) -> None:
    """Joined at 12:00 of the 20th: at 00:00 of the 21st that is a day ago."""
    leaf = {"field": "member.registered_days", "op": ">=", "value": 1}
    midnight = datetime(2026, 11, 20, 16, tzinfo=UTC)

    def work(session: Session) -> None:
        join(session)
        assert not matches(session, leaf, midnight - timedelta(microseconds=1))
        assert matches(session, leaf, midnight)

    database.transaction(work)


def test_a_leap_day_is_a_day_of_a_rule(sqlite: Database) -> None:
    leaf = {"field": "today", "op": "=", "value": "2028-02-29"}

    def work(session: Session) -> None:
        join(session)
        assert matches(session, leaf, datetime(2028, 2, 28, 16, tzinfo=UTC))
        assert not matches(session, leaf, datetime(2028, 2, 29, 16, tzinfo=UTC))

    sqlite.transaction(work)


def test_a_missing_answer_meets_only_what_denies(database: Database) -> None:
    city = {"field": "profile.city", "op": "=", "value": "杭州"}
    age = {"field": "profile.age", "op": "<", "value": 30}

    def work(session: Session) -> None:
        join(session)
        assert not matches(session, city, NOON)
        assert matches(session, {"not": city}, NOON)
        assert matches(session, {**city, "op": "!="}, NOON)
        assert not matches(session, age, NOON)
        assert matches(session, {"not": age}, NOON)

    database.transaction(work)


def test_texts_are_compared_exactly_and_never_run(database: Database) -> None:
    leaf = {"field": "profile.city", "op": "=", "value": "' OR 1=1 --"}

    def work(session: Session) -> None:
        settle(session, Person(city="Hangzhou"), NOON)
        assert not matches(session, leaf, NOON)
        assert matches(session, {**leaf, "value": "Hangzhou"}, NOON)
        assert not matches(session, {**leaf, "value": "hangzhou"}, NOON)

    database.transaction(work)


def test_a_hall_s_own_fields_carry_their_titles(sqlite: Database) -> None:
    def work(session: Session) -> None:
        settle(session, Person(city="Hangzhou"), NOON)
        known = BASE.with_fields(vocabulary_profiles.of_profile(session))
        leaf = {"field": "profile.city", "op": "=", "value": "Hangzhou"}
        assert rules.explain(rules.parse(leaf, vocabulary=known)) == "城市为“Hangzhou”"
        with pytest.raises(RuleInvalid):
            rules.parse({**leaf, "value": 7}, vocabulary=known)
        rule = rules.parse(leaf)
        assert rules.explain(rule, rules.names_of(session, rule)) == "城市为“Hangzhou”"

    sqlite.transaction(work)


def test_the_refusals_have_names_of_their_own() -> None:
    codes = [refusal.code for refusal in every_refusal()]
    assert codes.count("rule_invalid") == codes.count("rule_not_met") == 1


def coupons_leaf(kind: str, value: int, **more: Any) -> dict[str, Any]:
    return {"field": f"coupons.{kind}", "op": "=", "value": value, **more}


def test_coupons_are_counted_by_what_became_of_them(database: Database) -> None:
    def work(session: Session) -> None:
        member = join(session)
        batch = session.get_one(CouponBatch, offer(session, stock=5, per_member=3))
        first, second, third = (claims.claim(session, batch.id, member, NOON) for _ in range(3))
        first.state, first.used_at = "used", NOON
        second.state = "locked"
        session.flush()
        ends = third.valid_until
        last = ends - timedelta(microseconds=1)
        code = batch.code
        assert matches(session, coupons_leaf("claimed", 3), NOON)
        assert matches(session, coupons_leaf("claimed", 3, batch=code, days=1), NOON)
        assert matches(session, coupons_leaf("claimed", 0, days=1), NOON + timedelta(days=1))
        assert matches(session, coupons_leaf("claimed", 0, batch="other"), NOON)
        assert matches(session, coupons_leaf("used", 1, days=1), NOON)
        assert matches(session, coupons_leaf("used", 0, days=1), NOON + timedelta(days=1))
        assert matches(session, coupons_leaf("held", 2, batch=code), last)
        assert matches(session, coupons_leaf("available", 1, batch=code), last)
        assert matches(session, coupons_leaf("held", 0), ends)
        assert matches(session, coupons_leaf("available", 0), ends)

    database.transaction(work)


def test_whom_a_member_brought_is_counted_by_day(database: Database) -> None:
    leaf = {"field": "member.invited", "days": 1, "op": "=", "value": 1}

    def work(session: Session) -> None:
        inviter, brought = join(session), join(session)
        session.get_one(Member, brought).inviter_id = inviter
        session.flush()
        query = select(Member.id).where(rules.where(rules.parse(leaf), NOON))
        assert session.scalars(query).all() == [inviter]
        assert not matches(session, leaf, NOON + timedelta(days=1))

    database.transaction(work)
