"""Operators: the people of the console, their roles as data, and the branch they belong to."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeAlias

from sqlalchemy import Boolean, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from kernel import passwords
from kernel.activity import BigId
from kernel.db import Base, insert_once
from kernel.refusals import Invalid, NotFound, Refused
from kernel.roles import BRANCH_ROLES, ROLES

NAME_LENGTH = 40
_LOGIN = re.compile(r"[a-z][a-z0-9._-]{1,39}", re.ASCII)

# None: all branches; else the code of the one whose rows may be seen. "" is no branch at all.
Scope: TypeAlias = str | None


class Operator(Base):
    """A person who signs in to the console; `branch` is the code of a branch."""

    __tablename__ = "operator"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    login: Mapped[str] = mapped_column(String(40), unique=True)
    name: Mapped[str] = mapped_column(String(40))
    role: Mapped[str] = mapped_column(String(20))
    branch: Mapped[str | None] = mapped_column(String(40))
    password_hash: Mapped[str] = mapped_column(String(200))
    active: Mapped[bool] = mapped_column(Boolean, default=True)
    created_at: Mapped[datetime]

    def may(self, permission: str) -> bool:
        """Whether the operator's role grants `permission`."""
        return permission in ROLES.get(self.role, frozenset())

    @property
    def scope(self) -> Scope:
        """Whose rows the operator sees: all, or those of one branch."""
        return (self.branch or "") if self.role in BRANCH_ROLES else None


class SignInRefused(Refused):
    """Wrong name or wrong password: one answer for both."""

    code = "sign_in_refused"


class NotAllowed(Refused):
    """The operator's role does not grant this; fact: `permission`."""

    code = "not_allowed"


class PasswordWrong(Refused):
    """Not the operator's present password."""

    code = "password_wrong"


class LastOwner(Refused):
    """Without this owner nobody could manage the operators."""

    code = "last_owner"


class OwnAccount(Refused):
    """Nobody takes his own role or account away: a colleague does."""

    code = "own_account"


@dataclass(frozen=True)
class Place:
    """What an operator is, and where: a branch role has a branch, no other role has one."""

    role: str
    branch: str | None = None


@dataclass(frozen=True)
class NewOperator:
    """What it takes to make an operator."""

    login: str
    name: str
    role: str
    password: str
    branch: str | None = None


def check_place(role: str, branch: str | None, known: Sequence[str] | None = None) -> Place:
    """The place, if role and branch fit. Raises Invalid.

    `known` are the codes of the branches there are; an empty branch is none.
    """
    branch = branch or None
    if role not in ROLES:
        raise Invalid(field="role", reason="请选择角色")
    if role in BRANCH_ROLES and branch is None:
        raise Invalid(field="branch", reason="营业厅角色必须选择营业厅")
    if role not in BRANCH_ROLES and branch is not None:
        raise Invalid(field="branch", reason="这个角色不属于某一个营业厅，请选“不限”")
    if branch is not None and known is not None and branch not in known:
        raise Invalid(field="branch", reason="没有这个营业厅，请重新选择")
    return Place(role, branch)


def check_login(login: str) -> str:
    """The login name, if one may have it. Raises Invalid."""
    if not _LOGIN.fullmatch(login):
        raise Invalid(
            field="login", reason="登录名为 2 至 40 位小写字母、数字、点、横线，以字母开头"
        )
    return login


def check_name(name: str) -> str:
    """The name that colleagues read. Raises Invalid."""
    if not 1 <= len(name) <= NAME_LENGTH or not name.isprintable():
        raise Invalid(field="name", reason=f"请填写姓名（{NAME_LENGTH} 字以内）")
    return name


def create(session: Session, new: NewOperator, at: datetime) -> bool:
    """Make an operator; False when the login name is taken. Raises Invalid."""
    place = check_place(new.role, new.branch)
    if session.scalar(select(Operator.id).where(Operator.login == new.login)) is not None:
        return False  # hashing is slow on purpose, so look first
    hashed = passwords.hashed(new.password, new.login, new.name)
    return insert(session, replace(new, branch=place.branch), hashed, at)


def insert(session: Session, new: NewOperator, password_hash: str, at: datetime) -> bool:
    """Make an operator whose password is hashed already; False when the login is taken."""
    row = {
        "login": new.login,
        "name": new.name,
        "role": new.role,
        "branch": new.branch,
        "password_hash": password_hash,
        "active": True,
        "created_at": at,
    }
    return insert_once(session, Operator, row, "login")


def find(session: Session, login: str) -> Operator | None:
    """The active operator with that login."""
    return session.scalar(
        select(Operator).where(Operator.login == login, Operator.active.is_(True))
    )


def active(session: Session) -> Sequence[Operator]:
    """Everybody who may sign in, by login."""
    return session.scalars(
        select(Operator).where(Operator.active.is_(True)).order_by(Operator.login)
    ).all()


def get(session: Session, operator_id: int, *, lock: bool = False) -> Operator:
    """The operator with that number, active or not. Raises NotFound."""
    found = session.get(Operator, operator_id, with_for_update=lock, populate_existing=lock)
    if found is None:
        raise NotFound
    return found


def check_password(session: Session, login: str, password: str) -> Operator:
    """The operator with that login and password. Raises SignInRefused, equally slowly for each."""
    operator = find(session, login)
    right = passwords.is_right(operator.password_hash if operator else None, password)
    if operator is None or not right:
        raise SignInRefused
    return operator


def set_password(session: Session, operator_id: int, password_hash: str) -> None:
    """Another password, hashed already by `passwords.hashed`. Raises NotFound."""
    get(session, operator_id, lock=True).password_hash = password_hash


def rename(session: Session, operator_id: int, name: str) -> None:
    """Another name for colleagues to read. Raises NotFound, Invalid."""
    get(session, operator_id, lock=True).name = check_name(name)


def move(session: Session, operator_id: int, place: Place, by: int | None) -> tuple[Place, bool]:
    """Give another role and branch; returns (the place before, whether anything changed).

    Raises NotFound, OwnAccount, LastOwner.
    """
    owners = _active_owners(session)
    operator = get(session, operator_id, lock=True)
    before = Place(operator.role, operator.branch)
    if place == before:
        return before, False
    if operator_id == by:
        raise OwnAccount
    if place.role != "owner":
        _keep_an_owner(owners, operator_id)
    operator.role, operator.branch = place.role, place.branch
    return before, True


def set_active(session: Session, operator_id: int, active: bool, by: int | None) -> bool:
    """Close or open the account; False when it is so already.

    Raises NotFound, OwnAccount, LastOwner.
    """
    owners = _active_owners(session)
    operator = get(session, operator_id, lock=True)
    if operator.active == active:
        return False
    if operator_id == by:
        raise OwnAccount
    if not active:
        _keep_an_owner(owners, operator_id)
    operator.active = active
    return True


def _active_owners(session: Session) -> Sequence[int]:
    # Locked, and in one order, so that two owners cannot remove each other at the same moment.
    return session.scalars(
        select(Operator.id)
        .where(Operator.role == "owner", Operator.active.is_(True))
        .order_by(Operator.id)
        .with_for_update()
    ).all()


def _keep_an_owner(owners: Sequence[int], leaving: int) -> None:
    if list(owners) == [leaving]:
        raise LastOwner
