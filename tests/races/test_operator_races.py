"""Races at the door on PostgreSQL and MariaDB: tries, codes and links are counted once."""

from collections import Counter

import pyotp
import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from kernel import operator_invitations, operators, second_factors, sign_in_locks
from kernel.db import Database
from kernel.operator_invitations import Invitation
from kernel.operators import Operator, Place
from kernel.sign_in_locks import TRIES, SignInLock
from tests.kernel.people import CHEAP_HASH, NOON, VAULT, hire
from tests.races.rivals import race

pytestmark = pytest.mark.race


def test_no_more_passwords_are_checked_than_there_are_tries(server_database: Database) -> None:
    def work(session: Session, _number: int) -> str:
        sign_in_locks.take_try(session, "lin", NOON)
        return "checked"

    outcomes = Counter(race(server_database, work, 64))
    assert outcomes == {"checked": TRIES, "login_locked": 64 - TRIES}


def test_a_naive_count_lets_more_through(server_database: Database) -> None:
    def naive(session: Session, _number: int) -> str:
        lock = session.get(SignInLock, "naive")
        if lock is None or len(lock.tries) < TRIES:
            if lock is not None:
                lock.tries = [*lock.tries, 1.0]
            return "checked"
        return "login_locked"

    def reset(session: Session) -> None:
        session.merge(
            SignInLock(login_digest="naive", tries=[], locked_until=None, touched_at=NOON)
        )

    for _ in range(5):
        server_database.transaction(reset)
        if Counter(race(server_database, naive, 64))["checked"] > TRIES:
            return
    pytest.fail("the naive variant counted right, so this race proves nothing")


def test_a_code_that_two_show_lets_one_in(server_database: Database) -> None:
    def enrol(session: Session) -> tuple[int, str, str]:
        number = hire(session, "lin")
        second_factors.begin(session, VAULT, number, NOON)
        factor = second_factors.find(session, number)
        assert factor is not None
        factor.confirmed_at = NOON
        paper = second_factors.renew_recovery_codes(session, VAULT, number)[0]
        return number, second_factors.secret_of(VAULT, factor), paper

    number, secret, paper = server_database.transaction(enrol)
    codes = pyotp.TOTP(secret).at(NOON), paper

    def work(session: Session, attempt: int) -> str:
        second_factors.check(session, VAULT, number, codes[attempt % 2], NOON)
        return f"let in {attempt % 2}"

    outcomes = Counter(race(server_database, work, 64))
    assert outcomes == {"let in 0": 1, "let in 1": 1, "second_factor_refused": 62}


def test_a_link_that_many_follow_makes_one_operator(server_database: Database) -> None:
    who = Invitation("lin", "林晓", Place("marketer"))
    token = server_database.transaction(
        lambda db: operator_invitations.invite(db, who, NOON, None)
    )

    def work(session: Session, number: int) -> str:
        operator_invitations.accept(session, token, f"林晓 {number}", CHEAP_HASH, NOON)
        return "joined"

    outcomes = Counter(race(server_database, work, 64))
    assert outcomes == {"joined": 1, "invitation_over": 63}
    assert server_database.read(lambda db: db.scalar(select(func.count(Operator.id)))) == 1


def test_owners_who_remove_each_other_leave_one(server_database: Database) -> None:
    def three(session: Session) -> list[int]:
        return [hire(session, f"owner{number}") for number in range(3)]

    owners = server_database.transaction(three)

    def work(session: Session, number: int) -> str:
        leaving, by = owners[number % 3], owners[(number + 1) % 3]
        if number % 2:
            operators.set_active(session, leaving, False, by)
        else:
            operators.move(session, leaving, Place("auditor"), by)
        return "done"

    race(server_database, work, 48)
    left = select(func.count(Operator.id)).where(
        Operator.role == "owner", Operator.active.is_(True)
    )
    assert server_database.read(lambda db: db.scalar(left)) == 1
