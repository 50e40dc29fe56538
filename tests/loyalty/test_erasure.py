"""Erasure: nothing that names the person stays in any table, and the books still balance."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from kernel.audit import AuditEntry
from kernel.db import Database
from kernel.refusals import NotFound
from loyalty import (
    blocklist,
    erasure,
    followers,
    invitations,
    members,
    notices,
    phone_codes,
    points,
    profiles,
    registrations,
    reward_orders,
    seen_phones,
)
from loyalty.coupons import Coupon
from loyalty.erasure import Leaving
from loyalty.gifts import Gift
from loyalty.members import Member, MemberEnded, NotRegistered, Registration
from loyalty.phone_codes import Claim
from loyalty.points import Credit
from loyalty.points_adjustments import PointsAdjustment
from loyalty.policy import Policy
from loyalty.profiles import Question
from loyalty.reward_orders import Receiver, RewardOrder
from loyalty.rewards import Reward
from loyalty.seen_phones import SeenPhone
from tests.databases import traces
from tests.loyalty.desk import hire, proven
from tests.loyalty.people import NEXT_YEAR, VAULT, books_balance, join
from tests.loyalty.test_merges import hold
from tests.world import NOON

OPENID, NAME, PHONE, WORD = "oAnnaKarenina", "安娜卡列尼娜", "13912345678", "湖滨花园三单元"
LATER = NOON + timedelta(days=1)


def order(session: Session, member: int) -> None:
    """A parcel on its way to him, and an operator's words about him."""
    reward = Reward(
        code="cup", title="茶杯", kind="goods", points_price=1, stock=1, description="",
        picture="", rule=None, starts_at=NOON, ends_at=NEXT_YEAR,
    )  # fmt: skip
    session.add(reward)
    session.flush()
    receiver = reward_orders.seal(VAULT, Receiver(NAME, PHONE, WORD))
    session.add(
        RewardOrder(
            no="R1", reward_id=reward.id, member_id=member, seq=1, request_key="r1", points=1,
            state="shipped", receiver_sealed=receiver, created_at=NOON, changed_at=NOON,
        )
    )  # fmt: skip
    session.add(
        PointsAdjustment(
            member_id=member, delta=5, reason=f"{NAME}来电", request_key="a1", state="refused",
            needs_second=False, proposed_by=hire(session), created_at=NOON,
        )
    )  # fmt: skip
    session.flush()


def live(session: Session) -> int:
    """A member who left a trace in every table of ours."""
    followers.follow(session, OPENID, NOON - timedelta(days=1), scene="qr-12")
    proven(session, OPENID, PHONE)
    policy = Policy(welcome=Gift(50))
    form = Registration(OPENID, NAME, PHONE, "v1", marketing_version="m1")
    member = registrations.register(session, VAULT, form, NOON, policy=policy).id
    profiles.define(session, Question("estate", "小区", "text"), NOON, by=hire(session))
    profiles.save(session, member, {"estate": WORD}, NOON)
    notices.post(session, member, "x", "x:1", NOON, place=WORD)
    invitations.code_of(session, member, NOON)
    for state in ("available", "locked", "used"):
        hold(session, member, state)
    by = hire(session)
    blocklist.block(session, member, f"{NAME}刷单", NOON, by=by)
    blocklist.unblock(session, member, f"{NAME}误会", NOON, by=by)
    phone_codes.send(session, VAULT, Claim("oOther", PHONE), LATER, "{code}")
    order(session, member)
    return member


def test_nothing_that_names_the_person_is_left(database: Database) -> None:
    digest, hint = VAULT.digest(PHONE), "139****5678"

    def work(session: Session) -> None:
        member = live(session)
        assert traces(session, OPENID)
        assert traces(session, NAME)
        assert erasure.erase(session, member, LATER)
        session.flush()
        for word in (OPENID, NAME, hint, WORD):
            assert traces(session, word) == []
        assert traces(session, digest) == ["phone_seen.phone_digest"]
        assert session.scalars(select(RewardOrder.receiver_sealed)).all() == [None]
        row = members.get_by_id(session, member)
        assert (row.state, row.name, row.ended_at) == ("erased", "已注销", LATER)
        assert row.openid.startswith("erased:")
        assert (row.phone_sealed, row.phone_digest, row.phone_hint) == (None, None, None)
        assert members.find(session, OPENID) is None
        with pytest.raises(NotRegistered):
            members.get_id(session, OPENID)

    database.transaction(work)


