"""Merges: what moves, what stays, and who may not be merged."""

import secrets
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from kernel.activity import Activity
from kernel.db import Database
from kernel.refusals import Invalid, NotFound
from loyalty import consents, invitations, members, merges, notices, points, profiles
from loyalty.coupons import Coupon
from loyalty.ledger import PointsLot
from loyalty.members import Member, MemberBlocked, MemberEnded
from loyalty.merges import Decision, Merge, Preview
from loyalty.points import Credit
from loyalty.profiles import Question
from loyalty.tags import MemberTag, Tag
from tests.loyalty.desk import hire
from tests.loyalty.people import NEXT_YEAR, books_balance, join, offer
from tests.world import NOON

SOON = NOON + timedelta(days=3)


def hold(session: Session, member: int, state: str = "available") -> int:
    """A coupon of the member's."""
    coupon = Coupon(
        batch_id=offer(session, 5), member_id=member, seq=1, code=secrets.token_hex(8),
        state=state, source="site", claimed_at=NOON, valid_from=NOON, valid_until=NEXT_YEAR,
    )  # fmt: skip
    session.add(coupon)
    session.flush()
    return coupon.id


def tag(session: Session, code: str, *owners: int) -> None:
    """A tag on some members."""
    row = Tag(code=code, name=code, kind="hand", rule=None, active=True, created_at=NOON)
    session.add(row)
    session.flush()
    for owner in owners:
        session.add(MemberTag(member_id=owner, tag_id=row.id, source="hand", put_at=NOON))
    session.flush()


def furnish(session: Session) -> tuple[int, int]:
    """A source that has something of everything, and a target."""
    source, target = join(session, "oSource"), join(session, "oTarget")
    points.earn(session, source, [Credit(30, "s1", "")], NOON, SOON)
    points.earn(session, source, [Credit(70, "s2", "")], NOON, NEXT_YEAR)
    points.earn(session, target, [Credit(5, "t1", "")], NOON, NEXT_YEAR)
    hold(session, source)
    hold(session, source, "used")
    tag(session, "gold", source)
    tag(session, "both", source, target)
    for code in ("estate", "hobby"):
        profiles.define(session, Question(code, code, "text"), NOON, by=hire(session))
    profiles.save(session, source, {"estate": "湖滨", "hobby": "茶"}, NOON)
    profiles.save(session, target, {"hobby": "棋"}, NOON)
    notices.post(session, source, "x", "x:1", NOON)
    return source, target


def test_everything_of_worth_goes_over(database: Database) -> None:
    def work(session: Session) -> None:
        source, target = furnish(session)
        decision = Decision(source, target, "同一个人")
        seen = merges.preview(session, decision, NOON)
        assert seen == Preview(points=100, pending=0, debt=0, coupons=1, tags=2, answers=2)
        by = hire(session)
        row = merges.merge(session, decision, NOON, by=by)
        assert (row.points, row.coupons, row.merged_by, row.reason) == (100, 1, by, "同一个人")
        assert points.balance_of(session, source) == 0
        assert points.balance_of(session, target) == 105
        lots = select(PointsLot.remaining, PointsLot.expires_at).where(
            PointsLot.member_id == target, PointsLot.remaining > 0
        )
        assert sorted(map(tuple, session.execute(lots))) == [
            (5, NEXT_YEAR), (30, SOON), (70, NEXT_YEAR),
        ]  # fmt: skip
        held = session.execute(select(Coupon.member_id, Coupon.state, Coupon.seq, Coupon.source))
        assert sorted(map(tuple, held), key=str) == sorted(
            [(target, "available", None, "merge"), (source, "used", 1, "site")], key=str
        )
        owners = session.execute(select(MemberTag.member_id)).scalars().all()
        assert owners == [target, target]
        assert profiles.read(session, target) == {"estate": "湖滨", "hobby": "棋"}
        assert profiles.read(session, source) == {}
        assert books_balance(session)

    database.transaction(work)


