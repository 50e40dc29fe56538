"""Which batches, coupons and redemptions a list holds, where it ends, and what is written down."""

import dataclasses
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from kernel.activity import Activity
from kernel.audit import AuditEntry
from kernel.db import Database
from kernel.refusals import Invalid
from loyalty import coupon_batches, coupon_locks, coupon_validity, coupons, redemptions
from loyalty.coupon_locks import Order
from loyalty.coupons import Coupon, CouponBatch
from loyalty.redemptions import Redemption
from tests.loyalty import desk
from tests.loyalty.coupon_books import clerk, hold
from tests.loyalty.people import VAULT, offer
from tests.world import NOON

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
TICK = timedelta(microseconds=1)
BACKWARDS = "结束早于开始：2027-02-02~2027-02-01"


def test_open_batches_end_first_first_within_their_window(sqlite: Database) -> None:
    def work(session: Session) -> None:
        late = offer(session, 5, ends_at=NOON + 9 * DAY)
        soon, twin = offer(session, 5, ends_at=NOON + DAY), offer(session, 5, ends_at=NOON + DAY)
        begun = offer(session, 5, starts_at=NOON, ends_at=NOON + 2 * DAY)
        offer(session, 5, starts_at=NOON + TICK)
        offer(session, 5, starts_at=NOON - DAY, ends_at=NOON)
        coupon_batches.move(session, offer(session, 5), "paused", NOON)
        session.flush()
        found = [batch.id for batch in coupons.open_batches(session, NOON)]
        assert found == [soon, twin, begun, late]

    sqlite.transaction(work)


def test_without_a_channel_named_it_is_the_site(sqlite: Database) -> None:
    def work(session: Session) -> None:
        site = offer(session, 5, channels=["site"])
        offer(session, 5, channels=["chat"])
        assert [batch.id for batch in coupons.open_batches(session, NOON)] == [site]

    sqlite.transaction(work)


def test_a_phrase_finds_the_open_batch_that_ends_first(sqlite: Database) -> None:
    digest = coupon_batches.digest_phrase(VAULT, "国庆快乐")

    def said(session: Session, **terms: Any) -> int:
        return offer(session, 5, phrase_digest=digest, **terms)

    def found(session: Session) -> int | None:
        batch = coupon_batches.find_by_phrase(session, digest, NOON)
        return None if batch is None else batch.id

    def work(session: Session) -> None:
        said(session, ends_at=NOON)
        said(session, starts_at=NOON + TICK, ends_at=NOON + HOUR)
        coupon_batches.move(session, said(session, ends_at=NOON + HOUR), "closed", NOON)
        offer(session, 5, ends_at=NOON + HOUR)
        session.flush()
        assert found(session) is None
        last = said(session, ends_at=NOON + 3 * DAY)
        assert found(session) == last
        first = said(session, starts_at=NOON, ends_at=NOON + 2 * DAY)
        said(session, ends_at=NOON + 2 * DAY)
        assert found(session) == first
        assert coupon_batches.find_by_phrase(session, "", NOON) is None

    sqlite.transaction(work)


def test_a_move_is_written_down_and_counted(sqlite: Database) -> None:
    def work(session: Session) -> None:
        operator = desk.hire(session)
        batch = offer(session, 5)
        for state in ("paused", "open", "closed"):
            coupon_batches.move(session, batch, state, NOON, by=operator)
        with pytest.raises(Invalid) as refused:
            coupon_batches.move(session, batch, "open", NOON)
        assert refused.value.facts == {"field": "state", "reason": "当前状态不能这样变更"}
        session.flush()
        assert coupons.get_batch(session, batch).revision == 4
        code = coupons.get_batch(session, batch).code
        written = session.scalars(select(AuditEntry).order_by(AuditEntry.id)).all()[1:]
        assert {(row.action, row.subject, row.operator_id, row.at) for row in written} == {
            ("coupon.batch_moved", f"coupon_batch:{code}", operator, NOON)
        }
        assert [row.details for row in written] == [
            {"was": "open", "state": "paused"},
            {"was": "paused", "state": "open"},
            {"was": "open", "state": "closed"},
        ]
        told = session.scalars(select(Activity).where(Activity.kind == "coupon.batch_moved")).all()
        assert [row.facts for row in told] == [{"batch_id": batch, "by": operator}] * 3

    sqlite.transaction(work)


def test_a_clone_without_a_shift_keeps_its_dates_and_names_its_maker(sqlite: Database) -> None:
    def work(session: Session) -> None:
        operator = desk.hire(session)
        terms: dict[str, Any] = {"validity": "fixed", "fixed_from": NOON}
        terms |= {"fixed_until": NOON + 9 * DAY, "unusable": {"weekdays": [6]}}
        origin = offer(session, 5, **terms)
        same = coupon_batches.clone(session, origin, "same", NOON, by=operator)
        first = coupon_batches.form_of(coupons.get_batch(session, origin))
        form = coupon_batches.form_of(same)
        assert dataclasses.replace(form, code=first.code) == first
        later = coupon_batches.clone(session, origin, "later", NOON, shift_days=3)
        assert (later.fixed_from, later.fixed_until) == (NOON + 3 * DAY, NOON + 12 * DAY)
        assert later.unusable == {"weekdays": [6]}
        loose = offer(session, 5)
        copy = coupon_batches.clone(session, loose, "loose", NOON, shift_days=3)
        assert (copy.fixed_from, copy.fixed_until, copy.unusable) == (None, None, {})
        made = select(AuditEntry).where(AuditEntry.subject == "coupon_batch:same")
        assert session.scalars(made).one().operator_id == operator

    sqlite.transaction(work)


