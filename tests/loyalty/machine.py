"""A hall in which anything may happen in any order; after each step every promise must hold.

A deed that is refused must change nothing: its transaction is undone whole, and the proofs look.
"""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from sqlalchemy import select
from sqlalchemy.orm import Session

from kernel.clock import business_day
from kernel.db import Database
from kernel.refusals import Refused
from loyalty import (
    amnesties,
    checkin_rewards,
    checkins,
    earn_rules,
    erasure,
    make_ups,
    merges,
    points,
    points_adjustments,
    points_expiry,
    points_pending,
    points_reversals,
    tier_runs,
    tiers,
)
from loyalty.earn_rules import EarnRule, Event
from loyalty.gifts import Gift
from loyalty.ledger import PointsEntry
from loyalty.merges import Decision
from loyalty.points import Credit, Debit
from loyalty.points_adjustments import PointsAdjustment, Wish
from loyalty.points_pending import Promise
from tests import databases
from tests.loyalty.books import breaches
from tests.loyalty.desk import hire
from tests.loyalty.people import POLICY, join, open_programme
from tests.world import NOON

RULES = {
    "base": 5, "step": 1, "step_cap": 8, "cycle": "month", "claimable": True,
    "streaks": [{"days": 2, "points": 10}, {"days": 4, "points": 15}],
    "totals": [{"days": 3, "points": 7}], "make_up": {"cost": 3},
}  # fmt: skip
who = st.integers(0, 3)
amount = st.integers(1, 60)
nth = st.integers(0, 12)


