"""Second factors: each code within a step of its time and once, recovery codes once each."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import pyotp
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from kernel import second_factors
from kernel.db import Database
from kernel.refusals import NotFound
from kernel.second_factors import AlreadyEnrolled, CodeRefused, RecoveryCode, SecondFactor
from tests.kernel.people import NOON, VAULT, hire


def begin(database: Database, number: int) -> pyotp.TOTP:
    """The phone of an operator who has scanned the code and typed nothing yet."""

    def work(db: Session) -> str:
        second_factors.begin(db, VAULT, number, NOON)
        factor = second_factors.find(db, number)
        assert factor is not None
        return second_factors.secret_of(VAULT, factor)

    return pyotp.TOTP(database.transaction(work))


def confirm(database: Database, number: int, code: str, at: datetime = NOON) -> Sequence[str]:
    return database.transaction(lambda db: second_factors.confirm(db, VAULT, number, code, at))


def check(database: Database, number: int, code: str, at: datetime) -> bool:
    return database.transaction(lambda db: second_factors.check(db, VAULT, number, code, at))


@pytest.fixture
def lin(database: Database) -> int:
    return database.transaction(lambda db: hire(db, "lin"))


@pytest.fixture
def enrolled(database: Database, lin: int) -> tuple[pyotp.TOTP, Sequence[str]]:
    """A phone whose code of noon was used to enrol, and the recovery codes."""
    phone = begin(database, lin)
    return phone, confirm(database, lin, phone.at(NOON))


Enrolled = tuple[pyotp.TOTP, Sequence[str]]


def test_a_factor_counts_once_a_first_code_was_shown(database: Database, lin: int) -> None:
    phone = begin(database, lin)
    assert not database.read(lambda db: second_factors.is_enrolled(db, lin))
    with pytest.raises(CodeRefused):
        check(database, lin, phone.at(NOON), NOON)
    with pytest.raises(CodeRefused):
        confirm(database, lin, "000000" if phone.at(NOON) != "000000" else "111111")

    codes = confirm(database, lin, phone.at(NOON))

    assert database.read(lambda db: second_factors.is_enrolled(db, lin))
    assert len(set(codes)) == second_factors.RECOVERY_CODES


@pytest.mark.parametrize(("steps", "counts"), [(-2, False), (-1, True), (0, True), (1, True),
                                               (2, False)])  # fmt: skip
def test_a_code_counts_a_step_before_and_after_its_time(
    database: Database, lin: int, enrolled: Enrolled, steps: int, counts: bool
) -> None:
    at = NOON + timedelta(minutes=10)
    code = enrolled[0].at(at + timedelta(seconds=30 * steps))

    if counts:
        assert check(database, lin, code, at) is False
    else:
        with pytest.raises(CodeRefused):
            check(database, lin, code, at)


def test_a_code_works_once_and_none_before_it_works_after(
    database: Database, lin: int, enrolled: Enrolled
) -> None:
    phone, _ = enrolled
    with pytest.raises(CodeRefused):
        check(database, lin, phone.at(NOON), NOON)  # it was shown to enrol
    later = NOON + timedelta(minutes=5)
    check(database, lin, phone.at(later), later)

    for code in (phone.at(later), phone.at(later - timedelta(seconds=30))):
        with pytest.raises(CodeRefused):
            check(database, lin, code, later)
    after = later + timedelta(seconds=30)
    assert check(database, lin, f" {phone.at(after)[:3]} {phone.at(after)[3:]} ", after) is False


def test_a_recovery_code_works_once_however_it_is_typed(
    database: Database, lin: int, enrolled: Enrolled
) -> None:
    first, second, *_ = enrolled[1]
    assert check(database, lin, first, NOON) is True
    assert check(database, lin, f" {second.replace('-', '').upper()} ", NOON) is True

    for code in (first, second):
        with pytest.raises(CodeRefused):
            check(database, lin, code, NOON)
    assert database.read(lambda db: second_factors.count_recovery_codes(db, lin)) == 8


def test_new_recovery_codes_end_the_old_ones(
    database: Database, lin: int, enrolled: Enrolled
) -> None:
    renewed = database.transaction(lambda db: second_factors.renew_recovery_codes(db, VAULT, lin))

    with pytest.raises(CodeRefused):
        check(database, lin, enrolled[1][0], NOON)
    assert check(database, lin, renewed[0], NOON) is True


def test_one_persons_codes_are_nothing_to_another(
    database: Database, lin: int, enrolled: Enrolled
) -> None:
    zhou = database.transaction(lambda db: hire(db, "zhou"))
    phone = begin(database, zhou)
    confirm(database, zhou, phone.at(NOON))
    at = NOON + timedelta(minutes=5)

    for code in (enrolled[0].at(at), enrolled[1][0]):
        with pytest.raises(CodeRefused):
            check(database, zhou, code, at)


@pytest.mark.parametrize(
    "code", ["", "12345", "1234567", "１２３４５６", "\x00", "é" * 6, "x" * 9_999]
)
def test_nonsense_is_only_wrong(
    database: Database, lin: int, enrolled: Enrolled, code: str
) -> None:
    del enrolled
    with pytest.raises(CodeRefused):
        check(database, lin, code, NOON)


def test_a_second_secret_replaces_one_that_waits_but_none_that_counts(
    database: Database, lin: int
) -> None:
    first, second = begin(database, lin), begin(database, lin)
    assert first.secret != second.secret
    with pytest.raises(CodeRefused):
        confirm(database, lin, first.at(NOON))
    confirm(database, lin, second.at(NOON))

    with pytest.raises(AlreadyEnrolled):
        begin(database, lin)
    with pytest.raises(AlreadyEnrolled):
        confirm(database, lin, second.at(NOON))


def test_what_is_removed_asks_for_nothing_more(
    database: Database, lin: int, enrolled: Enrolled
) -> None:
    del enrolled
    assert database.transaction(lambda db: second_factors.remove(db, lin)) is True
    assert database.transaction(lambda db: second_factors.remove(db, lin)) is False

    assert not database.read(lambda db: second_factors.is_enrolled(db, lin))
    assert database.read(lambda db: second_factors.count_recovery_codes(db, lin)) == 0
    with pytest.raises(NotFound):
        confirm(database, lin, "123456")


def test_neither_secret_nor_recovery_codes_lie_open(
    database: Database, lin: int, enrolled: Enrolled
) -> None:
    phone, codes = enrolled

    def rows(db: Session) -> str:
        found = [*db.scalars(select(SecondFactor)), *db.scalars(select(RecoveryCode))]
        return repr([vars(row) for row in found])

    stored = database.read(rows)
    assert phone.secret not in stored
    assert not [code for code in codes if code in stored or code.replace("-", "") in stored]
    assert str(lin) in stored
