"""The blocklist: deeds are refused, the row and its history stay."""

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from kernel.activity import Activity
from kernel.audit import AuditEntry
from kernel.db import Database
from kernel.refusals import Invalid, NotFound
from loyalty import blocklist, members
from loyalty.members import MemberBlocked, MemberEnded, NotRegistered
from tests.loyalty.desk import hire
from tests.loyalty.people import join
from tests.world import NOON


def test_a_blocked_member_reads_but_does_nothing(database: Database) -> None:
    def work(session: Session) -> None:
        member, by = join(session, "oAnna"), hire(session)
        assert blocklist.block(session, member, " 刷单  被投诉 ", NOON, by=by)
        assert not blocklist.block(session, member, "又一次", NOON, by=by)
        with pytest.raises(MemberBlocked):
            members.get_id(session, "oAnna")
        with pytest.raises(MemberBlocked):
            members.refuse_blocked(session, member)
        assert members.get(session, "oAnna").id == member
        (row,) = blocklist.history(session, member)
        assert (row.reason, row.blocked_by, row.lifted_at) == ("刷单 被投诉", by, None)

    database.transaction(work)


def test_a_block_is_lifted_with_a_reason(database: Database) -> None:
    later = NOON + timedelta(days=1)

    def work(session: Session) -> None:
        member, by = join(session, "oAnna"), hire(session)
        assert not blocklist.unblock(session, member, "误会", NOON, by=by)
        blocklist.block(session, member, "刷单", NOON, by=by)
        assert blocklist.unblock(session, member, "误会", later, by=by)
        assert members.get_id(session, "oAnna") == member
        members.refuse_blocked(session, member)
        session.expire_all()
        (row,) = blocklist.history(session, member)
        assert (row.lift_reason, row.lifted_by, row.lifted_at) == ("误会", by, later)
        kinds = list(session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)))
        assert kinds == ["member.blocked", "member.unblocked"]
        told = session.scalars(select(Activity).where(Activity.kind == "member.blocked")).one()
        assert (told.member_id, told.facts) == (member, {"operator_id": by})

    database.transaction(work)


@pytest.mark.parametrize("reason", ["", "  \n ", "很" * 101])
def test_a_block_needs_a_reason(sqlite: Database, reason: str) -> None:
    def work(session: Session) -> None:
        blocklist.block(session, join(session), reason, NOON, by=hire(session))

    with pytest.raises(Invalid):
        sqlite.transaction(work)


def test_there_must_be_somebody_to_block(sqlite: Database) -> None:
    def work(session: Session) -> None:
        member, by = join(session), hire(session)
        with pytest.raises(NotFound):
            blocklist.block(session, member + 1, "刷单", NOON, by=by)
        members.get_by_id(session, member).state = "erased"
        session.flush()
        for act in (blocklist.block, blocklist.unblock):
            with pytest.raises(MemberEnded):
                act(session, member, "刷单", NOON, by=by)
        with pytest.raises(MemberEnded):
            members.refuse_blocked(session, member)
        with pytest.raises(NotRegistered):
            members.refuse_blocked(session, member + 1)

    sqlite.transaction(work)


@pytest.mark.parametrize("state", ["merged", "erased"])
def test_whoever_ended_is_not_found(sqlite: Database, state: str) -> None:
    def work(session: Session) -> None:
        member = members.get_by_id(session, join(session, "oAnna"))
        member.state = state
        session.flush()
        assert members.find(session, "oAnna") is None
        with pytest.raises(NotRegistered):
            members.get_id(session, "oAnna")

    sqlite.transaction(work)
