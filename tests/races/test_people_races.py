"""Races about members: codes, invitations, phones, merges, consents, imports."""

from collections import Counter
from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from kernel.db import Database
from loyalty import (
    consents,
    erasure,
    invitations,
    member_imports,
    merges,
    phone_codes,
    points,
    rebinding,
    registrations,
)
from loyalty.consents import Consent
from loyalty.gifts import Gift
from loyalty.member_files import Person
from loyalty.member_imports import File
from loyalty.members import Member, Registration
from loyalty.merges import Decision
from loyalty.phone_codes import Claim, PhoneCode
from loyalty.points import Credit
from loyalty.policy import Policy
from tests.loyalty.desk import hire, proven
from tests.loyalty.people import NEXT_YEAR, VAULT, books_balance, join_many
from tests.races.rivals import race
from tests.world import NOON

pytestmark = pytest.mark.race

PHONE = "13712345678"


def test_codes_asked_for_at_once_are_one_code(server_database: Database) -> None:
    def work(session: Session, number: int) -> str:
        phone_codes.send(session, VAULT, Claim(f"o{number}", PHONE), NOON, "{code}")
        return "sent"

    assert Counter(race(server_database, work, 24)) == {"sent": 1, "too_many_codes": 23}


def test_a_naive_count_sends_several(server_database: Database) -> None:
    def naive(session: Session, number: int) -> str:
        asked = phone_codes._Asked(VAULT.digest(PHONE), f"o{number}", None)
        phone_codes._refuse_haste(session, asked, NOON)
        row = {"openid": asked.openid, "phone_digest": asked.phone, "code_digest": "-"}
        session.add(PhoneCode(**row, tries=0, created_at=NOON))
        session.flush()
        return "sent"

    for _ in range(5):
        if Counter(race(server_database, naive, 24))["sent"] > 1:
            return
        server_database.transaction(lambda session: session.query(PhoneCode).delete())
    pytest.fail("the naive count never sent two, so this race proves nothing")


def test_an_address_gets_its_twenty_and_no_more(server_database: Database) -> None:
    def work(session: Session, number: int) -> str:
        claim = Claim(f"o{number}", f"137{number:08d}", "10.1.2.3")
        phone_codes.send(session, VAULT, claim, NOON, "{code}")
        return "sent"

    outcomes = Counter(race(server_database, work, 48))
    assert outcomes == {"sent": 20, "no_more_codes_today": 28}


def test_the_month_of_an_inviter_is_never_overfilled(server_database: Database) -> None:
    policy = Policy(welcome=Gift(1), invite=Gift(10), invite_cap_month=5)
    (inviter,) = join_many(server_database, 1)
    code = server_database.transaction(lambda session: invitations.code_of(session, inviter, NOON))

    def work(session: Session, number: int) -> str:
        phone = f"137{number:08d}"
        proven(session, f"oFriend{number}", phone)
        form = Registration(f"oFriend{number}", "李", phone, "v1", invite_code=code)
        return registrations.register(session, VAULT, form, NOON, policy=policy).state

    assert Counter(race(server_database, work, 24)) == {"active": 24}
    assert server_database.read(lambda session: points.balance_of(session, inviter)) == 50
    assert server_database.read(books_balance)


def test_one_phone_registers_once_and_is_welcomed_once(server_database: Database) -> None:
    policy = Policy(welcome=Gift(50))

    def work(session: Session, number: int) -> str:
        proven(session, f"oRival{number}", PHONE)
        form = Registration(f"oRival{number}", "李", PHONE, "v1")
        return registrations.register(session, VAULT, form, NOON, policy=policy).state

    assert Counter(race(server_database, work, 16)) == {"active": 1, "phone_taken": 15}
    assert server_database.read(books_balance)


def test_several_move_to_one_phone_and_one_gets_it(server_database: Database) -> None:
    join_many(server_database, 8)
    openids = server_database.read(lambda session: session.scalars(select(Member.openid)).all())

    def work(session: Session, number: int) -> str:
        claim = proven(session, openids[number % 8], PHONE)
        return rebinding.rebind(session, VAULT, claim, NOON, Policy()).state

    outcomes = Counter(race(server_database, work, 8))
    assert outcomes == {"active": 1, "phone_taken": 7}


def test_merges_that_cross_leave_one_member_and_every_point(server_database: Database) -> None:
    one, two = join_many(server_database, 2)

    def furnish(session: Session) -> int:
        for member in (one, two):
            credit = Credit(50, f"start:{member}", "")
            points.earn(session, member, [credit], NOON, NEXT_YEAR)
        return hire(session)

    by = server_database.transaction(furnish)

    def work(session: Session, number: int) -> str:
        decision = Decision(one, two, "同") if number % 2 else Decision(two, one, "同")
        merges.merge(session, decision, NOON, by=by)
        return "merged"

    outcomes = Counter(race(server_database, work, 16))
    assert outcomes == {"merged": 8, "member_ended": 8}

    def balances(session: Session) -> list[int]:
        return sorted(points.balance_of(session, member) for member in (one, two))

    assert server_database.read(balances) == [0, 100]
    assert server_database.read(books_balance)


def test_points_that_race_an_erasure_are_let_go(server_database: Database) -> None:
    (member,) = join_many(server_database, 1)

    def work(session: Session, number: int) -> str:
        if number == 12:
            return f"erased {erasure.erase(session, member, NOON)}"
        points.earn(session, member, [Credit(1, f"r:{number}", "")], NOON, NEXT_YEAR)
        return "earned"

    assert Counter(race(server_database, work, 24)) == {"earned": 23, "erased True": 1}

    def settle(session: Session) -> int:
        erasure.follow_up(session, NOON + timedelta(hours=1))
        return points.balance_of(session, member)

    assert server_database.transaction(settle) == 0
    assert server_database.read(books_balance)


def test_consents_given_at_once_are_one(server_database: Database) -> None:
    (member,) = join_many(server_database, 1)

    def work(session: Session, _number: int) -> bool:
        return consents.grant(session, member, ("marketing", "v1"), NOON, channel="site")

    assert Counter(race(server_database, work, 16)) == {True: 1, False: 15}
    count = select(func.count(Consent.id)).where(Consent.purpose == "marketing")
    assert server_database.read(lambda session: session.scalar(count)) == 1


def test_a_page_that_is_imported_twice_at_once_is_imported_once(
    server_database: Database,
) -> None:
    lines = [Person(line, "李", f"137{line:08d}") for line in range(2, 12)]
    job = server_database.transaction(
        lambda session: (
            member_imports.start(session, File("f" * 64, "x"), NOON, by=hire(session)).id
        )
    )

    def work(session: Session, _number: int) -> int:
        return len(member_imports.take(session, VAULT, job, lines, NOON))

    assert Counter(race(server_database, work, 8)) == {10: 1, 0: 7}
    count = select(func.count(Member.id))
    assert server_database.read(lambda session: session.scalar(count)) == 10
