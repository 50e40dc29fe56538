"""Second factors: codes of an authenticator app (TOTP, RFC 6238) and recovery codes on paper.

A code counts within 30 seconds before and after its time, and once: the last step that was used
is kept. Recovery codes are kept as keyed digests and work once each.
"""

import hmac
import re
import secrets
from collections.abc import Sequence
from datetime import datetime

import pyotp
from sqlalchemy import BigInteger, ForeignKey, String, delete, func, or_, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from kernel.activity import BigId
from kernel.db import Base, insert_once
from kernel.refusals import NotFound, Refused
from kernel.vault import Vault

STEP_SECONDS = 30
RECOVERY_CODES = 10
_PLACE = "second_factor.secret"
_TOTP = re.compile(r"\d{6}", re.ASCII)
# Without letters that are mistaken for one another on paper.
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
_RECOVERY_LENGTH = 10


class SecondFactor(Base):
    """An operator's authenticator; not `confirmed_at` until he has shown a first code."""

    __tablename__ = "second_factor"

    operator_id: Mapped[int] = mapped_column(
        ForeignKey("operator.id"), primary_key=True, autoincrement=False
    )
    secret_sealed: Mapped[str] = mapped_column(String(200))
    last_step: Mapped[int | None] = mapped_column(BigInteger)
    created_at: Mapped[datetime]
    confirmed_at: Mapped[datetime | None]


class RecoveryCode(Base):
    """A code for when the phone is lost; works once."""

    __tablename__ = "recovery_code"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    operator_id: Mapped[int] = mapped_column(ForeignKey("operator.id"), index=True)
    code_digest: Mapped[str] = mapped_column(String(64))
    used_at: Mapped[datetime | None]


class CodeRefused(Refused):
    """A wrong, late or used code of a second factor: one answer for all."""

    code = "second_factor_refused"


class AlreadyEnrolled(Refused):
    """The operator has a second factor; it must go before another comes."""

    code = "second_factor_enrolled"


def begin(session: Session, vault: Vault, operator_id: int, at: datetime) -> None:
    """Make a new secret, which counts once a first code was shown. Raises AlreadyEnrolled."""
    found = session.get(SecondFactor, operator_id, with_for_update=True, populate_existing=True)
    if found is not None and found.confirmed_at is not None:
        raise AlreadyEnrolled
    if found is not None:
        session.delete(found)
        session.flush()
    row = {
        "operator_id": operator_id,
        "secret_sealed": vault.seal(pyotp.random_base32(), _PLACE),
        "last_step": None,
        "created_at": at,
        "confirmed_at": None,
    }
    insert_once(session, SecondFactor, row, "operator_id")  # two tabs may begin at once


def find(session: Session, operator_id: int) -> SecondFactor | None:
    """The operator's second factor, confirmed or not yet."""
    return session.get(SecondFactor, operator_id)


def is_enrolled(session: Session, operator_id: int) -> bool:
    """Whether the operator must show a code to sign in."""
    found = find(session, operator_id)
    return found is not None and found.confirmed_at is not None


def secret_of(vault: Vault, factor: SecondFactor) -> str:
    """The secret, for the app; shown until the first code was."""
    return vault.open(factor.secret_sealed, _PLACE)


def address_of(secret: str, login: str, issuer: str) -> str:
    """The `otpauth://` address that authenticator apps read from a QR code."""
    return pyotp.TOTP(secret).provisioning_uri(name=login, issuer_name=issuer)


def confirm(
    session: Session, vault: Vault, operator_id: int, code: str, at: datetime
) -> Sequence[str]:
    """The first code was shown: from now on one is asked. Returns the recovery codes, once.

    Raises NotFound when nothing was begun, AlreadyEnrolled, CodeRefused.
    """
    found = session.get(SecondFactor, operator_id, with_for_update=True, populate_existing=True)
    if found is None:
        raise NotFound
    if found.confirmed_at is not None:
        raise AlreadyEnrolled
    _use_totp(session, vault, found, _typed(code), at)
    found.confirmed_at = at
    return renew_recovery_codes(session, vault, operator_id)


def check(session: Session, vault: Vault, operator_id: int, code: str, at: datetime) -> bool:
    """Use up a code of the app, or a recovery code; returns whether it was the latter.

    Raises CodeRefused. Tries are counted by the caller, see kernel.sign_in_locks.
    """
    typed = _typed(code)
    found = find(session, operator_id)
    if found is None or found.confirmed_at is None:
        raise CodeRefused
    if _TOTP.fullmatch(typed):
        _use_totp(session, vault, found, typed, at)
        return False
    _use_recovery_code(session, vault, operator_id, typed, at)
    return True


def renew_recovery_codes(session: Session, vault: Vault, operator_id: int) -> Sequence[str]:
    """New recovery codes; those before work no more."""
    session.execute(delete(RecoveryCode).where(RecoveryCode.operator_id == operator_id))
    codes = [
        "".join(secrets.choice(_LETTERS) for _ in range(_RECOVERY_LENGTH))
        for _ in range(RECOVERY_CODES)
    ]
    session.add_all(
        RecoveryCode(operator_id=operator_id, code_digest=_digest(vault, operator_id, code))
        for code in codes
    )
    return [f"{code[:5]}-{code[5:]}" for code in codes]


def count_recovery_codes(session: Session, operator_id: int) -> int:
    """How many recovery codes still work."""
    counted = select(func.count()).where(
        RecoveryCode.operator_id == operator_id, RecoveryCode.used_at.is_(None)
    )
    return session.scalar(counted) or 0


def remove(session: Session, operator_id: int) -> bool:
    """Take the second factor and its recovery codes away; False when there was none."""
    session.execute(delete(RecoveryCode).where(RecoveryCode.operator_id == operator_id))
    gone = session.execute(delete(SecondFactor).where(SecondFactor.operator_id == operator_id))
    return bool(gone.rowcount)  # type: ignore[attr-defined]


def _use_totp(
    session: Session, vault: Vault, factor: SecondFactor, code: str, at: datetime
) -> None:
    if not _TOTP.fullmatch(code):
        raise CodeRefused
    totp = pyotp.TOTP(secret_of(vault, factor))
    now_step = int(at.timestamp()) // STEP_SECONDS
    fits = [
        step
        for step in (now_step - 1, now_step, now_step + 1)
        if hmac.compare_digest(totp.at(step * STEP_SECONDS), code)
    ]
    if not fits:
        raise CodeRefused
    # The change of the step is the lock: of two who show one code at once, one gets in.
    used = session.execute(
        update(SecondFactor)
        .where(
            SecondFactor.operator_id == factor.operator_id,
            or_(SecondFactor.last_step.is_(None), SecondFactor.last_step < fits[-1]),
        )
        .values(last_step=fits[-1])
        .execution_options(synchronize_session=False)
    )
    if used.rowcount != 1:  # type: ignore[attr-defined]
        raise CodeRefused


def _use_recovery_code(
    session: Session, vault: Vault, operator_id: int, typed: str, at: datetime
) -> None:
    used = session.execute(
        update(RecoveryCode)
        .where(
            RecoveryCode.operator_id == operator_id,
            RecoveryCode.code_digest == _digest(vault, operator_id, typed),
            RecoveryCode.used_at.is_(None),
        )
        .values(used_at=at)
        .execution_options(synchronize_session=False)
    )
    if used.rowcount != 1:  # type: ignore[attr-defined]
        raise CodeRefused


def _typed(code: str) -> str:
    return re.sub(r"[\s-]", "", code).lower()


def _digest(vault: Vault, operator_id: int, code: str) -> str:
    return vault.digest(f"recovery:{operator_id}:{code}")
