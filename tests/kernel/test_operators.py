"""Operators: roles with their branches, and the owner who cannot be taken away."""

from functools import partial

import pytest
from sqlalchemy.orm import Session

from kernel import operators
from kernel.db import Database
from kernel.operators import (
    LastOwner,
    NewOperator,
    Operator,
    OwnAccount,
    Place,
    SignInRefused,
)
from kernel.refusals import Invalid, NotFound
from kernel.roles import BRANCH_ROLES, ROLES
from tests.kernel.people import NOON, PASSWORD, hire


@pytest.mark.parametrize("role", ROLES)
def test_a_branch_role_has_a_branch_and_no_other_role_has_one(role: str) -> None:
    fits, wrong = ("xihu", None) if role in BRANCH_ROLES else (None, "xihu")

    assert operators.check_place(role, fits, ["xihu"]) == Place(role, fits)
    with pytest.raises(Invalid) as refused:
        operators.check_place(role, wrong, ["xihu"])
    assert refused.value.facts["field"] == "branch"


def test_a_branch_that_is_none_and_a_role_that_is_none() -> None:
    for role, branch, field in [("branch_staff", "nowhere", "branch"), ("king", None, "role")]:
        with pytest.raises(Invalid) as refused:
            operators.check_place(role, branch, ["xihu"])
        assert refused.value.facts["field"] == field
    assert operators.check_place("owner", "", ["xihu"]) == Place("owner", None)


@pytest.mark.parametrize(
    ("role", "branch", "scope"),
    [
        ("owner", None, None),
        ("operations", None, None),
        ("branch_manager", "xihu", "xihu"),
        ("branch_staff", "xihu", "xihu"),
        ("branch_staff", None, ""),
    ],
)
def test_whose_rows_an_operator_sees(role: str, branch: str | None, scope: str | None) -> None:
    assert Operator(role=role, branch=branch).scope == scope


def test_an_operator_is_made_with_his_branch(database: Database) -> None:
    new = NewOperator("lin", "林晓", "branch_staff", PASSWORD, "xihu")
    assert database.transaction(lambda db: operators.create(db, new, NOON)) is True
    assert database.transaction(lambda db: operators.create(db, new, NOON)) is False

    found = database.read(lambda db: operators.check_password(db, "lin", PASSWORD))
    assert (found.role, found.branch) == ("branch_staff", "xihu")
    for login, password in [("lin", "wrong"), ("LIN", PASSWORD), ("nobody", PASSWORD)]:
        check = partial(operators.check_password, login=login, password=password)
        with pytest.raises(SignInRefused):
            database.read(check)


@pytest.mark.parametrize("login", ["", "a", "Lin", "1in", "lin xiao", "lin@x", "l" * 41, "林晓"])
def test_a_login_that_cannot_be_typed_twice_alike_is_refused(login: str) -> None:
    with pytest.raises(Invalid):
        operators.check_login(login)


@pytest.fixture
def owners(database: Database) -> tuple[int, int]:
    """Two owners."""
    return database.transaction(lambda db: (hire(db, "lin"), hire(db, "zhou")))


def demote(session: Session, who: int, by: int) -> None:
    operators.move(session, who, Place("marketer"), by)


def dismiss(session: Session, who: int, by: int) -> None:
    operators.set_active(session, who, False, by)


@pytest.mark.parametrize("remove", [demote, dismiss])
def test_the_last_owner_stays(database: Database, owners: tuple[int, int], remove: object) -> None:
    assert callable(remove)
    lin, zhou = owners
    other = database.transaction(lambda db: hire(db, "wang", "marketer"))
    database.transaction(lambda db: remove(db, zhou, lin))

    with pytest.raises(LastOwner):
        database.transaction(lambda db: remove(db, lin, other))
    database.transaction(lambda db: operators.move(db, other, Place("owner"), lin))
    database.transaction(lambda db: remove(db, lin, other))


@pytest.mark.parametrize("remove", [demote, dismiss])
def test_nobody_takes_his_own_account_away(
    database: Database, owners: tuple[int, int], remove: object
) -> None:
    assert callable(remove)
    with pytest.raises(OwnAccount):
        database.transaction(lambda db: remove(db, owners[0], owners[0]))


def test_what_is_so_already_is_no_change(database: Database, owners: tuple[int, int]) -> None:
    lin, zhou = owners

    before, changed = database.transaction(
        lambda db: operators.move(db, zhou, Place("owner"), lin)
    )
    assert (before, changed) == (Place("owner"), False)
    assert database.transaction(lambda db: operators.set_active(db, zhou, True, lin)) is False


def test_who_is_not_there_cannot_be_changed(database: Database, owners: tuple[int, int]) -> None:
    for work in (demote, dismiss):
        with pytest.raises(NotFound):
            database.transaction(partial(work, who=4_242, by=owners[0]))
