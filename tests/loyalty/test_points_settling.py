"""Points that wait for an event: they come, or not, page by page and once."""

from datetime import timedelta

import pytest
from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from kernel.db import Database
from loyalty import ledger, points_pending
from loyalty.members import Member
from loyalty.points_pending import PointsPending, Settled
from loyalty.tier_ladder import Tier
from tests.loyalty.books import breaches
from tests.loyalty.people import POLICY, join_many
from tests.loyalty.test_earn_files import balances, rehearse, run, said, slip
from tests.loyalty.test_points_desk import rule
from tests.world import NOON

DAY = timedelta(days=1)


def promised(database: Database, count: int, **terms: object) -> list[int]:
    """Members with 30 points each that wait for one event, and 7 for another."""
    members = join_many(database, count)
    database.transaction(lambda session: rule(session, waits=True, **terms))
    slips = [slip(n, member, "a", 3_000, "done") for n, member in enumerate(members)]
    later = [slip(n, member, "b", 700, "later") for n, member in enumerate(members)]
    assert said(run(database, slips)) == [("pending", "待到账 30 积分")] * count
    run(database, later)
    return members


def test_what_waits_comes_page_by_page_and_once(database: Database) -> None:
    members = promised(database, 5)
    later = NOON + DAY

    def page(session: Session) -> Settled:
        return points_pending.release_page(session, "done", later, POLICY, 2)

    pages = [database.transaction(page) for _ in range(4)]
    assert [(one.seen, sorted(one.members), one.points) for one in pages] == [
        (2, members[:2], 60), (2, members[2:4], 60), (1, members[4:], 30), (0, [], 0),
    ]  # fmt: skip
    assert balances(database, *members) == [30] * 5
    slips = [slip(2, members[0], "a", 3_000, "done")]
    assert said(run(database, slips)) == [("standing", "此前已登记")]
    assert database.transaction(page) == Settled(0, frozenset(), 0)
    lots = select(ledger.PointsLot.expires_at).distinct()
    expires = database.read(lambda session: session.scalars(lots).all())
    assert expires == [POLICY.expiry.of(later)]
    assert breaches(database, later) == {}


def test_what_is_cancelled_comes_no_more(database: Database) -> None:
    members = promised(database, 3)

    def cancel(session: Session) -> Settled:
        return points_pending.cancel_page(session, "done", NOON, 2)

    pages = [database.transaction(cancel) for _ in range(3)]
    assert [(one.seen, sorted(one.members), one.points) for one in pages] == [
        (2, members[:2], 60), (1, members[2:], 30), (0, [], 0),
    ]  # fmt: skip
    given = database.transaction(lambda s: points_pending.release(s, "done", NOON, POLICY))
    left = database.read(lambda s: [points_pending.total_of(s, one) for one in members])
    assert (given, left, balances(database, *members)) == (0, [7, 7, 7], [0, 0, 0])
    assert breaches(database) == {}


def test_who_comes_far_enough_by_it_climbs_at_once(sqlite: Database) -> None:
    members = promised(sqlite, 2)

    def work(session: Session) -> list[int]:
        row = {"level": 1, "code": "t1", "name": "卡", "threshold": 30, "gift": {"points": 4}}
        row |= {"multiplier_percent": 100, "active": True, "changed_at": NOON}
        session.execute(insert(Tier), row)
        points_pending.release(session, "done", NOON, POLICY)
        return list(session.scalars(select(Member.tier_level).order_by(Member.id)))

    assert sqlite.transaction(work) == [1, 1]
    assert balances(sqlite, *members) == [34, 34]
    assert breaches(sqlite) == {}


def test_what_a_merge_takes_along_meanwhile_is_given_to_its_new_member(
    sqlite: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, target = promised(sqlite, 2)
    hold = ledger.hold

    def late(session: Session, member_id: int) -> ledger.Account:
        if member_id == source:  # a merge was faster, between our look and our lock
            points_pending.hand_over(session, source, heir)
        return hold(session, member_id)

    [heir] = join_many(sqlite, 1)
    monkeypatch.setattr(ledger, "hold", late)

    def pages(session: Session) -> list[Settled]:
        return [
            points_pending.release_page(session, "done", NOON, POLICY),
            points_pending.release_page(session, "done", NOON, POLICY),
        ]

    first, second = sqlite.transaction(pages)
    assert (first.seen, first.members) == (2, frozenset({target}))
    assert (second.seen, second.members, second.points) == (1, frozenset({heir}), 30)
    owners = select(PointsPending.member_id).where(PointsPending.state == "released")
    assert set(sqlite.read(lambda s: s.scalars(owners).all())) == {target, heir}
    assert balances(sqlite, source, target, heir) == [0, 30, 30]
    assert breaches(sqlite) == {}


def test_a_cap_counts_what_only_waits(sqlite: Database) -> None:
    [member] = promised(sqlite, 1, month_cap=40)
    slips = [slip(2, member, "c", 3_000, "done"), slip(3, member, "d", 100, "done")]
    assert said(rehearse(sqlite, slips)) == said(run(sqlite, slips))
    assert sqlite.read(lambda s: points_pending.total_of(s, member)) == 40
