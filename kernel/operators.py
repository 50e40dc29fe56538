"""Operators: the people of the console, their roles as data, and their revocable sessions."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError
from sqlalchemy import Boolean, ForeignKey, String, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from kernel.activity import BigId
from kernel.db import Base, insert_once
from kernel.refusals import Invalid, Refused
from kernel.roles import ROLES

MIN_PASSWORD = 12

_hasher = PasswordHasher()
# Verified against when there is no such operator, so that both answers take the same time.
_NOBODY = _hasher.hash(secrets.token_urlsafe(16))


class Operator(Base):
    """A person who signs in to the console."""

    __tablename__ = "operator"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    login: Mapped[str] = mapped_column(String(40), unique=True)
    name: Mapped[str] = mapped_column(String(40))
    role: Mapped[str] = mapped_column(String(20))
    password_hash: Mapped[str] = mapped_column(String(200))
    active: Mapped[bool] = mapped_column(Boolean, default=True)
    created_at: Mapped[datetime]

    def may(self, permission: str) -> bool:
        """Whether the operator's role grants `permission`."""
        return permission in ROLES.get(self.role, frozenset())


class OperatorSession(Base):
    """A signed-in browser; the cookie holds the token, the row only its hash."""

    __tablename__ = "operator_session"

    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    operator_id: Mapped[int] = mapped_column(ForeignKey("operator.id"), index=True)
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class SignInRefused(Refused):
    """Wrong name or wrong password: one answer for both."""

    code = "sign_in_refused"


class NotAllowed(Refused):
    """The operator's role does not grant this; fact: `permission`."""

    code = "not_allowed"


@dataclass(frozen=True)
class SessionRules:
    """How long a session lives: since it was last used, and in all."""

    idle: timedelta
    life: timedelta


@dataclass(frozen=True)
class NewOperator:
    """What it takes to make an operator."""

    login: str
    name: str
    role: str
    password: str


def create(session: Session, new: NewOperator, at: datetime) -> bool:
    """Make an operator; False when the login name is taken. Raises Invalid."""
    if new.role not in ROLES:
        raise Invalid(field="role", reason=f"one of {', '.join(ROLES)}")
    if len(new.password) < MIN_PASSWORD:
        raise Invalid(field="password", reason=f"密码至少 {MIN_PASSWORD} 位")
    if session.scalar(select(Operator.id).where(Operator.login == new.login)) is not None:
        return False  # hashing is slow on purpose, so look first
    row = {
        "login": new.login,
        "name": new.name,
        "role": new.role,
        "password_hash": _hasher.hash(new.password),
        "active": True,
        "created_at": at,
    }
    return insert_once(session, Operator, row, "login")


def find(session: Session, login: str) -> Operator | None:
    """The active operator with that login."""
    return session.scalar(
        select(Operator).where(Operator.login == login, Operator.active.is_(True))
    )


def check_password(session: Session, login: str, password: str) -> Operator:
    """The operator with that login and password. Raises SignInRefused, equally slowly for each."""
    operator = session.scalar(
        select(Operator).where(Operator.login == login, Operator.active.is_(True))
    )
    try:
        _hasher.verify(operator.password_hash if operator else _NOBODY, password)
    except VerificationError:
        raise SignInRefused from None
    if operator is None:
        raise SignInRefused
    return operator


def open_session(session: Session, operator_id: int, at: datetime) -> str:
    """A new session's token, for the cookie; it is new at each sign-in."""
    token = secrets.token_urlsafe(32)
    session.add(
        OperatorSession(
            token_hash=_hash(token), operator_id=operator_id, created_at=at, seen_at=at
        )
    )
    return token


def find_by_session(
    session: Session, token: str, at: datetime, rules: SessionRules
) -> Operator | None:
    """The operator behind a live session."""
    return session.scalar(
        select(Operator)
        .join(OperatorSession, OperatorSession.operator_id == Operator.id)
        .where(
            OperatorSession.token_hash == _hash(token),
            OperatorSession.ended_at.is_(None),
            OperatorSession.seen_at > at - rules.idle,
            OperatorSession.created_at > at - rules.life,
            Operator.active.is_(True),
        )
    )


def touch_session(session: Session, token: str, at: datetime) -> None:
    """Keep a session that is being used from going idle; writes at most once a minute."""
    session.execute(
        update(OperatorSession)
        .where(
            OperatorSession.token_hash == _hash(token),
            OperatorSession.seen_at < at - timedelta(minutes=1),
        )
        .values(seen_at=at)
    )


def end_session(session: Session, token: str, at: datetime) -> None:
    """Sign out: the token is dead at once, on every host."""
    session.execute(
        update(OperatorSession)
        .where(OperatorSession.token_hash == _hash(token), OperatorSession.ended_at.is_(None))
        .values(ended_at=at)
    )


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
