"""Sessions of operators: revocable on any host, seen by their owner, confirmed for grave acts."""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Boolean, ColumnElement, ForeignKey, String, and_, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from kernel.db import Base
from kernel.operators import Operator
from kernel.refusals import NotFound
from kernel.second_factors import SecondFactor

# Between the password and the code of the second factor.
CODE_WITHIN = timedelta(minutes=10)
# So long after the password was given, grave acts need not ask again.
CONFIRMED_FOR = timedelta(minutes=5)
_AGENT_LENGTH = 200
_ADDRESS_LENGTH = 45


class OperatorSession(Base):
    """A signed-in browser; the cookie holds the token, the row only its hash.

    One that `awaits_code` has shown the password only, and opens nothing but the next step.
    """

    __tablename__ = "operator_session"

    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    operator_id: Mapped[int] = mapped_column(ForeignKey("operator.id"), index=True)
    created_at: Mapped[datetime] = mapped_column(index=True)
    seen_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    confirmed_at: Mapped[datetime | None]
    awaits_code: Mapped[bool] = mapped_column(Boolean, default=False)
    user_agent: Mapped[str] = mapped_column(String(_AGENT_LENGTH), default="")
    address: Mapped[str | None] = mapped_column(String(_ADDRESS_LENGTH))


@dataclass(frozen=True)
class SessionRules:
    """How long a session lives, since it was last used and in all; who needs a second factor."""

    idle: timedelta
    life: timedelta
    second_factor_roles: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Browser:
    """Where a session is: what the browser calls itself, and its network address."""

    user_agent: str
    address: str | None


@dataclass(frozen=True)
class Found:
    """The operator behind a token, his session, and whether he has a second factor."""

    operator: Operator
    session: OperatorSession
    enrolled: bool


def open_session(
    session: Session,
    operator_id: int,
    at: datetime,
    browser: Browser | None = None,
    *,
    awaits_code: bool = False,
) -> str:
    """A new session's token, for the cookie; it is new at each sign-in."""
    token = secrets.token_urlsafe(32)
    seen = browser or Browser("", None)
    session.add(
        OperatorSession(
            token_hash=_hash(token),
            operator_id=operator_id,
            created_at=at,
            seen_at=at,
            confirmed_at=None if awaits_code else at,
            awaits_code=awaits_code,
            user_agent=_readable(seen.user_agent),
            address=seen.address[:_ADDRESS_LENGTH] if seen.address else None,
        )
    )
    return token


def find(session: Session, token: str, at: datetime, rules: SessionRules) -> Found | None:
    """Who is behind a live session; one statement, since every page asks."""
    row = session.execute(
        select(Operator, OperatorSession, SecondFactor.confirmed_at)
        .join(OperatorSession, OperatorSession.operator_id == Operator.id)
        .outerjoin(SecondFactor, SecondFactor.operator_id == Operator.id)
        .where(OperatorSession.token_hash == _hash(token), _live(at, rules))
    ).one_or_none()
    if row is None:
        return None
    operator, found, enrolled_at = row
    if found.awaits_code and found.created_at <= at - CODE_WITHIN:
        return None
    return Found(operator, found, enrolled_at is not None)


def of_operator(
    session: Session, operator_id: int, at: datetime, rules: SessionRules
) -> Sequence[OperatorSession]:
    """The operator's live sessions, the one seen last first."""
    return session.scalars(
        select(OperatorSession)
        .join(Operator, Operator.id == OperatorSession.operator_id)
        .where(
            OperatorSession.operator_id == operator_id,
            OperatorSession.awaits_code.is_(False),
            _live(at, rules),
        )
        .order_by(OperatorSession.seen_at.desc())
        .limit(50)
    ).all()


def _live(at: datetime, rules: SessionRules) -> ColumnElement[bool]:
    return and_(
        OperatorSession.ended_at.is_(None),
        OperatorSession.seen_at > at - rules.idle,
        OperatorSession.created_at > at - rules.life,
        Operator.active.is_(True),
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


def confirm(session: Session, token: str, at: datetime) -> None:
    """The password was given again in this session: grave acts are open for a while."""
    session.execute(
        update(OperatorSession)
        .where(OperatorSession.token_hash == _hash(token))
        .values(confirmed_at=at)
    )


def is_confirmed(found: OperatorSession, at: datetime) -> bool:
    """Whether the password was given in this session within the last minutes."""
    return found.confirmed_at is not None and at - found.confirmed_at < CONFIRMED_FOR


def end_session(session: Session, token: str, at: datetime) -> None:
    """Sign out: the token is dead at once, on every host."""
    session.execute(
        update(OperatorSession)
        .where(OperatorSession.token_hash == _hash(token), OperatorSession.ended_at.is_(None))
        .values(ended_at=at)
    )


def end_one(session: Session, operator_id: int, token_hash: str, at: datetime) -> None:
    """End one of the operator's sessions. Raises NotFound, for somebody else's too."""
    ended = session.execute(
        update(OperatorSession)
        .where(
            OperatorSession.token_hash == token_hash,
            OperatorSession.operator_id == operator_id,
            OperatorSession.ended_at.is_(None),
        )
        .values(ended_at=at)
    )
    if ended.rowcount != 1:  # type: ignore[attr-defined]
        raise NotFound


def end_all(session: Session, operator_id: int, at: datetime, but_token: str = "") -> int:
    """End all of the operator's sessions, but for the one of `but_token`; returns how many."""
    ended = session.execute(
        update(OperatorSession)
        .where(
            OperatorSession.operator_id == operator_id,
            OperatorSession.token_hash != _hash(but_token),
            OperatorSession.ended_at.is_(None),
        )
        .values(ended_at=at)
        .execution_options(synchronize_session=False)
    )
    return int(ended.rowcount)  # type: ignore[attr-defined]


def hash_of(token: str) -> str:
    """What the row of a token is called."""
    return _hash(token)


def _readable(agent: str) -> str:
    return "".join(one for one in agent[:_AGENT_LENGTH] if one.isprintable() and one.isascii())


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
