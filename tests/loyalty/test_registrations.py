"""Registering: the welcome once a phone for ever, invitations, and people imported before."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from kernel.db import Database
from loyalty import consents, erasure, invitations, members, points, registrations, seen_phones
from loyalty.gifts import Gift
from loyalty.invitations import InviteMonth
from loyalty.ledger import PointsEntry
from loyalty.members import AlreadyRegistered, MemberBlocked, Registration
from loyalty.notices import Notice
from loyalty.policy import Policy
from tests.loyalty.desk import proven
from tests.loyalty.people import VAULT, join
from tests.world import NOON

POLICY = Policy(welcome=Gift(50), invite=Gift(20), invited=Gift(5), invite_cap_month=2)
PHONES = [f"1370000{number:04d}" for number in range(20)]
NEXT_MONTH = NOON + timedelta(days=11)  # noon of 1 December


def register(
    session: Session, number: int, code: str | None = None, *, later_days: int = 0
) -> int:
    """Somebody comes with a phone of his own, and perhaps a friend's code."""
    at = NOON + timedelta(days=later_days)
    openid = f"oComer{number}-{later_days}"
    proven(session, openid, PHONES[number], at)
    form = Registration(openid, "李梅", PHONES[number], "v1", invite_code=code)
    return registrations.register(session, VAULT, form, at, policy=POLICY).id


def test_the_welcome_is_given_once_a_phone_for_ever(database: Database) -> None:
    def work(session: Session) -> None:
        first = register(session, 0)
        assert points.balance_of(session, first) == 50
        erasure.erase(session, first, NOON)
        again = register(session, 0, later_days=1)
        assert (again != first, points.balance_of(session, again)) == (True, 0)

    database.transaction(work)


def test_what_was_agreed_to_is_written_down(sqlite: Database) -> None:
    def work(session: Session) -> None:
        proven(session, "oAnna", PHONES[0])
        form = Registration("oAnna", "李梅", PHONES[0], "v7", marketing_version="m2")
        member = registrations.register(session, VAULT, form, NOON).id
        rows = consents.history(session, member)
        assert {(row.purpose, row.version) for row in rows} == {
            ("phone", "v7"),
            ("marketing", "m2"),
        }

    sqlite.transaction(work)


def test_a_blocked_person_does_not_come_back_over_an_erasure(sqlite: Database) -> None:
    def work(session: Session) -> None:
        first = register(session, 0)
        members.get_by_id(session, first).state = "blocked"
        session.flush()
        assert erasure.erase(session, first, NOON)
        with pytest.raises(MemberBlocked):
            register(session, 0, later_days=1)

    sqlite.transaction(work)


def test_both_sides_gain_from_an_invitation(database: Database) -> None:
    def work(session: Session) -> None:
        inviter = register(session, 0)
        code = invitations.code_of(session, inviter, NOON)
        assert invitations.code_of(session, inviter, NOON) == code
        friend = register(session, 1, f" {code.lower()} ")
        assert members.get_by_id(session, friend).inviter_id == inviter
        assert points.balance_of(session, inviter) == 70
        assert points.balance_of(session, friend) == 55
        told = session.scalars(select(Notice.kind)).all()
        assert told == ["invite.rewarded"]

    database.transaction(work)


@pytest.mark.parametrize("code", ["", "ABCDEFGHJ", "'; DROP", "A" * 10_000, "\x7f", "ＡＢＣ"])
def test_a_code_that_leads_nowhere_keeps_nobody_out(sqlite: Database, code: str) -> None:
    def work(session: Session) -> int | None:
        return members.get_by_id(session, register(session, 1, code)).inviter_id

    assert sqlite.transaction(work) is None


def test_rewards_are_capped_by_the_month(database: Database) -> None:
    def work(session: Session) -> list[int]:
        inviter = register(session, 0)
        code = invitations.code_of(session, inviter, NOON)
        balances = []
        for number, days in ((1, 0), (2, 0), (3, 0), (4, 11)):
            register(session, number, code, later_days=days)
            balances.append(points.balance_of(session, inviter))
        rows = session.execute(select(InviteMonth.month, InviteMonth.rewarded)).all()
        assert sorted(map(tuple, rows)) == [("2026-11", 2), ("2026-12", 1)]
        return balances

    assert database.transaction(work) == [70, 90, 90, 110]


