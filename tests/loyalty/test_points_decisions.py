"""What operators decide of points, and what rules make of events: whose, how much, from when."""

from datetime import timedelta

import pytest
from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from kernel.audit import AuditEntry
from kernel.db import Database
from kernel.refusals import Invalid, NotFound
from loyalty import earn_rules, points
from loyalty import points_adjustments as adjustments
from loyalty.earn_rules import EarnRule, EarnRuleClosed, Event
from loyalty.ledger import PointsEntry
from loyalty.members import Member
from loyalty.points_adjustments import PointsAdjustment, Wish
from loyalty.tier_ladder import Tier
from tests.loyalty.books import breaches
from tests.loyalty.desk import hire
from tests.loyalty.people import POLICY, join
from tests.loyalty.test_points_desk import pay, rule
from tests.world import NOON

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
TICK = timedelta(microseconds=1)


def wish(
    session: Session, member: int, delta: int, by: int, reason: str = "补偿"
) -> PointsAdjustment:
    """A wish of its own key."""
    wanted = Wish(member, delta, reason, f"key:{delta}")
    return adjustments.propose(session, wanted, by, NOON, POLICY)


def test_what_waits_is_decided_by_another_and_keeps_who_and_when(sqlite: Database) -> None:
    def work(session: Session) -> None:
        member, one, two = join(session), hire(session), hire(session)
        small, yes, no = (wish(session, member, delta, one) for delta in (1, 2_000, 3_000))
        assert (small.state, small.decided_at) == ("applied", NOON)
        assert (yes.state, yes.decided_at) == ("proposed", None)
        assert [row.id for row in adjustments.waiting(session)] == [yes.id, no.id]
        assert [row.id for row in adjustments.waiting(session, limit=1)] == [yes.id]
        adjustments.decide(session, yes.id, (two, True), NOON + HOUR, POLICY)
        adjustments.decide(session, no.id, (two, False), NOON + HOUR, POLICY)
        assert [(row.state, row.decided_by, row.decided_at) for row in (yes, no)] == [
            ("applied", two, NOON + HOUR), ("refused", two, NOON + HOUR),
        ]  # fmt: skip
        with pytest.raises(adjustments.AlreadyDecided) as refused:
            adjustments.decide(session, no.id, (two, True), NOON + HOUR, POLICY)
        assert refused.value.facts == {"state": "refused"}

    sqlite.transaction(work)
    assert breaches(sqlite, NOON + HOUR) == {}


def test_an_adjustment_is_written_down_and_booked(sqlite: Database) -> None:
    def work(session: Session) -> None:
        member, one, two = join(session), hire(session), hire(session)
        small, big, no = (wish(session, member, n, one, " 补偿 ") for n in (1, 2_000, 3_000))
        adjustments.decide(session, big.id, (two, True), NOON, POLICY)
        adjustments.decide(session, no.id, (two, False), NOON, POLICY)
        session.flush()
        written = session.scalars(select(AuditEntry).order_by(AuditEntry.id)).all()
        assert [(row.action, row.operator_id) for row in written] == [
            ("points.adjusted", one), ("points.proposed", one), ("points.proposed", one),
            ("points.approved", two), ("points.refused", two),
        ]  # fmt: skip
        assert {(row.subject, row.at) for row in written} == {(f"member:{member}", NOON)}
        assert written[0].details == {"adjustment": small.id, "delta": 1, "reason": "补偿"}
        entries = points.entries_of(session, member)
        booked = [(row.kind, row.delta, row.reference, row.operator_id) for row in entries]
        assert booked == [
            ("adjust", 2_000, f"adjust:{big.id}", one), ("adjust", 1, f"adjust:{small.id}", one),
        ]  # fmt: skip

    sqlite.transaction(work)
    assert breaches(sqlite) == {}


@pytest.mark.parametrize(
    ("delta", "why", "facts"),
    [
        (0, "x", {"field": "delta", "reason": "请填写 1 至 1000000 的积分数"}),
        (1_000_001, "x", {"field": "delta", "reason": "请填写 1 至 1000000 的积分数"}),
        (1, "长" * 61, {"field": "reason", "reason": "请填写原因（60 字以内）"}),
    ],
)
def test_it_is_said_what_an_adjustment_lacks(
    sqlite: Database, delta: int, why: str, facts: dict[str, str]
) -> None:
    def work(session: Session) -> None:
        member, operator = join(session), hire(session)
        longest = Wish(member, 5, "长" * 60, "fits")
        assert adjustments.propose(session, longest, operator, NOON, POLICY).state == "applied"
        with pytest.raises(Invalid) as refused:
            adjustments.propose(session, Wish(member, delta, why, "no"), operator, NOON, POLICY)
        assert refused.value.facts == facts

    sqlite.transaction(work)


