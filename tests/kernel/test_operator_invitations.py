"""Invitations: a link works for 72 hours and once; renewed and revoked ones never again."""

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from kernel import operator_invitations, operator_sessions, operators, sign_in_locks
from kernel.db import Database
from kernel.operator_invitations import (
    AlreadyInvited,
    Invitation,
    InvitationOver,
    LoginTaken,
    OperatorInvitation,
)
from kernel.operator_sessions import SessionRules
from kernel.operators import Place
from kernel.refusals import Invalid, NotFound
from tests.kernel.people import CHEAP_HASH, NOON, PASSWORD, hire

LIN = Invitation("lin", "林晓", Place("branch_staff", "xihu"))


def invite(database: Database, who: Invitation = LIN) -> str:
    return database.transaction(lambda db: operator_invitations.invite(db, who, NOON, None))


def accept(database: Database, token: str, **passed: float) -> int:
    at = NOON + timedelta(**passed)
    return database.transaction(
        lambda db: operator_invitations.accept(db, token, "小林", CHEAP_HASH, at)
    )


def number_of(database: Database, login: str) -> int:
    query = select(OperatorInvitation.id).where(OperatorInvitation.login == login)
    return database.read(lambda db: db.scalars(query).one())


def test_whoever_has_the_link_becomes_the_operator_once(database: Database) -> None:
    token = invite(database)

    accept(database, token, hours=71)

    found = database.read(lambda db: operators.check_password(db, "lin", PASSWORD))
    assert (found.name, found.role, found.branch) == ("小林", "branch_staff", "xihu")
    with pytest.raises(InvitationOver):
        accept(database, token)


def test_a_link_is_over_after_72_hours(database: Database) -> None:
    token = invite(database)

    with pytest.raises(InvitationOver):
        accept(database, token, hours=72)
    with pytest.raises(AlreadyInvited):
        invite(database)


@pytest.mark.parametrize("token", ["", "x", "\x00", "\ud800", "é" * 5_000])
def test_a_link_that_nobody_made(database: Database, token: str) -> None:
    invite(database)
    with pytest.raises(InvitationOver):
        accept(database, token)


def test_renewing_replaces_the_link(database: Database) -> None:
    old = invite(database)
    at = NOON + timedelta(hours=100)
    number = number_of(database, "lin")

    new = database.transaction(lambda db: operator_invitations.renew(db, number, at, None))

    with pytest.raises(InvitationOver):
        accept(database, old, hours=1)
    assert accept(database, new, hours=101)


def test_a_revoked_link_is_over_and_the_login_free(database: Database) -> None:
    token, number = invite(database), number_of(database, "lin")
    database.transaction(lambda db: operator_invitations.revoke(db, number, NOON))

    with pytest.raises(InvitationOver):
        accept(database, token)
    with pytest.raises(NotFound):
        database.transaction(lambda db: operator_invitations.revoke(db, number, NOON))
    with pytest.raises(NotFound):
        database.transaction(lambda db: operator_invitations.renew(db, number, NOON, None))
    assert invite(database)


def test_a_login_that_somebody_has_or_had_is_taken(database: Database) -> None:
    def dismissed(session: Session) -> None:
        operators.set_active(session, hire(session, "lin", "marketer"), False, None)

    database.transaction(dismissed)
    with pytest.raises(LoginTaken):
        invite(database)


@pytest.mark.parametrize(
    "who",
    [
        Invitation("LIN", "林晓", Place("marketer")),
        Invitation("lin", "", Place("marketer")),
        Invitation("lin", "x" * 41, Place("marketer")),
        Invitation("lin", "林\x00晓", Place("marketer")),
        Invitation("lin", "林晓", Place("branch_staff")),
        Invitation("lin", "林晓", Place("marketer", "xihu")),
        Invitation("lin", "林晓", Place("king")),
    ],
)
def test_who_cannot_be_invited(database: Database, who: Invitation) -> None:
    with pytest.raises(Invalid):
        invite(database, who)


def test_a_link_for_a_new_password_ends_sessions_and_the_lock(database: Database) -> None:
    rules = SessionRules(timedelta(minutes=30), timedelta(hours=8))

    def prepare(session: Session) -> tuple[int, str, str]:
        number = hire(session, "lin", "marketer")
        before = operator_invitations.offer_new_password(session, number, NOON, None)
        for _ in range(5):
            sign_in_locks.take_try(session, "lin", NOON)
        return number, before, operator_sessions.open_session(session, number, NOON)

    number, before, signed_in = database.transaction(prepare)
    token = database.transaction(
        lambda db: operator_invitations.offer_new_password(db, number, NOON, None)
    )

    with pytest.raises(InvitationOver):
        accept(database, before)
    assert accept(database, token) == number
    lin = database.read(lambda db: operators.get(db, number))
    assert (lin.name, lin.role) == ("lin", "marketer"), "nothing but the password changes"
    assert database.read(lambda db: operator_sessions.find(db, signed_in, NOON, rules)) is None
    assert database.read(lambda db: sign_in_locks.locked_until(db, "lin", NOON)) is None


def test_somebody_dismissed_gets_no_link(database: Database) -> None:
    def dismissed(session: Session) -> int:
        number = hire(session, "lin", "marketer")
        operators.set_active(session, number, False, None)
        return number

    number = database.transaction(dismissed)
    with pytest.raises(NotFound):
        database.transaction(
            lambda db: operator_invitations.offer_new_password(db, number, NOON, None)
        )


def test_the_token_is_not_kept(database: Database) -> None:
    token = invite(database)

    row = database.read(lambda db: db.scalars(select(OperatorInvitation)).one())
    assert token not in repr(vars(row))