def test_a_phone_brings_its_inviter_a_reward_once(sqlite: Database) -> None:
    def work(session: Session) -> None:
        inviter = register(session, 0)
        code = invitations.code_of(session, inviter, NOON)
        friend = register(session, 1, code)
        erasure.erase(session, friend, NOON)
        register(session, 1, code, later_days=1)
        assert points.balance_of(session, inviter) == 70

    sqlite.transaction(work)


def test_two_do_not_invite_each_other(sqlite: Database) -> None:
    def work(session: Session) -> None:
        first = register(session, 0)
        friend = register(session, 1, invitations.code_of(session, first, NOON))
        code = invitations.code_of(session, friend, NOON)
        erasure.erase(session, first, NOON)
        again = members.get_by_id(session, register(session, 0, code, later_days=1))
        assert again.inviter_id == friend
        assert not invitations.reward(session, again, NOON, POLICY)
        assert points.balance_of(session, friend) == 55

    sqlite.transaction(work)


def test_nobody_invites_himself(sqlite: Database) -> None:
    def work(session: Session) -> None:
        member = members.get_by_id(session, register(session, 0))
        member.inviter_id = member.id
        session.flush()
        assert not invitations.reward(session, member, NOON, POLICY)

    sqlite.transaction(work)


@pytest.mark.parametrize("state", ["blocked", "erased"])
def test_a_code_of_whoever_left_brings_nothing(sqlite: Database, state: str) -> None:
    def work(session: Session) -> None:
        inviter = register(session, 0)
        code = invitations.code_of(session, inviter, NOON)
        members.get_by_id(session, inviter).state = state
        session.flush()
        assert invitations.find_inviter(session, code) is None

    sqlite.transaction(work)


def test_codes_are_unlike_and_hard_to_misread(sqlite: Database) -> None:
    def work(session: Session) -> set[str]:
        return {invitations.code_of(session, join(session), NOON) for _ in range(50)}

    codes = sqlite.transaction(work)
    assert len(codes) == 50
    assert not set("".join(codes)) & set("01OI")


def test_who_was_imported_becomes_who_comes_with_the_phone(database: Database) -> None:
    def work(session: Session) -> None:
        form = Registration("import:abc", "李某", PHONES[0], None, "import")
        imported = members.admit(session, VAULT, form, NOON).id
        points.earn(session, imported, [points.Credit(300, "brought", "")], NOON, NEXT_MONTH)
        proven(session, "oAnna", PHONES[0])
        filled = Registration("oAnna", "李梅", PHONES[0], "v1")
        member = registrations.register(session, VAULT, filled, NOON, policy=POLICY)
        assert (member.id, member.openid, member.name) == (imported, "oAnna", "李梅")
        assert points.balance_of(session, imported) == 350
        standing = consents.find(session, imported, "phone")
        assert standing is not None
        assert standing.version == "v1"
        assert members.get_id(session, "oAnna") == imported

    database.transaction(work)


def test_a_member_does_not_take_over_somebody_imported(sqlite: Database) -> None:
    def work(session: Session) -> None:
        members.admit(
            session, VAULT, Registration("import:abc", "李某", PHONES[0], None, "import"), NOON
        )
        join(session, "oAnna")
        proven(session, "oAnna", PHONES[0])
        form = Registration("oAnna", "李梅", PHONES[0], "v1")
        with pytest.raises(AlreadyRegistered):
            registrations.register(session, VAULT, form, NOON)

    sqlite.transaction(work)


def test_without_gifts_the_welcome_is_passed_up(sqlite: Database) -> None:
    def work(session: Session) -> None:
        proven(session, "oAnna", PHONES[0])
        form = Registration("oAnna", "李梅", PHONES[0], "v1")
        registrations.register(session, VAULT, form, NOON)
        seen = seen_phones.find(session, VAULT.digest(PHONES[0]))
        assert seen is not None
        assert (seen.first_at, seen.gifted_at) == (NOON, NOON)
        assert session.scalar(select(func.count(PointsEntry.id))) == 0

    sqlite.transaction(work)
