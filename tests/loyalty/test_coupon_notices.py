"""Notices of coupons about to expire, and the figures of a batch."""

from datetime import date, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from kernel.clock import day_start
from kernel.db import Database
from loyalty import claims, coupon_figures, coupon_notices, redemption_undos
from loyalty.claims import Source
from loyalty.coupons import Coupon
from loyalty.members import Member
from loyalty.notices import Notice
from loyalty.policy import Policy
from loyalty.redemption_undos import By
from loyalty.sold_out import SoldOut
from tests.loyalty.coupon_books import clerk, hold, redeem
from tests.loyalty.people import POLICY, join, offer
from tests.world import NOON

LAST = date(2026, 12, 20)  # the day on which a coupon of noon, 20 November, valid 30 days, ends


def due(session: Session, days_before: int, policy: Policy = POLICY) -> int:
    day, told, after = LAST - timedelta(days=days_before), 0, 0
    while True:
        last, count = coupon_notices.due(session, day, policy, after_id=after, limit=2)
        told += count
        if last is None:
            return told
        after = last


def test_each_distance_is_told_once(database: Database) -> None:
    def work(session: Session) -> None:
        for _ in range(5):
            hold(session)
        assert [due(session, days) for days in (30, 8, 7, 7, 6, 2, 1, 1, 0)] == [
            0, 0, 5, 0, 0, 0, 5, 0, 0,
        ]  # fmt: skip
        notice = session.scalars(select(Notice).order_by(Notice.id)).first()
        assert notice is not None
        assert (notice.kind, notice.facts["days"]) == ("coupon_expiring", 7)
        assert notice.created_at == day_start(LAST - timedelta(days=7))

    database.transaction(work)


def test_a_day_without_a_run_is_made_up_for(sqlite: Database) -> None:
    def work(session: Session) -> None:
        hold(session)
        assert due(session, 5) == 1
        assert due(session, 0) == 1

    sqlite.transaction(work)


def test_a_midnight_end_is_the_day_before(sqlite: Database) -> None:
    def work(session: Session) -> None:
        coupon = hold(session)
        session.execute(update(Coupon).values(valid_until=day_start(LAST)))
        assert coupon_notices.due(session, LAST - timedelta(days=8), POLICY) == (None, 1)
        assert coupon_notices.due(session, LAST, POLICY) == (None, 0)
        assert coupon.id

    sqlite.transaction(work)


def test_whom_it_does_not_concern_hears_nothing(sqlite: Database) -> None:
    def work(session: Session) -> None:
        redeem(session, hold(session))
        blocked = hold(session)
        session.execute(
            update(Member).where(Member.id == blocked.member_id).values(state="blocked")
        )
        short = hold(session, valid_days=5)  # it never had seven days
        assert due(session, 7) == 0
        assert due(session, 1, Policy(coupon_notice_days=())) == 0
        day = NOON.date()
        assert coupon_notices.due(session, day, POLICY) == (None, 0)
        assert coupon_notices.due(session, day + timedelta(days=4), POLICY) == (None, 1)
        assert short.id

    sqlite.transaction(work)


def test_figures_tell_what_a_batch_brought(database: Database) -> None:
    def work(session: Session) -> None:
        batch = offer(session, 20, per_member=2)
        new, regular = join(session), join(session)
        week = NOON - timedelta(days=7)
        session.execute(update(Member).where(Member.id == regular).values(registered_at=week))
        had_before = join(session)
        claims.claim(session, offer(session, 1), had_before, NOON)
        held = [claims.claim(session, batch, one, NOON) for one in (new, new, regular, had_before)]
        claims.give(session, batch, regular, NOON, Source("gift", "g"))
        redeem(session, held[0], order_fen=5_000)
        redeem(session, held[2], order_fen=600)
        undone = redeem(session, held[3], order_fen=900)
        by = By(clerk(session))
        redemption_undos.undo(session, undone, NOON, by=by, reason="扫错", policy=POLICY)
        found = coupon_figures.of_batch(session, batch, NOON)
        assert (found.claimed, found.given, found.issued) == (4, 1, 5)
        assert (found.used, found.undone, found.expired, found.void) == (2, 1, 0, 0)
        assert (found.use_rate, found.new_members) == (0.4, 1)
        assert (found.order_fen, found.saved_fen) == (5_600, 1_600)
        assert [(one.branch, one.used) for one in found.by_branch] == [("zhongshan", 2)]
        late = coupon_figures.of_batch(session, batch, NOON + timedelta(days=31))
        assert late.expired == 3

    database.transaction(work)


def test_an_empty_batch_has_empty_figures(sqlite: Database) -> None:
    found = sqlite.transaction(
        lambda session: coupon_figures.of_batch(session, offer(session, 5), NOON)
    )
    assert (found.issued, found.use_rate, found.by_branch) == (0, 0.0, ())


def test_the_hint_of_a_sell_out_lasts_a_moment() -> None:
    time = [100.0]
    hint = SoldOut(1.0, lambda: time[0])

    def refused(batch: int) -> bool:
        try:
            hint.check(batch)
        except claims.OutOfStock:
            return True
        return False

    assert not refused(1)
    hint.note(1)
    assert (refused(1), refused(2)) == (True, False)
    time[0] += 0.999
    assert refused(1)
    time[0] += 0.001
    assert not refused(1)
    hint.note(2)
    assert refused(2)


def test_the_hint_learns_from_the_database(sqlite: Database) -> None:
    hint = SoldOut()

    def buy(batch: int, member: int) -> str:
        try:
            with hint.watch(batch):
                return sqlite.transaction(
                    lambda session: claims.claim(session, batch, member, NOON).state
                )
        except claims.OutOfStock:
            return "out"

    batch, *members = sqlite.transaction(
        lambda session: (offer(session, 1), *(join(session) for _ in range(3)))
    )
    assert [buy(batch, member) for member in members] == ["available", "out", "out"]
    other = sqlite.transaction(lambda session: offer(session, 1))
    assert buy(other, members[1]) == "available"
