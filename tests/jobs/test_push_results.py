"""What a push came to: shares, differences and intervals against numbers worked out by hand."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from loyalty.checkin_days import CheckIn
from loyalty.members import Member
from pushes import results
from pushes.clicks import PushClick
from pushes.proportions import Share, difference
from pushes.pushes import Push
from pushes.results import Results
from tests.jobs.house import House, member
from tests.jobs.push_rows import NOTICE, Sending, Sent, put
from tests.world import NOON


@pytest.mark.parametrize(
    ("one", "other", "low", "high"),
    [  # Newcombe 1998, table II, method 10
        ((56, 70), (48, 80), 0.0524, 0.3339),
        ((9, 10), (3, 10), 0.1705, 0.8090),
        ((6, 7), (2, 7), 0.0582, 0.8062),
        ((5, 56), (0, 29), -0.0381, 0.1926),
        ((0, 10), (0, 20), -0.1611, 0.2775),
        ((10, 10), (0, 10), 0.6075, 1.0000),
    ],
)
def test_the_interval_is_that_of_the_paper(
    one: tuple[int, int], other: tuple[int, int], low: float, high: float
) -> None:
    found = difference(Share(*one), Share(*other))
    assert found is not None
    assert (round(found.low, 4), round(found.high, 4)) == pytest.approx((low, high), abs=1e-4)
    turned = difference(Share(*other), Share(*one))
    assert turned is not None
    assert (turned.low, turned.high) == pytest.approx((-found.high, -found.low))


def test_nobody_is_compared_with_nobody_and_more_looks_make_it_wider() -> None:
    assert difference(Share(0, 0), Share(1, 5)) is None
    once, thrice = (difference(Share(9, 10), Share(3, 10), looks) for looks in (1, 3))
    assert once is not None
    assert thrice is not None
    assert thrice.low < once.low < once.high < thrice.high
    assert once.is_sure


VARIANTS = [
    {"share": 50, "contents": {"notice": NOTICE}},
    {"share": 50, "contents": {"notice": NOTICE}},
]


def furnish(session: Session) -> Push:
    """Six sent of text A, four of B, four held back, one never reachable."""
    rows = [Sent(f"o{n}", "notice", variant=int(n > 6), member_id=n) for n in range(1, 11)]
    rows[0] = Sent("o1", "notice", "failed", member_id=1, reason="43101")
    rows += [Sent(f"o{n}", "notice", "held", member_id=n) for n in range(11, 14)]
    rows += [Sent("o14", "notice", "held")]  # a follower, who registers later
    rows += [Sent("o15", "notice", "skipped", member_id=15, reason="no_credit")]
    for number in (*range(1, 14), 15):
        session.add(joined(number, NOON - timedelta(days=1)))
    session.flush()
    session.add(joined(14, NOON + timedelta(days=1)))
    values = {"variants": VARIANTS, "link": "/site/", "holdout_percent": 20}
    push = put(session, Sending(rows, values=values))
    hours = {1: 1, 2: 30, 3: 24 * 8, 7: 2, 11: 3, 14: 40, 15: 5}
    for person, after in hours.items():
        at = NOON + timedelta(hours=after)
        for again in range(2):  # two days of one person are one person
            session.add(check_in(person, at + timedelta(days=again)))
    for delivery_id in (2, 2, 3, 7):
        variant = int(delivery_id > 6)
        click = PushClick(push_id=push.id, variant=variant, delivery_id=delivery_id, at=NOON)
        session.add(click)
    return push


def joined(number: int, at: datetime) -> Member:
    """A member since then."""
    made = member(number, f"o{number}")
    made.id, made.registered_at = number, at
    return made


def check_in(person: int, at: datetime) -> CheckIn:
    """One check-in."""
    return CheckIn(
        member_id=person, day=at.date(), kind="daily", streak=1, points=1, cost=0, created_at=at
    )


def test_people_are_counted_once_and_the_whole_drawn_group_is_compared(house: House) -> None:
    push = house.database.transaction(furnish)
    found: Results | None = house.database.read(lambda session: results.of_push(session, push))
    assert found is not None
    lifts = {lift.goal: lift for lift in found.lifts}
    # 1, 2 and 7 within seven days; 3 too late; 15 was never in the draw.
    assert lifts["checked_in"].sent == Share(3, 10)
    assert lifts["checked_in"].held == Share(2, 4)
    gap = lifts["checked_in"].difference
    assert gap is not None
    assert gap.value == pytest.approx(-0.2)
    assert not gap.is_sure
    assert lifts["registered"].held == Share(1, 4)
    assert lifts["registered"].sent == Share(0, 10)
    assert lifts["redeemed"].sent == Share(0, 10)
    assert [(one.people, one.taps) for one in found.clicks] == [(Share(2, 5), 3), (Share(1, 4), 1)]
    contests = {one.goal: one.shares for one in found.contests}
    assert contests["click"] == (Share(2, 5), Share(1, 4))
    assert contests["checked_in"] == (Share(2, 6), Share(1, 4))
    assert [(one.variant, one.counts) for one in found.reached] == [
        (0, {"sent": 5, "failed": 1, "held": 4, "skipped": 1}),
        (1, {"sent": 4}),
    ]


def test_the_window_ends_and_before_the_start_there_is_nothing(quick_house: House) -> None:
    push = quick_house.database.transaction(furnish)
    brief = quick_house.database.read(lambda session: results.of_push(session, push, days=1))
    assert brief is not None
    counted = {lift.goal: (lift.sent.hits, lift.held.hits) for lift in brief.lifts}
    assert counted["checked_in"] == (2, 1)
    assert results.days_left(brief, NOON) == 1
    assert results.days_left(brief, NOON + timedelta(hours=25)) == 0
    push.started_at = None
    assert quick_house.database.read(lambda session: results.of_push(session, push)) is None
