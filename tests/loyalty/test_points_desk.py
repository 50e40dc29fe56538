"""Points at the desk: adjustments by two people, earn rules with caps, statements, liability."""

from datetime import date, datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from kernel.clock import SHANGHAI
from kernel.db import Database
from kernel.refusals import Invalid, NotFound
from loyalty import (
    earn_rules,
    points,
    points_adjustments,
    points_expiry,
    points_liability,
    points_pending,
    points_statements,
)
from loyalty.earn_rules import EarnRule, EarnRuleClosed, Event
from loyalty.points import Credit, Debit, NotEnoughPoints
from loyalty.points_adjustments import AlreadyDecided, SecondPersonNeeded, Wish
from tests.loyalty.books import breaches
from tests.loyalty.desk import hire
from tests.loyalty.people import NEXT_YEAR, POLICY, join
from tests.world import NOON


def rule(session: Session, **terms: object) -> str:
    """An earn rule: a point a yuan paid."""
    row = EarnRule(
        **{
            "code": "bill", "title": "缴费送积分", "points": 1, "per_units": 100,
            "starts_at": NOON - timedelta(days=1), "ends_at": NOON + timedelta(days=60), **terms,
        }
    )  # fmt: skip
    session.add(row)
    session.flush()
    return str(row.code)


def pay(
    session: Session, member: int, fen: int, name: str, at: datetime = NOON
) -> tuple[int, ...]:
    """(points, cut, pending, balance) of a bill."""
    event = Event(name, at, units=fen, awaits=f"settled:{name}")
    done = earn_rules.earn(session, member, "bill", event, POLICY)
    return done.points, done.cut, done.pending, done.balance


def test_up_to_the_limit_one_operator_is_enough(database: Database) -> None:
    def work(session: Session) -> list[object]:
        member, operator = join(session), hire(session)
        up = Wish(member, 1000, "客户补偿", "key-1")
        rows = [points_adjustments.propose(session, up, operator, NOON, POLICY) for _ in range(2)]
        down = Wish(member, -300, "录入有误", "key-2")
        points_adjustments.propose(session, down, operator, NOON, POLICY)
        same = rows[0].id == rows[1].id
        return [rows[0].state, same, points.balance_of(session, member)]

    assert database.transaction(work) == ["applied", True, 700]
    assert breaches(database) == {}


def test_above_it_a_second_person_decides_once(database: Database) -> None:
    def work(session: Session) -> list[object]:
        member, one, two = join(session), hire(session), hire(session)
        wish = Wish(member, 1001, "活动补发", "key-1")
        row = points_adjustments.propose(session, wish, one, NOON, POLICY)
        before = points.balance_of(session, member)
        with pytest.raises(SecondPersonNeeded):
            points_adjustments.decide(session, row.id, (one, True), NOON, POLICY)
        waiting = len(points_adjustments.waiting(session))
        points_adjustments.decide(session, row.id, (two, True), NOON, POLICY)
        with pytest.raises(AlreadyDecided):
            points_adjustments.decide(session, row.id, (two, False), NOON, POLICY)
        return [before, waiting, points.balance_of(session, member)]

    assert database.transaction(work) == [0, 1, 1001]
    assert breaches(database) == {}


def test_a_refused_adjustment_moves_nothing(sqlite: Database) -> None:
    def work(session: Session) -> int:
        member, one, two = join(session), hire(session), hire(session)
        wish = Wish(member, 5000, "活动补发", "key-1")
        row = points_adjustments.propose(session, wish, one, NOON, POLICY)
        points_adjustments.decide(session, row.id, (two, False), NOON, POLICY)
        with pytest.raises(NotFound):
            points_adjustments.decide(session, row.id + 1, (two, True), NOON, POLICY)
        return points.balance_of(session, member)

    assert sqlite.transaction(work) == 0
    assert breaches(sqlite) == {}


@pytest.mark.parametrize(("delta", "reason"), [(0, "x"), (10**7, "x"), (5, " "), (5, "长" * 61)])
def test_an_adjustment_needs_a_number_and_a_reason(
    sqlite: Database, delta: int, reason: str
) -> None:
    with pytest.raises(Invalid):
        sqlite.transaction(
            lambda session: points_adjustments.propose(
                session, Wish(join(session), delta, reason, "k"), hire(session), NOON, POLICY
            )
        )


def test_nobody_is_adjusted_below_zero(sqlite: Database) -> None:
    with pytest.raises(NotEnoughPoints):
        sqlite.transaction(
            lambda session: points_adjustments.propose(
                session, Wish(join(session), -1, "录入有误", "k"), hire(session), NOON, POLICY
            )
        )