def test_a_cap_is_ones_own_and_the_rule_s_own(sqlite: Database) -> None:
    def work(session: Session) -> None:
        member, other = join(session), join(session)
        rule(session, month_cap=50, starts_at=NOON - 30 * DAY)
        rule(session, code="visit", points=30, per_units=0, month_cap=50)
        assert pay(session, other, 5_000, "theirs") == (50, 0, 0, 50)
        for name in ("one", "two"):
            earn_rules.earn(session, member, "visit", Event(name, NOON), POLICY)
        assert pay(session, member, 4_000, "mine") == (40, 0, 0, 90)
        # A bill of last month that comes late counts there, and not against this month.
        assert pay(session, member, 4_000, "late", NOON - 20 * DAY) == (40, 0, 0, 130)
        assert pay(session, member, 4_000, "more") == (10, 30, 0, 140)

    sqlite.transaction(work)


def test_without_a_cap_nothing_is_cut(sqlite: Database) -> None:
    def work(session: Session) -> tuple[int, ...]:
        rule(session)
        return pay(session, join(session), 200_000_000, "house")

    assert sqlite.transaction(work) == (2_000_000, 0, 0, 2_000_000)


def test_a_rule_pays_within_its_window(sqlite: Database) -> None:
    def work(session: Session) -> None:
        member = join(session)
        window = {"starts_at": NOON, "ends_at": NOON + DAY}
        rule(session, **window)
        assert pay(session, member, 100, "first", NOON)[0] == 1
        assert pay(session, member, 100, "last", NOON + DAY - TICK)[0] == 1
        for at in (NOON - TICK, NOON + DAY):
            with pytest.raises(EarnRuleClosed) as refused:
                pay(session, member, 100, "no", at)
            assert refused.value.facts == window
        with pytest.raises(NotFound) as unknown:
            earn_rules.get(session, "nothing")
        assert unknown.value.facts == {"rule": "nothing"}

    sqlite.transaction(work)


def test_an_entry_names_the_rule_that_paid(sqlite: Database) -> None:
    def work(session: Session) -> None:
        member = join(session)
        rule(session)
        pay(session, member, 100, "b1")
        [entry] = points.entries_of(session, member)
        assert (entry.kind, entry.rule, entry.reference) == ("earn", "bill", "rule:bill:b1")
        assert (entry.note, entry.operator_id) == ("缴费送积分", None)

    sqlite.transaction(work)


def test_a_tier_multiplies_the_rules_that_want_it_and_is_climbed_by_them(sqlite: Database) -> None:
    def work(session: Session) -> None:
        member, plain = join(session), join(session)
        for level, threshold, percent in ((1, 100, 150), (2, 10**6, 200)):
            row = {"level": level, "code": f"t{level}", "name": "卡", "threshold": threshold}
            row |= {"multiplier_percent": percent, "gift": {}, "active": True, "changed_at": NOON}
            session.execute(insert(Tier), row)
        rule(session)
        rule(session, code="flat", points=3, per_units=0, multiplied=False)
        assert pay(session, member, 10_000, "b1") == (100, 0, 0, 100)
        assert session.scalar(select(Member.tier_level).where(Member.id == member)) == 1
        # 33 points and a half: the half is dropped.
        assert pay(session, member, 2_300, "b2") == (34, 0, 0, 134)
        flat = earn_rules.earn(session, member, "flat", Event("f", NOON), POLICY)
        assert flat.points == 3
        session.execute(update(Member).where(Member.id == plain).values(tier_level=0))
        assert pay(session, plain, 2_300, "b3") == (23, 0, 0, 23)

    sqlite.transaction(work)


@pytest.mark.parametrize(
    ("terms", "units", "percent", "points"),
    [
        ({"points": 7, "per_units": 0, "multiplied": True}, 0, 100, 7),
        ({"points": 7, "per_units": 0, "multiplied": True}, 9, 150, 10),
        ({"points": 7, "per_units": 0, "multiplied": False}, 9, 150, 7),
        ({"points": 2, "per_units": 100, "multiplied": False}, 199, 150, 2),
        ({"points": 2, "per_units": 100, "multiplied": True}, 350, 125, 7),
    ],
)
def test_the_worth_of_an_event_is_whole_points(
    terms: dict[str, int], units: int, percent: int, points: int
) -> None:
    worth = earn_rules.worth(EarnRule(**terms), units, percent)
    assert (worth, type(worth)) == (points, int)


def test_entries_come_newest_first_some_at_a_time(sqlite: Database) -> None:
    def work(session: Session) -> None:
        member, other = join(session), join(session)
        rule(session)
        for n in range(22):
            pay(session, member if n else other, 100, f"b{n}")
        ids = session.scalars(
            select(PointsEntry.id).where(PointsEntry.member_id == member).order_by(PointsEntry.id)
        ).all()
        shown = [entry.id for entry in points.entries_of(session, member)]
        assert shown == list(reversed(ids))[:20]
        rest = points.entries_of(session, member, before=shown[-1])
        assert [entry.id for entry in rest] == [ids[0]]
        assert len(points.entries_of(session, member, limit=2)) == 2

    sqlite.transaction(work)