class Ledger(RuleBasedStateMachine):
    """Points, check-ins and people; `Desk` adds coupons and rewards."""

    database: Database

    @initialize()
    def begin(self) -> None:
        databases.empty(self.database)
        self.at, self.count, self.swept = NOON, 0, NOON
        self.members, self.operators = self.database.transaction(self._prepare)

    def _prepare(self, session: Session) -> tuple[list[int], list[int]]:
        open_programme(session, RULES)
        for level, threshold in ((1, 60), (2, 200)):
            draft = tiers.Draft(
                level, f"t{level}", f"等级{level}", threshold, 100 + 20 * level, Gift(points=9)
            )
            tiers.define(session, draft, NOON, by=None)
        terms = {"points": 1, "per_units": 1, "day_cap": 40, "month_cap": 90}
        for code, waits in (("bill", False), ("install", True)):
            window = {"starts_at": NOON, "ends_at": NOON + timedelta(days=999)}
            session.add(EarnRule(code=code, title="缴费", waits=waits, **terms, **window))
        members = [join(session) for _ in range(4)]
        for member in members:
            credit, until = Credit(80, f"begin:{member}", ""), NOON + timedelta(days=40)
            points.earn(session, member, [credit], NOON, until)
        return members, [hire(session) for _ in range(2)]

    def do(self, work: Callable[[Session], Any]) -> Any:
        """Run a deed in its own transaction; a refusal is an answer.

        What it left with somebody who is gone goes after him, as it does each night.
        """
        try:
            return self.database.transaction(work)
        except Refused as refused:
            return refused
        finally:
            self.database.transaction(lambda s: merges.follow_up(s, self.at))
            self.database.transaction(lambda s: erasure.follow_up(s, self.at))

    def name(self) -> str:
        """A fact that is new."""
        self.count += 1
        return f"fact-{self.count}"

    def some(self, session: Session, column: Any, n: int, *where: Any) -> Any:
        """The n-th of the rows there are, counted round; None when there is none."""
        rows = session.scalars(select(column).where(*where).order_by(column)).all()
        return rows[n % len(rows)] if rows else None

    @rule(who=who, amount=amount, days=st.integers(1, 400))
    def earn(self, who: int, amount: int, days: int) -> None:
        credit, until = Credit(amount, self.name(), "赠送"), self.at + timedelta(days=days)
        self.do(lambda s: points.earn(s, self.members[who], [credit], self.at, until))

    @rule(who=who, amount=amount, repeat=st.booleans())
    def spend(self, who: int, amount: int, repeat: bool) -> None:
        debit = Debit(amount, self.name(), "兑换")
        for _ in range(1 + repeat):
            self.do(lambda s: points.spend(s, self.members[who], debit, self.at))

    @rule(n=nth)
    def refund(self, n: int) -> None:
        def work(session: Session) -> None:
            kinds = PointsEntry.kind == "spend", ~PointsEntry.reference.like("make-up:%")
            plain = PointsEntry.reference.like("fact-%")
            found = self.some(session, PointsEntry.reference, n, plain, *kinds)
            if found:
                points_reversals.refund(session, found, self.at)

        self.do(work)

    @rule(n=nth, mode=st.sampled_from(["refuse", "debt", "clamp"]))
    def claw_back(self, n: int, mode: Any) -> None:
        def work(session: Session) -> None:
            plain = PointsEntry.reference.like("fact-%"), PointsEntry.kind == "earn"
            found = self.some(session, PointsEntry.reference, n, *plain)
            if found:
                points_reversals.claw_back(session, found, self.at, mode)

        self.do(work)

    @rule(who=who, amount=amount)
    def promise(self, who: int, amount: int) -> None:
        promised = Promise(Credit(amount, self.name(), "装机"), f"event-{self.count % 3}")
        self.do(lambda s: points_pending.promise(s, self.members[who], promised, self.at))

    @rule(n=st.integers(0, 2), kept=st.booleans())
    def settle(self, n: int, kept: bool) -> None:
        if kept:
            self.do(lambda s: points_pending.release(s, f"event-{n}", self.at, POLICY))
        else:
            self.do(lambda s: points_pending.cancel(s, f"event-{n}", self.at))

    @rule(who=who, units=amount, code=st.sampled_from(["bill", "install"]), repeat=st.booleans())
    def pay(self, who: int, units: int, code: str, repeat: bool) -> None:
        event = Event(self.name(), self.at, units, "event-0")
        for _ in range(1 + repeat):
            self.do(lambda s: earn_rules.earn(s, self.members[who], code, event, POLICY))

    @rule(who=who, delta=st.sampled_from([-1500, -30, 20, 1500]))
    def adjust(self, who: int, delta: int) -> None:
        wish = Wish(self.members[who], delta, "补登", self.name())
        one = self.operators[0]
        self.do(lambda s: points_adjustments.propose(s, wish, one, self.at, POLICY))

    @rule(n=nth, by=st.integers(0, 1), approved=st.booleans())
    def decide(self, n: int, by: int, approved: bool) -> None:
        def work(session: Session) -> None:
            found = self.some(session, PointsAdjustment.id, n)
            if found:
                said = self.operators[by], approved
                points_adjustments.decide(session, found, said, self.at, POLICY)

        self.do(work)

    @rule(who=who)
    def check_in(self, who: int) -> None:
        self.do(lambda s: checkins.check_in(s, self.members[who], self.at, POLICY))

    @rule(who=who, back=st.integers(0, 8))
    def make_up(self, who: int, back: int) -> None:
        day = business_day(self.at) - timedelta(days=back)
        self.do(lambda s: make_ups.make_up(s, self.members[who], day, self.at, POLICY))

    @rule(who=who)
    def claim_reward(self, who: int) -> None:
        def work(session: Session) -> None:
            member = self.members[who]
            for row in checkin_rewards.claimable(session, member, self.at)[:1]:
                checkin_rewards.claim(session, row.id, member, self.at, POLICY)

        self.do(work)

    @rule(back=st.integers(1, 3))
    def amnesty(self, back: int) -> None:
        day, by = business_day(self.at) - timedelta(days=back), self.operators[0]
        made = self.do(lambda s: amnesties.declare(s, day, "维护", by, self.at).id)
        while self.do(lambda s: amnesties.run_page(s, made, self.at, 2)) is True:
            pass

    @rule(hours=st.integers(1, 60))
    def wait(self, hours: int) -> None:
        self.at += timedelta(hours=hours)
        if self.at - self.swept > timedelta(hours=20):
            self.night()

    @rule()
    def night(self) -> None:
        self.swept = self.at
        self.do_pages(lambda s, after: points_expiry.sweep(s, after, self.at, 2).after)
        day = business_day(self.at)
        self.do_pages(lambda s, after: tier_runs.run_page(s, after, day, 2, POLICY)[0])

    def do_pages(self, work: Callable[..., int | None]) -> None:
        """Run a nightly job, a page a transaction."""
        after: int | None = 0
        while after is not None:
            after = self.database.transaction(partial(work, after=after))

    @rule(who=who, other=who)
    def merge(self, who: int, other: int) -> None:
        decision = Decision(self.members[who], self.members[other], "同一人")
        by = self.operators[0]
        made = self.do(lambda s: merges.merge(s, decision, self.at, by=by))
        if not isinstance(made, Refused):
            self.members[who] = self.database.transaction(join)

    @rule(who=who)
    def erase(self, who: int) -> None:
        if self.do(lambda s: erasure.erase(s, self.members[who], self.at)) is True:
            self.members[who] = self.database.transaction(join)

    @invariant()
    def every_promise_holds(self) -> None:
        if hasattr(self, "at"):
            found = breaches(self.database, self.at)
            assert not found, found
