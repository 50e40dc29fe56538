"""Showing who one is: the password and the code of the second factor, each try counted.

Each function opens its own short transactions: checking a password is slow on purpose, so it
must not hold SQLite's one write lock.
"""

from sqlalchemy.orm import Session

from kernel import audit, operators, passwords, second_factors, sign_in_locks
from kernel.operators import Operator, PasswordWrong, SignInRefused
from kernel.second_factors import CodeRefused
from web.console.guards import actor
from web.wiring import now, read, real_now, transaction, wiring

# Enough to recognise a colleague's slip; a password typed into the wrong box is not kept whole.
_KEPT_OF_LOGIN = 12


def by_password(login: str, password: str) -> Operator:
    """The operator with that login and password; the try stays counted until it is given back.

    Raises LoginLocked, SignInRefused; an unknown name and a wrong password read and cost the same.
    """
    at = real_now()
    left = transaction(lambda db: sign_in_locks.take_try(db, login, at))
    try:
        operator = read(lambda db: operators.check_password(db, login, password))
    except SignInRefused:
        _note_failure("sign_in.refused", f"login:{login[:_KEPT_OF_LOGIN]}", left)
        raise
    transaction(lambda db: sign_in_locks.give_back(db, login, at))
    return operator


def by_code(operator: Operator, code: str) -> None:
    """The code of the operator's second factor, used up. Raises LoginLocked, CodeRefused."""
    at = real_now()
    left = transaction(lambda db: sign_in_locks.take_try(db, operator.login, at))

    def work(db: Session) -> None:
        with_recovery = second_factors.check(db, wiring().vault, operator.id, code, at)
        if with_recovery:
            remaining = second_factors.count_recovery_codes(db, operator.id)
            subject = f"operator:{operator.id}"
            audit.write(db, "recovery_code.used", subject, now(), by=_as(operator), left=remaining)
        sign_in_locks.give_back(db, operator.login, at)

    try:
        transaction(work)
    except CodeRefused:
        _note_failure("sign_in.code_refused", f"operator:{operator.id}", left, operator)
        raise


def again(operator: Operator, password: str, code: str, enrolled: bool) -> None:
    """The operator's own password once more, and a code where he has a second factor.

    Raises LoginLocked, PasswordWrong, CodeRefused.
    """
    at = real_now()
    left = transaction(lambda db: sign_in_locks.take_try(db, operator.login, at))
    if not passwords.is_right(operator.password_hash, password):
        _note_failure("confirm.refused", f"operator:{operator.id}", left, operator)
        raise PasswordWrong
    transaction(lambda db: sign_in_locks.give_back(db, operator.login, at))
    if enrolled:
        by_code(operator, code)


def _note_failure(action: str, subject: str, left: int, who: Operator | None = None) -> None:
    by = _as(who) if who else actor()

    def work(db: Session) -> None:
        audit.write(db, action, subject, now(), by=by)
        if left <= 0:
            audit.write(db, "sign_in.locked", subject, now(), by=by)

    transaction(work)


def _as(operator: Operator) -> tuple[int, str | None]:
    return operator.id, actor()[1]