def test_what_was_held_is_forfeited_and_the_totals_stay(database: Database) -> None:
    def work(session: Session) -> None:
        member = live(session)
        other = join(session)
        points.earn(session, other, [Credit(9, "o", "")], NOON, NEXT_YEAR)
        erasure.erase(session, member, LATER)
        assert points.balance_of(session, member) == 0
        assert points.balance_of(session, other) == 9
        assert [entry.delta for entry in points.entries_of(session, member)] == [-50, 50]
        states = session.scalars(select(Coupon.state).order_by(Coupon.id)).all()
        assert states == ["void", "void", "used"]
        assert books_balance(session)
        assert followers.find(session, OPENID) is None

    database.transaction(work)


def test_erasing_again_changes_nothing(sqlite: Database) -> None:
    def work(session: Session) -> None:
        member, by = live(session), hire(session)
        assert erasure.erase(session, member, LATER, by=by)
        stand_in = members.get_by_id(session, member).openid
        assert not erasure.erase(session, member, LATER + timedelta(days=1), by=by)
        assert members.get_by_id(session, member).openid == stand_in
        written = select(AuditEntry.subject).where(AuditEntry.action == "member.erased")
        assert session.scalars(written).all() == [f"member:{member}"]

    sqlite.transaction(work)


def test_the_phone_is_remembered_and_a_block_goes_on(sqlite: Database) -> None:
    def erased(session: Session, *, blocked: bool) -> SeenPhone:
        form = Registration(f"o{blocked}", NAME, f"1390000000{int(blocked)}", "v1")
        member = members.admit(session, VAULT, form, NOON).id
        if blocked:
            blocklist.block(session, member, "刷单", NOON, by=hire(session))
        erasure.erase(session, member, LATER)
        found = seen_phones.find(session, VAULT.digest(form.phone))
        assert found is not None
        return found

    def work(session: Session) -> None:
        free, barred = erased(session, blocked=False), erased(session, blocked=True)
        assert (free.erased_at, free.barred_at) == (LATER, None)
        assert (barred.erased_at, barred.barred_at) == (LATER, LATER)

    sqlite.transaction(work)


def test_others_erase_their_own_in_the_same_transaction(sqlite: Database) -> None:
    told: list[Leaving] = []

    def work(session: Session) -> None:
        member = join(session, OPENID)
        erasure.erase(session, member, NOON, steps=[lambda _session, who: told.append(who)])
        (leaving,) = told
        assert (leaving.member_id, leaving.openid, leaving.at) == (member, OPENID, NOON)
        assert leaving.stand_in == members.get_by_id(session, member).openid

    sqlite.transaction(work)


def test_who_is_not_there_is_not_erased(sqlite: Database) -> None:
    def work(session: Session) -> None:
        member = join(session)
        with pytest.raises(NotFound):
            erasure.erase(session, member + 1, NOON)
        session.execute(update(Member).values(state="merged"))
        with pytest.raises(MemberEnded):
            erasure.erase(session, member, NOON)

    sqlite.transaction(work)


def test_what_comes_late_is_let_go_too(database: Database) -> None:
    def work(session: Session) -> None:
        member = join(session)
        erasure.erase(session, member, NOON)
        points.earn(session, member, [Credit(9, "late", "")], NOON, NEXT_YEAR)
        hold(session, member)
        assert erasure.follow_up(session, LATER) == 1
        assert erasure.follow_up(session, LATER) == 0
        assert points.balance_of(session, member) == 0
        assert session.scalars(select(Coupon.state)).all() == ["void"]
        assert books_balance(session)

    database.transaction(work)