@pytest.mark.parametrize(
    ("weekdays", "dates", "facts"),
    [
        ([7], "", {"field": "weekdays", "reason": "星期应为 0（周一）到 6（周日）"}),
        (range(7), "", {"field": "weekdays", "reason": "不能每天都不可用"}),
        ([], f"x{'y' * 40}", {"field": "dates", "reason": f"日期写法不对：x{'y' * 29}"}),
        ([], "2027-02-02~2027-02-01", {"field": "dates", "reason": BACKWARDS}),
    ],
)  # fmt: skip
def test_it_is_said_what_is_wrong_with_a_calendar(
    weekdays: list[int], dates: str, facts: dict[str, str]
) -> None:
    with pytest.raises(Invalid) as refused:
        coupon_validity.parse_unusable(weekdays, dates)
    assert refused.value.facts == facts


def test_the_sweep_frees_locks_that_ran_out_and_nothing_else(sqlite: Database) -> None:
    def work(session: Session) -> None:
        old, older, live, void = (hold(session) for _ in range(4))
        for coupon, hours in ((old, 1), (older, 1), (live, 2), (void, 1)):
            order = Order(f"order:{coupon.id}", 10_000)
            coupon_locks.lock(session, coupon.id, coupon.member_id, order, NOON, ttl=hours * HOUR)
        void.state = "void"
        session.flush()
        assert coupon_locks.sweep(session, NOON + HOUR, limit=1) == 1
        session.expire_all()
        assert (old.state, older.state, live.state) == ("available", "locked", "locked")
        assert coupon_locks.sweep(session, NOON + HOUR) == 1
        session.expire_all()
        seen = [(one.state, one.order_reference) for one in (older, live, void)]
        assert seen == [
            ("available", None), ("locked", f"order:{live.id}"), ("void", f"order:{void.id}"),
        ]  # fmt: skip

    sqlite.transaction(work)


def take(session: Session, openid: str, branch: str, minutes: int) -> tuple[int, int]:
    """A coupon taken by staff of a branch: (redemption, batch)."""
    at = NOON + timedelta(minutes=minutes)
    coupon = hold(session)
    code, _ = redemptions.show_code(VAULT, coupon, at)
    redemptions.redeem(session, VAULT, code, clerk(session, openid, branch), at)
    session.flush()
    mine = select(Redemption.id).where(Redemption.coupon_id == coupon.id)
    return session.scalars(mine).one(), coupon.batch_id


def test_what_was_taken_is_listed_by_person_and_by_branch(sqlite: Database) -> None:
    def shown(rows: list[tuple[Redemption, CouponBatch]]) -> list[tuple[int, int]]:
        return [(redemption.id, batch.id) for redemption, batch in rows]

    def work(session: Session) -> None:
        late = take(session, "oWang", "zhongshan", 30)
        early, twin = (take(session, "oWang", "zhongshan", 10) for _ in range(2))
        hers = take(session, "oLi", "zhongshan", 20)
        take(session, "oZhao", "xihu", 20)
        undone, _ = take(session, "oWang", "zhongshan", 20)
        session.get_one(Redemption, undone).standing_coupon_id = None
        session.flush()
        wang, ten = clerk(session).id, NOON + timedelta(minutes=10)
        assert shown(redemptions.taken_by(session, wang, ten)) == [late, twin, early]
        assert shown(redemptions.taken_by(session, wang, ten + TICK)) == [late]
        assert shown(redemptions.taken_by(session, wang, ten, limit=2)) == [late, twin]
        everybody = [late, hers, twin, early]
        before = ten - TICK
        assert shown(redemptions.taken_in(session, "zhongshan", before)) == everybody
        assert shown(redemptions.taken_in(session, "zhongshan", ten)) == everybody[:2]
        assert shown(redemptions.taken_in(session, "zhongshan", before, limit=3)) == everybody[:3]
        session.get_one(Redemption, late[0]).channel = "order"
        session.flush()
        assert shown(redemptions.taken_in(session, "zhongshan", before)) == everybody[1:]

    sqlite.transaction(work)


def test_newest_coupons_first_and_only_ones_own(sqlite: Database) -> None:
    def work(session: Session) -> None:
        first = hold(session)
        second = hold(session, first.member_id)
        hold(session)
        found = coupons.of_member(session, first.member_id)
        assert [(coupon.id, batch.id) for coupon, batch in found] == [
            (second.id, second.batch_id), (first.id, first.batch_id),
        ]  # fmt: skip
        [(newest, _)] = coupons.of_member(session, first.member_id, limit=1)
        assert isinstance(newest, Coupon)
        assert newest.id == second.id

    sqlite.transaction(work)