def test_the_source_becomes_a_tombstone(sqlite: Database) -> None:
    def work(session: Session) -> None:
        source, target = furnish(session)
        merges.merge(session, Decision(source, target, "同一个人"), NOON, by=hire(session))
        left = members.get_by_id(session, source)
        assert (left.state, left.merged_into_id, left.ended_at) == ("merged", target, NOON)
        assert (left.openid, left.name) == (f"merged:{source}", "已合并")
        assert (left.phone_sealed, left.phone_digest, left.phone_hint) == (None, None, None)
        assert members.find(session, "oSource") is None
        assert consents.find(session, source, "phone") is None
        assert notices.unread(session, source) == []
        openids = set(session.scalars(select(Activity.openid)))
        assert "oSource" not in openids

    sqlite.transaction(work)


def test_a_second_time_moves_only_what_came_since(database: Database) -> None:
    def work(session: Session) -> None:
        source, target = furnish(session)
        decision, by = Decision(source, target, "同一个人"), hire(session)
        first = merges.merge(session, decision, NOON, by=by).id
        assert merges.merge(session, decision, NOON, by=by).id == first
        assert points.balance_of(session, target) == 105
        points.earn(session, source, [Credit(7, "late", "")], NOON, NEXT_YEAR)
        late = hold(session, source, "available")
        assert merges.follow_up(session, NOON) == 1
        assert merges.follow_up(session, NOON) == 0
        assert points.balance_of(session, target) == 112
        owner = select(Coupon.member_id).where(Coupon.id == late)
        assert session.scalar(owner) == target
        assert len(session.scalars(select(Merge)).all()) == 1
        assert books_balance(session)

    database.transaction(work)


def test_merges_do_not_chain(sqlite: Database) -> None:
    def work(session: Session) -> None:
        by = hire(session)
        first, second, third = join(session), join(session), join(session)
        merges.merge(session, Decision(first, second, "同"), NOON, by=by)
        for decision in (Decision(third, first, "同"), Decision(first, third, "同")):
            with pytest.raises(MemberEnded):
                merges.merge(session, decision, NOON, by=by)
        merges.merge(session, Decision(second, third, "同"), NOON, by=by)
        session.expire_all()
        into = session.scalars(select(Member.merged_into_id).order_by(Member.id)).all()
        assert into == [third, third, None]

    sqlite.transaction(work)


def test_who_may_not_be_merged(sqlite: Database) -> None:
    def work(session: Session) -> None:
        one, two, by = join(session), join(session), hire(session)
        with pytest.raises(Invalid):
            merges.merge(session, Decision(one, one, "同"), NOON, by=by)
        with pytest.raises(Invalid):
            merges.merge(session, Decision(one, two, " "), NOON, by=by)
        with pytest.raises(NotFound):
            merges.merge(session, Decision(one, two + 100, "同"), NOON, by=by)
        members.get_by_id(session, one).state = "blocked"
        session.flush()
        for decision in (Decision(one, two, "同"), Decision(two, one, "同")):
            with pytest.raises(MemberBlocked):
                merges.merge(session, decision, NOON, by=by)
            with pytest.raises(MemberBlocked):
                merges.preview(session, decision, NOON)

    sqlite.transaction(work)


def test_friends_of_the_source_are_friends_of_the_target(sqlite: Database) -> None:
    def work(session: Session) -> None:
        source, target, friend = join(session), join(session), join(session)
        code = invitations.code_of(session, source, NOON)
        for invited in (friend, target):
            members.get_by_id(session, invited).inviter_id = source
        session.flush()
        merges.merge(session, Decision(source, target, "同"), NOON, by=hire(session))
        session.expire_all()
        assert members.get_by_id(session, friend).inviter_id == target
        assert members.get_by_id(session, target).inviter_id is None
        assert invitations.find_inviter(session, code) == target

    sqlite.transaction(work)


def test_a_higher_package_moves_its_own(sqlite: Database) -> None:
    moved = []

    def work(session: Session) -> None:
        source, target = join(session), join(session)
        merges.merge(
            session, Decision(source, target, "同"), NOON, by=hire(session),
            steps=[lambda _session, *which: moved.append(which)],
        )  # fmt: skip
        assert moved == [(source, target, NOON)]

    sqlite.transaction(work)
