"""Re-binding: a proven phone, once in a while, and the old one remembered."""

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from kernel.activity import Activity
from kernel.db import Database
from kernel.refusals import Invalid
from loyalty import members, rebinding, registrations, seen_phones
from loyalty.gifts import Gift
from loyalty.members import (
    MemberBlocked,
    NotRegistered,
    PhoneNotProven,
    PhoneTaken,
    Registration,
)
from loyalty.phone_codes import Claim
from loyalty.policy import Policy
from loyalty.rebinding import RebindTooSoon
from tests.loyalty.desk import proven
from tests.loyalty.people import VAULT, join
from tests.world import NOON

NEW, THIRD = "13700000001", "13700000002"
POLICY = Policy(rebind_wait_days=30)


def test_a_member_moves_to_a_proven_phone(database: Database) -> None:
    def work(session: Session) -> None:
        member = members.get_by_id(session, join(session, "oAnna"))
        old = member.phone_digest
        claim = proven(session, "oAnna", NEW)
        moved = rebinding.rebind(session, VAULT, claim, NOON, POLICY)
        assert moved.id == member.id
        assert VAULT.open(moved.phone_sealed or "", members.PHONE_PLACE) == NEW
        assert (moved.phone_hint, moved.rebound_at) == ("137****0001", NOON)
        assert moved.phone_digest == VAULT.digest(NEW)
        assert old is not None
        assert seen_phones.find(session, old) is not None
        log = session.scalars(select(Activity).where(Activity.kind == "phone.rebound")).one()
        assert (log.member_id, log.facts) == (member.id, None)

    database.transaction(work)


def test_the_next_change_waits_its_days(sqlite: Database) -> None:
    def move(session: Session, phone: str, seconds: int) -> None:
        at = NOON + timedelta(seconds=seconds)
        rebinding.rebind(session, VAULT, proven(session, "oAnna", phone, at), at, POLICY)

    day = 86_400

    def work(session: Session) -> None:
        join(session, "oAnna")
        move(session, NEW, 0)
        for seconds, days in ((1, 30), (day, 29), (30 * day - 1, 1)):
            with pytest.raises(RebindTooSoon) as refused:
                move(session, THIRD, seconds)
            assert refused.value.facts == {"days": days}
        move(session, THIRD, 30 * day)
        assert members.get(session, "oAnna").phone_digest == VAULT.digest(THIRD)

    sqlite.transaction(work)


def test_a_phone_is_one_members_only(sqlite: Database) -> None:
    def work(session: Session) -> None:
        join(session, "oAnna")
        form = Registration("oBoris", "李", NEW, "v1")
        members.admit(session, VAULT, form, NOON)
        with pytest.raises(PhoneTaken):
            rebinding.rebind(session, VAULT, proven(session, "oAnna", NEW), NOON, POLICY)

    sqlite.transaction(work)


def test_what_is_not_proven_or_not_new_is_refused(sqlite: Database) -> None:
    def work(session: Session) -> None:
        form = Registration("oAnna", "李", THIRD, "v1")
        members.admit(session, VAULT, form, NOON)
        proven(session, "oBoris", NEW)
        for phone, refusal in ((NEW, PhoneNotProven), (THIRD, Invalid), ("1370", Invalid)):
            with pytest.raises(refusal):
                rebinding.rebind(session, VAULT, Claim("oAnna", phone), NOON, POLICY)
        with pytest.raises(NotRegistered):
            rebinding.rebind(session, VAULT, Claim("oBoris", NEW), NOON, POLICY)
        members.get(session, "oAnna").state = "blocked"
        session.flush()
        with pytest.raises(MemberBlocked):
            rebinding.rebind(session, VAULT, proven(session, "oAnna", NEW), NOON, POLICY)

    sqlite.transaction(work)


def test_a_phone_that_was_left_is_free_but_not_welcomed_again(database: Database) -> None:
    policy = Policy(welcome=Gift(50))

    def come(session: Session, openid: str, phone: str) -> int:
        proven(session, openid, phone)
        form = Registration(openid, "李", phone, "v1")
        return registrations.register(session, VAULT, form, NOON, policy=policy).id

    def work(session: Session) -> None:
        come(session, "oAnna", THIRD)
        rebinding.rebind(session, VAULT, proven(session, "oAnna", NEW), NOON, policy)
        second = members.get_by_id(session, come(session, "oBoris", THIRD))
        for phone in (NEW, THIRD):
            seen = seen_phones.find(session, VAULT.digest(phone))
            assert seen is not None
            assert seen.gifted_at == NOON
        assert second.openid == "oBoris"

    database.transaction(work)
