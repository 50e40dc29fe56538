"""Invitations: a one-time link by which somebody becomes an operator, or sets a new password.

The link holds the token, the row only its hash; it works for 72 hours, and once.
"""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ForeignKey, String, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from kernel import operator_sessions, operators, sign_in_locks
from kernel.activity import BigId
from kernel.db import Base, insert_once
from kernel.operators import NewOperator, Operator, Place
from kernel.refusals import NotFound, Refused

VALID_FOR = timedelta(hours=72)


class OperatorInvitation(Base):
    """One link. With `operator_id` it sets a new password, without it makes an operator.

    `standing_for` is the login while the link may still be used: so one stands for a login.
    """

    __tablename__ = "operator_invitation"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    standing_for: Mapped[str | None] = mapped_column(String(40), unique=True)
    operator_id: Mapped[int | None] = mapped_column(ForeignKey("operator.id"))
    login: Mapped[str] = mapped_column(String(40))
    name: Mapped[str] = mapped_column(String(40))
    role: Mapped[str] = mapped_column(String(20))
    branch: Mapped[str | None] = mapped_column(String(40))
    created_by: Mapped[int | None] = mapped_column(ForeignKey("operator.id"))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class InvitationOver(Refused):
    """The link is unknown, used, revoked or too old: one answer for all."""

    code = "invitation_over"


class LoginTaken(Refused):
    """There is, or was, an operator with that login."""

    code = "login_taken"


class AlreadyInvited(Refused):
    """A link for that login stands already; it can be renewed or revoked."""

    code = "already_invited"


@dataclass(frozen=True)
class Invitation:
    """Who is invited, and as what."""

    login: str
    name: str
    place: Place


def invite(session: Session, new: Invitation, at: datetime, by: int | None) -> str:
    """Invite somebody; returns the token for the link.

    Raises Invalid, LoginTaken, AlreadyInvited.
    """
    login, name = operators.check_login(new.login), operators.check_name(new.name)
    place = operators.check_place(new.place.role, new.place.branch)
    if session.scalar(select(Operator.id).where(Operator.login == login)) is not None:
        raise LoginTaken
    return _issue(session, Invitation(login, name, place), None, at, by)


def offer_new_password(session: Session, operator_id: int, at: datetime, by: int | None) -> str:
    """A link by which the operator sets a new password; one before it works no more.

    Raises NotFound, for somebody who is not active too.
    """
    operator = operators.get(session, operator_id, lock=True)
    if not operator.active:
        raise NotFound
    revoke_all(session, operator.login, at)
    who = Invitation(operator.login, operator.name, Place(operator.role, operator.branch))
    return _issue(session, who, operator.id, at, by)


def _issue(
    session: Session, who: Invitation, operator_id: int | None, at: datetime, by: int | None
) -> str:
    token = secrets.token_urlsafe(32)
    row = {
        "token_hash": _hash(token),
        "standing_for": who.login,
        "operator_id": operator_id,
        "login": who.login,
        "name": who.name,
        "role": who.place.role,
        "branch": who.place.branch,
        "created_by": by,
        "created_at": at,
        "expires_at": at + VALID_FOR,
        "used_at": None,
        "revoked_at": None,
    }
    if not insert_once(session, OperatorInvitation, row, "standing_for"):
        raise AlreadyInvited
    return token


def renew(session: Session, invitation_id: int, at: datetime, by: int | None) -> str:
    """A new link in place of the old one, which works no more. Raises NotFound."""
    found = _standing(session, invitation_id)
    token = secrets.token_urlsafe(32)
    found.token_hash, found.created_by = _hash(token), by
    found.created_at, found.expires_at = at, at + VALID_FOR
    return token


def revoke(session: Session, invitation_id: int, at: datetime) -> OperatorInvitation:
    """The link works no more. Raises NotFound."""
    found = _standing(session, invitation_id)
    found.revoked_at, found.standing_for = at, None
    return found


def revoke_all(session: Session, login: str, at: datetime) -> None:
    """No link for that login works any more."""
    session.execute(
        update(OperatorInvitation)
        .where(OperatorInvitation.standing_for == login)
        .values(revoked_at=at, standing_for=None)
        .execution_options(synchronize_session=False)
    )


def find(session: Session, token: str, at: datetime) -> OperatorInvitation:
    """What the link stands for. Raises InvitationOver."""
    found = session.scalar(
        select(OperatorInvitation).where(
            OperatorInvitation.token_hash == _hash(token),
            OperatorInvitation.standing_for.is_not(None),
            OperatorInvitation.expires_at > at,
        )
    )
    if found is None:
        raise InvitationOver
    return found


def accept(session: Session, token: str, name: str, password_hash: str, at: datetime) -> int:
    """Use the link up: make the operator, or set his password; returns his number.

    `password_hash` comes from `passwords.hashed`. A new password ends all sessions and the
    lock-out. Raises InvitationOver, Invalid, LoginTaken.
    """
    found = find(session, token, at)
    # The change of the row is the lock: of two who use a link at once, one gets in.
    used = session.execute(
        update(OperatorInvitation)
        .where(
            OperatorInvitation.id == found.id,
            OperatorInvitation.token_hash == found.token_hash,
            OperatorInvitation.standing_for.is_not(None),
        )
        .values(used_at=at, standing_for=None)
        .execution_options(synchronize_session=False)
    )
    if used.rowcount != 1:  # type: ignore[attr-defined]
        raise InvitationOver
    sign_in_locks.clear(session, found.login)
    if found.operator_id is not None:
        operators.set_password(session, found.operator_id, password_hash)
        operator_sessions.end_all(session, found.operator_id, at)
        return found.operator_id
    new = NewOperator(found.login, operators.check_name(name), found.role, "", found.branch)
    if not operators.insert(session, new, password_hash, at):
        raise LoginTaken
    return session.scalars(select(Operator.id).where(Operator.login == found.login)).one()


def standing(session: Session, limit: int = 100) -> Sequence[OperatorInvitation]:
    """Invitations that nobody has used or revoked, the newest first; some may be too old."""
    return session.scalars(
        select(OperatorInvitation)
        .where(
            OperatorInvitation.standing_for.is_not(None),
            OperatorInvitation.operator_id.is_(None),
        )
        .order_by(OperatorInvitation.id.desc())
        .limit(limit)
    ).all()


def _standing(session: Session, invitation_id: int) -> OperatorInvitation:
    found = session.get(
        OperatorInvitation, invitation_id, with_for_update=True, populate_existing=True
    )
    if found is None or found.standing_for is None:
        raise NotFound
    return found


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()
