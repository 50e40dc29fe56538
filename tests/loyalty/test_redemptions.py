"""Redemptions at the counter: what may be taken today, and the undo within two days."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from kernel.db import Database
from kernel.refusals import Invalid, NotFound, Refused
from loyalty import coupons, redemption_undos, redemptions
from loyalty.coupons import Coupon
from loyalty.members import Member
from loyalty.redemption_undos import By, RedemptionUndo
from loyalty.redemptions import Redemption
from tests.loyalty import desk
from tests.loyalty.coupon_books import clerk, hold, redeem, sound
from tests.loyalty.people import POLICY, VAULT
from tests.world import NOON

HOUR = timedelta(hours=1)


def refusal(session: Session, coupon: Coupon, at: datetime, **said: int) -> str:
    with pytest.raises(Refused) as refused:
        redeem(session, coupon, at, **said)
    return refused.value.code


def test_an_order_s_value_is_kept_with_what_was_saved(database: Database) -> None:
    def work(session: Session) -> None:
        coupon = hold(session, min_order_fen=3_000)
        assert refusal(session, coupon, NOON, order_fen=2_999) == "order_too_small"
        number = redeem(session, coupon, order_fen=5_000)
        row = session.get_one(Redemption, number)
        assert (row.order_fen, row.saved_fen, row.channel) == (5_000, 1_000, "counter")
        assert row.standing_coupon_id == coupon.id
        assert coupons.state_at(coupon, NOON) == "used"

    database.transaction(work)
    sound(database)


def test_a_coupon_from_tomorrow_waits_for_midnight(database: Database) -> None:
    midnight = datetime(2026, 11, 20, 16, tzinfo=UTC)

    def work(session: Session) -> None:
        coupon = hold(session, validity="next_days", valid_days=1)
        tenth = timedelta(milliseconds=100)
        assert refusal(session, coupon, midnight - tenth) == "coupon_not_yet_usable"
        assert refusal(session, coupon, midnight + timedelta(days=1)) == "redeem_code_not_valid"
        assert redeem(session, coupon, midnight)

    database.transaction(work)
    sound(database)


def test_days_without_use(sqlite: Database) -> None:
    def work(session: Session) -> None:
        dates = [["2026-11-01", "2026-11-02"], ["2026-11-20", "2026-11-20"]]
        coupon = hold(session, unusable={"weekdays": [5], "dates": dates})
        assert refusal(session, coupon, NOON) == "coupon_not_usable_today"
        assert refusal(session, coupon, NOON + 24 * HOUR) == "coupon_not_usable_today"
        assert redeem(session, coupon, NOON + 48 * HOUR)

    sqlite.transaction(work)


def test_a_guesser_does_not_learn_why(sqlite: Database) -> None:
    """Only the right code tells that the coupon rests today."""

    def work(session: Session) -> None:
        coupon = hold(session, unusable={"weekdays": [4]})
        code, _ = redemptions.show_code(VAULT, coupon, NOON)
        wrong = f"{coupon.id}-{(int(code[-6:]) + 1) % 1_000_000:06d}"
        with pytest.raises(Refused) as refused:
            redemptions.find_shown(session, VAULT, wrong, NOON)
        assert refused.value.code == "redeem_code_not_valid"

    sqlite.transaction(work)


def test_a_blocked_member_s_coupon_is_not_taken(sqlite: Database) -> None:
    def work(session: Session) -> None:
        coupon = hold(session)
        session.execute(update(Member).values(state="blocked"))
        assert refusal(session, coupon, NOON) == "member_blocked"

    sqlite.transaction(work)


def undo(session: Session, number: int, at: datetime, by: By, why: str = "扫错") -> RedemptionUndo:
    return redemption_undos.undo(session, number, at, by=by, reason=why, policy=POLICY)


def test_an_undo_is_a_record_and_the_coupon_can_be_used_again(database: Database) -> None:
    def work(session: Session) -> None:
        coupon = hold(session)
        first = redeem(session, coupon)
        wang = clerk(session)
        done = undo(session, first, NOON + HOUR, By(wang))
        again = undo(session, first, NOON + 2 * HOUR, By(wang), "又一次")
        assert (again.undone_at, again.reason, again.staff_id) == (NOON + HOUR, "扫错", wang.id)
        assert done is again
        session.refresh(coupon)
        assert (coupon.state, coupon.used_at) == ("available", None)
        assert redemptions.taken_by(session, wang.id, NOON) == []
        second = redeem(session, coupon, NOON + 3 * HOUR)
        assert second != first
        rows = session.execute(
            select(Redemption.coupon_id, Redemption.standing_coupon_id).order_by(Redemption.id)
        ).all()
        assert [tuple(row) for row in rows] == [(coupon.id, None), (coupon.id, coupon.id)]

    database.transaction(work)
    sound(database)


def test_an_undo_has_its_hours_its_branch_and_its_reason(sqlite: Database) -> None:
    def work(session: Session) -> None:
        number = redeem(session, hold(session))
        wang = By(clerk(session))
        other = By(clerk(session, "oLi", "xihu"))
        with pytest.raises(Refused) as refused:
            undo(session, number, NOON + HOUR, other)
        assert refused.value.code == "undo_other_branch"
        for why in ("", "  ", "x" * 61):
            with pytest.raises(Invalid):
                undo(session, number, NOON + HOUR, wang, why)
        with pytest.raises(NotFound):
            undo(session, 999_999, NOON + HOUR, wang)
        with pytest.raises(Refused) as refused:
            undo(session, number, NOON + 48 * HOUR, wang)
        assert refused.value.facts == {"hours": 48}
        assert undo(session, number, NOON + 48 * HOUR - timedelta(microseconds=1), wang)

    sqlite.transaction(work)
    sound(sqlite)


def test_an_operator_undoes_for_any_branch(sqlite: Database) -> None:
    def work(session: Session) -> None:
        number = redeem(session, hold(session))
        operator = desk.hire(session)
        done = undo(session, number, NOON + HOUR, By(operator_id=operator))
        assert (done.operator_id, done.staff_id) == (operator, None)

    sqlite.transaction(work)


def test_what_expired_meanwhile_reads_expired(sqlite: Database) -> None:
    def work(session: Session) -> None:
        coupon = hold(session, valid_days=1)
        number = redeem(session, coupon, NOON + 23 * HOUR)
        undo(session, number, NOON + 25 * HOUR, By(clerk(session)))
        session.refresh(coupon)
        assert coupons.state_at(coupon, NOON + 25 * HOUR) == "expired"

    sqlite.transaction(work)
    sound(sqlite)
