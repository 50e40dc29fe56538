"""Claims and gifts of coupons: every condition, the same list for refusing and for explaining."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from kernel.activity import Activity
from kernel.db import Database
from kernel.refusals import NotFound, Refused
from loyalty import claims, coupon_batches, coupon_validity, coupons, points
from loyalty.claims import Ask, Source
from loyalty.coupons import Coupon, CouponBatch
from loyalty.members import Member
from tests.loyalty.coupon_books import enrich, sound
from tests.loyalty.crowd import Person, settle
from tests.loyalty.people import VAULT, join, offer
from tests.test_statements import counted
from tests.world import NOON

DAY = timedelta(days=1)
# 23:59:59.9 in Shanghai on the last day of a February of 29 days.
EVE = datetime(2028, 2, 29, 15, 59, 59, 900_000, tzinfo=UTC)
PHRASE = coupon_batches.digest_phrase(VAULT, "宽带提速")


def claim(session: Session, batch: int, member: int, **ask: Any) -> Coupon:
    return claims.claim(session, batch, member, NOON, ask=Ask(**ask))


@pytest.mark.parametrize(
    ("terms", "code"),
    [
        ({"channels": ["chat"]}, "coupon_wrong_channel"),
        ({"phrase_digest": PHRASE}, "coupon_phrase_wrong"),
        ({"min_tier": 1}, "tier_too_low"),
        ({"needs_tag": "vip"}, "coupon_tag_missing"),
        ({"rule": {"field": "tier.level", "op": ">=", "value": 1}}, "rule_not_met"),
        ({"price_points": 1}, "not_enough_points"),
        ({"stock": 0}, "out_of_stock"),
        ({"starts_at": NOON + timedelta(microseconds=1)}, "not_claimable"),
        ({"ends_at": NOON}, "not_claimable"),
    ],
)
def test_each_condition_refuses_and_explains_itself(
    database: Database, terms: dict[str, Any], code: str
) -> None:
    def work(session: Session) -> None:
        batch, member = offer(session, **{"stock": 5, **terms}), join(session)
        found = claims.conditions(session, coupons.get_batch(session, batch), member, NOON)
        assert [one.refusal.code for one in found if not one.met] == [code]
        assert all(one.title and one.value for one in found)
        with pytest.raises(Refused) as refused:
            claim(session, batch, member)
        assert refused.value.code == code
        assert session.query(Coupon).count() == 0

    database.transaction(work)
    sound(database)


@pytest.mark.parametrize(
    ("state", "code"),
    [
        ("draft", "not_found"),
        ("paused", "coupon_batch_not_open"),
        ("closed", "coupon_batch_not_open"),
    ],
)
def test_only_an_open_batch_is_claimed_or_given(database: Database, state: str, code: str) -> None:
    def work(session: Session) -> None:
        batch, member = offer(session, 5), join(session)
        session.execute(update(CouponBatch).values(state=state))
        with pytest.raises(Refused) as refused:
            claim(session, batch, member)
        assert refused.value.code == code
        assert claims.give(session, batch, member, NOON, Source("gift", "g")) is None
        assert coupons.open_batches(session, NOON) == []

    database.transaction(work)


@pytest.mark.parametrize(
    ("state", "code"), [("blocked", "member_blocked"), ("erased", "member_ended")]
)
def test_whoever_is_not_active_gets_nothing(database: Database, state: str, code: str) -> None:
    def work(session: Session) -> None:
        batch, member = offer(session, 5), join(session)
        session.execute(update(Member).values(state=state))
        with pytest.raises(Refused) as refused:
            claim(session, batch, member)
        assert refused.value.code == code
        assert claims.give(session, batch, member, NOON, Source("gift", "g")) is None

    database.transaction(work)


def test_who_meets_them_all_has_the_coupon(database: Database) -> None:
    digest = coupon_batches.digest_phrase(VAULT, " 宽带　提速！")

    def work(session: Session) -> None:
        person = Person(level=2, tags=("vip",), expiring=[(300, 100)])
        member = settle(session, person, NOON)
        batch = offer(
            session,
            5,
            channels=["chat", "site"],
            phrase_digest=PHRASE,
            min_tier=2,
            needs_tag="vip",
            rule={"field": "points.balance", "op": ">=", "value": 100},
            price_points=40,
        )
        coupon = claim(session, batch, member, channel="chat", phrase_digest=digest)
        assert (coupon.source, coupon.seq, coupon.paid_points) == ("chat", 1, 40)
        assert points.balance_of(session, member) == 60
        ask = Ask("chat", digest)
        found = claims.conditions(
            session, coupons.get_batch(session, batch), member, NOON, ask=ask
        )
        unmet = {one.refusal.code for one in found if not one.met}
        assert unmet == {"claim_limit_reached", "rule_not_met"}
        assert len(found) == 11

    database.transaction(work)
    sound(database)


def test_an_empty_phrase_opens_nothing(sqlite: Database) -> None:
    assert coupon_batches.digest_phrase(VAULT, " ！ ") == ""

    def work(session: Session) -> None:
        offer(session, 5)
        batch = offer(session, 5, phrase_digest=PHRASE)
        assert coupon_batches.find_by_phrase(session, "", NOON) is None
        found = coupon_batches.find_by_phrase(session, PHRASE, NOON)
        assert found is not None
        assert found.id == batch

    sqlite.transaction(work)


def test_one_statement_writes_what_the_steps_write(database: Database) -> None:
    """On PostgreSQL one statement, elsewhere steps: the rows are the same to the last column."""

    def work(session: Session) -> None:
        batch, member = offer(session, 5), join(session)
        claimed = claim(session, batch, member)
        session.expire_all()
        row = session.get_one(Coupon, claimed.id)
        assert (row.batch_id, row.member_id, row.seq, row.state) == (batch, member, 1, "available")
        assert (row.source, row.source_reference, row.paid_points) == ("site", None, 0)
        assert (row.claimed_at, row.valid_from) == (NOON, NOON)
        assert row.valid_until == NOON + timedelta(days=30)
        assert (row.order_reference, row.locked_until, row.used_at, row.void_id) == (None,) * 4
        noted = session.scalars(select(Activity).where(Activity.kind == "coupon.claimed")).one()
        assert (noted.member_id, noted.facts, noted.at) == (member, {"batch_id": batch}, NOON)

    database.transaction(work)
    sound(database)


def test_the_day_s_limit_ends_at_midnight_in_shanghai(database: Database) -> None:
    late = datetime(2026, 11, 20, 15, 59, 59, 900_000, tzinfo=UTC)  # 23:59:59.9

    def work(session: Session) -> None:
        batch, member = offer(session, 9, per_member=3, per_day=1), join(session)
        claims.claim(session, batch, member, late)
        with pytest.raises(Refused) as refused:
            claims.claim(session, batch, member, late + timedelta(milliseconds=50))
        assert refused.value.code == "daily_claim_limit_reached"
        claims.claim(session, batch, member, late + timedelta(milliseconds=200))

    database.transaction(work)
    sound(database)


def test_a_claim_sends_few_statements(database: Database) -> None:
    """One on PostgreSQL, which judges and writes; five elsewhere."""

    def prepare(session: Session) -> tuple[int, int]:
        return offer(session, 5), join(session)

    batch, member = database.transaction(prepare)
    with counted(database.engine) as sent:
        database.transaction(lambda session: claim(session, batch, member))
    sent = [text for text in sent if not text.startswith("BEGIN")]
    most = 1 if database.engine.dialect.name == "postgresql" else 5
    assert len(sent) <= most, sent


def test_a_claim_after_sell_out_costs_no_write(database: Database) -> None:
    def prepare(session: Session) -> tuple[int, int]:
        batch = offer(session, 1)
        claim(session, batch, join(session))
        return batch, join(session)

    batch, late = database.transaction(prepare)
    postgres = database.engine.dialect.name == "postgresql"

    def work(session: Session) -> None:
        with counted(database.engine) as sent, pytest.raises(Refused) as refused:
            claim(session, batch, late)
        assert refused.value.code == "out_of_stock"
        kinds = [text.lstrip()[:6] for text in sent if not text.startswith("BEGIN")]
        assert kinds == (["WITH f", "SELECT"] if postgres else ["SELECT"])
        if postgres:  # a number is drawn by the first write of a transaction
            assert session.scalar(text("SELECT pg_current_xact_id_if_assigned()")) is None

    database.transaction(work)


@pytest.mark.parametrize("at", [EVE, EVE + timedelta(milliseconds=200)])
@pytest.mark.parametrize(
    "terms",
    [
        {"validity": "days", "valid_days": 3},
        {"validity": "next_days", "valid_days": 3},
        {"validity": "month_end"},
        {"validity": "fixed", "fixed_from": EVE - DAY, "fixed_until": EVE + 9 * DAY},
        {"validity": "fixed", "fixed_from": EVE + DAY, "fixed_until": EVE + 9 * DAY},
    ],
)
def test_every_form_of_life_is_the_same_everywhere(
    database: Database, terms: dict[str, Any], at: datetime
) -> None:
    def work(session: Session) -> None:
        batch = offer(session, 5, at=EVE, **terms)
        coupon = claims.claim(session, batch, join(session), at)
        session.expire_all()
        life = coupon_validity.window_of(coupons.get_batch(session, batch), at)
        assert (coupon.valid_from, coupon.valid_until) == life

    database.transaction(work)


def test_what_does_not_exist_is_not_found(sqlite: Database) -> None:
    def work(session: Session) -> None:
        batch = offer(session, 1)
        for batch_id, member in ((batch, 999_999), (999_999, join(session))):
            with pytest.raises(NotFound):
                claim(session, batch_id, member)
        with pytest.raises(NotFound):
            claims.batch_id_of(session, "none")

    sqlite.transaction(work)


def test_a_refused_claim_takes_no_points(database: Database) -> None:
    def prepare(session: Session) -> tuple[int, int]:
        member = join(session)
        enrich(session, member, 30)
        return offer(session, 5, price_points=20, per_member=5), member

    batch, member = database.transaction(prepare)
    database.transaction(lambda session: claim(session, batch, member))
    with pytest.raises(Refused) as refused:
        database.transaction(lambda session: claim(session, batch, member))
    assert refused.value.code == "not_enough_points"
    assert refused.value.facts == {"balance": 10, "price": 20}
    assert database.read(lambda session: points.balance_of(session, member)) == 10
    sound(database)


def test_a_fixed_window_that_is_over_gives_nothing(database: Database) -> None:
    def work(session: Session) -> None:
        batch = offer(
            session,
            5,
            validity="fixed",
            fixed_from=NOON - timedelta(days=1),
            fixed_until=NOON + timedelta(days=8),
        )
        session.execute(update(CouponBatch).values(fixed_until=NOON))
        with pytest.raises(Refused) as refused:
            claim(session, batch, join(session))
        assert refused.value.code == "not_claimable"
        assert claims.give(session, batch, join(session), NOON, Source("gift", "g")) is None

    database.transaction(work)