def test_a_rule_pays_by_units_and_an_event_once(database: Database) -> None:
    def work(session: Session) -> list[tuple[int, ...]]:
        member = join(session)
        rule(session)
        bills = [(12_399, "b1"), (12_399, "b1"), (99, "b2"), (100, "b3")]
        return [pay(session, member, fen, name) for fen, name in bills]

    assert database.transaction(work) == [
        (123, 0, 0, 123), (123, 0, 0, 123), (0, 0, 0, 123), (1, 0, 0, 124),
    ]  # fmt: skip
    assert breaches(database) == {}


def test_caps_of_the_day_the_week_and_the_month(database: Database) -> None:
    """2026-11-20 is a Friday; the week ends on Sunday the 22nd, the month on Monday the 30th."""

    def work(session: Session) -> list[tuple[int, int]]:
        member = join(session)
        rule(session, day_cap=50, week_cap=80, month_cap=100)
        days = [0, 0, 1, 2, 3, 4, 11]
        made = [
            pay(session, member, 4_000, f"b{n}", NOON + timedelta(days=day))
            for n, day in enumerate(days)
        ]
        return [(paid, cut) for paid, cut, _, _ in made]

    assert database.transaction(work) == [
        (40, 0), (10, 30), (30, 10), (0, 40), (20, 20), (0, 40), (40, 0),
    ]  # fmt: skip
    assert breaches(database, NOON + timedelta(days=11)) == {}


def test_a_cap_turns_at_midnight_in_shanghai(sqlite: Database) -> None:
    midnight = datetime(2026, 11, 21, tzinfo=SHANGHAI)

    def work(session: Session) -> list[int]:
        member = join(session)
        rule(session, day_cap=5)
        moments = [midnight - timedelta(seconds=0.1), midnight + timedelta(seconds=0.1)]
        return [pay(session, member, 900, f"b{n}", at)[0] for n, at in enumerate(moments)]

    assert sqlite.transaction(work) == [5, 5]


def test_a_rule_that_waits_only_promises(database: Database) -> None:
    def work(session: Session) -> list[object]:
        member = join(session)
        rule(session, waits=True, day_cap=30)
        promised = pay(session, member, 4_000, "b1")
        points_pending.release(session, "settled:b1", NOON, POLICY)
        return [promised, points.balance_of(session, member)]

    assert database.transaction(work) == [(0, 10, 30, 0), 30]
    assert breaches(database) == {}


def test_a_closed_or_unknown_rule_is_refused(sqlite: Database) -> None:
    def work(session: Session) -> None:
        member = join(session)
        rule(session, active=False)
        with pytest.raises(EarnRuleClosed):
            pay(session, member, 100, "b1")
        with pytest.raises(NotFound):
            earn_rules.earn(session, member, "nothing", Event("e", NOON), POLICY)

    sqlite.transaction(work)


def test_a_statement_opens_moves_and_closes(database: Database) -> None:
    def work(session: Session) -> list[object]:
        member = join(session)
        for day in range(5):
            at = NOON + timedelta(days=day)
            points.earn(session, member, [Credit(10, f"e{day}", "")], at, NEXT_YEAR)
            points.spend(session, member, Debit(3, f"s{day}", ""), at)
        start, end = NOON + timedelta(days=1), NOON + timedelta(days=3)
        made = points_statements.of_period(session, member, start, end)
        cut = points_statements.of_period(session, member, start, end, limit=1)
        empty = points_statements.of_period(session, member, end, end)
        summed = [made.opening, made.credits, made.debits, made.closing]
        deltas = [entry.delta for entry in made.entries]
        return [summed, deltas, len(cut.entries), cut.closing, (empty.opening, empty.closing)]

    assert database.transaction(work) == [
        [7, 20, -6, 21], [10, -3, 10, -3], 1, 21, (21, 21),
    ]  # fmt: skip


def test_liability_counts_what_is_left_and_breakage_what_expired(database: Database) -> None:
    soon = datetime(2027, 1, 1, tzinfo=SHANGHAI)
    later = soon + timedelta(hours=1)

    def work(session: Session) -> list[object]:
        member = join(session)
        points.earn(session, member, [Credit(30, "a", "")], NOON, soon)
        points.earn(session, member, [Credit(100, "b", "")], NOON, NEXT_YEAR)
        points.spend(session, member, Debit(10, "s", ""), NOON)
        before = points_liability.as_of(session, NOON, NOON - timedelta(days=1))
        points_expiry.sweep(session, 0, later)
        after = points_liability.as_of(session, later + timedelta(seconds=1), NOON)
        return [
            (before.outstanding, before.by_last_day, before.fen(100), before.breakage),
            (after.outstanding, after.earned, after.spent, after.expired, after.breakage),
        ]

    assert database.transaction(work) == [
        (120, [(date(2026, 12, 31), 20), (date(2027, 11, 20), 100)], 120, None),
        (100, 130, 10, 20, 20 / 30),
    ]
