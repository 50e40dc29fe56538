"""Lock-out: after some failures a login is locked for a while, on all hosts, known or unknown.

A try is counted before the password is checked and given back when it was right: so however many
come at once, no more than `TRIES` are ever checked.
"""

import hashlib
from datetime import datetime, timedelta

from sqlalchemy import JSON, String, delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from kernel.db import Base, insert_once
from kernel.refusals import Refused

TRIES = 5
WINDOW = timedelta(minutes=15)
LOCKED_FOR = timedelta(minutes=15)


class SignInLock(Base):
    """The latest tries of one login, as seconds of the epoch; unknown logins have rows as well.

    The key is a digest: what people type into the wrong box is not kept.
    """

    __tablename__ = "sign_in_lock"

    login_digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    tries: Mapped[list[float]] = mapped_column(JSON)
    locked_until: Mapped[datetime | None]
    touched_at: Mapped[datetime] = mapped_column(index=True)


class LoginLocked(Refused):
    """Too many failures for this login; it says the same whether there is such an operator."""

    code = "login_locked"


def take_try(session: Session, login: str, at: datetime) -> int:
    """Count a try of `login` and return how many are left. Raises LoginLocked.

    Belongs in a transaction of its own, which is committed before the password is checked.
    """
    lock = _held(session, login, at)
    if lock.locked_until is not None and lock.locked_until > at:
        raise LoginLocked
    since = (at - WINDOW).timestamp()
    # After a lock has run out there are all tries again.
    recent = [one for one in lock.tries if one > since] if lock.locked_until is None else []
    lock.tries = [*recent, at.timestamp()]
    left = TRIES - len(lock.tries)
    lock.locked_until = at + LOCKED_FOR if left <= 0 else None
    lock.touched_at = at
    return left


def give_back(session: Session, login: str, tried_at: datetime) -> None:
    """The try of that instant was no failure, though the sign-in is not complete yet."""
    lock = session.get(SignInLock, _digest(login), with_for_update=True, populate_existing=True)
    if lock is None or tried_at.timestamp() not in lock.tries:
        return
    tries = list(lock.tries)
    tries.remove(tried_at.timestamp())
    lock.tries, lock.locked_until = tries, None


def clear(session: Session, login: str) -> None:
    """Forget the failures: somebody has signed in fully, or an owner says so."""
    session.execute(delete(SignInLock).where(SignInLock.login_digest == _digest(login)))


def locked_until(session: Session, login: str, at: datetime) -> datetime | None:
    """Until when the login is locked; None when it is not."""
    until = session.scalar(
        select(SignInLock.locked_until).where(SignInLock.login_digest == _digest(login))
    )
    return until if until is not None and until > at else None


def _held(session: Session, login: str, at: datetime) -> SignInLock:
    key = _digest(login)
    row: dict[str, object] = {"tries": [], "locked_until": None, "touched_at": at}
    row["login_digest"] = key
    insert_once(session, SignInLock, row, "login_digest")
    return session.get_one(SignInLock, key, with_for_update=True, populate_existing=True)


def _digest(login: str) -> str:
    # MariaDB compares without regard to blanks at the end; so must we.
    return hashlib.sha256(login.strip().encode("utf-8", "replace")).hexdigest()
