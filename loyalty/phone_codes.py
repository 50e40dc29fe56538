"""SMS codes that prove a phone: 6 digits, 5 minutes, 5 tries, few a day."""

import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Index, Integer, String, func, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from kernel import outbox
from kernel.activity import BigId
from kernel.db import Base
from kernel.refusals import Refused
from kernel.vault import Vault
from loyalty.phones import normalise

LIFE = timedelta(minutes=5)
PROOF_LIFE = timedelta(minutes=10)
TRIES = 5
WAIT = timedelta(seconds=60)
DAY_LIMIT_PHONE = 5
DAY_LIMIT_OPENID = 10


class PhoneCode(Base):
    """A code sent to a phone for one openid; only keyed digests are kept."""

    __tablename__ = "phone_code"
    __table_args__ = (
        Index("ix_phone_code_phone_digest_created_at", "phone_digest", "created_at"),
        Index("ix_phone_code_openid_created_at", "openid", "created_at"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    openid: Mapped[str] = mapped_column(String(64))
    phone_digest: Mapped[str] = mapped_column(String(64))
    code_digest: Mapped[str] = mapped_column(String(64))
    tries: Mapped[int] = mapped_column(Integer, default=0)
    created_at: Mapped[datetime]
    proven_at: Mapped[datetime | None]
    used_at: Mapped[datetime | None]


class TooManyCodes(Refused):
    """Codes were asked for too often; fact: `wait_seconds` until the next may be."""

    code = "too_many_codes"


class NoMoreCodesToday(Refused):
    """The phone or the visitor has had a day's worth of codes."""

    code = "no_more_codes_today"


class CodeWrong(Refused):
    """Not the code that was sent; fact: `tries_left`."""

    code = "code_wrong"


class CodeExpired(Refused):
    """No code that could still be used: none sent, too old, or too many tries."""

    code = "code_expired"


@dataclass(frozen=True)
class Claim:
    """Somebody's claim to hold a phone."""

    openid: str
    phone: str


def send(session: Session, vault: Vault, claim: Claim, at: datetime, text: str) -> None:
    """Make a code for the claim and leave the SMS in the outbox; `text` has a `{code}` slot.

    Raises Invalid for a number that is none, TooManyCodes, NoMoreCodesToday.
    """
    phone = normalise(claim.phone)
    digest = vault.digest(phone)
    _refuse_haste(session, digest, claim.openid, at)
    code = f"{secrets.randbelow(1_000_000):06d}"
    row = PhoneCode(
        openid=claim.openid,
        phone_digest=digest,
        code_digest=vault.digest(f"{digest}:{code}"),
        tries=0,
        created_at=at,
    )
    session.add(row)
    session.flush()  # the reference below needs the id
    payload = {"sealed": vault.seal(f"{phone} {text.format(code=code)}", "outbox.sms")}
    outbox.post(session, "sms", f"phone-code:{row.id}", payload, at)


def _refuse_haste(session: Session, digest: str, openid: str, at: datetime) -> None:
    day_ago = at - timedelta(days=1)
    by_phone = session.execute(
        select(func.count(), func.max(PhoneCode.created_at)).where(
            PhoneCode.phone_digest == digest, PhoneCode.created_at > day_ago
        )
    ).one()
    by_openid = session.scalar(
        select(func.count()).where(PhoneCode.openid == openid, PhoneCode.created_at > day_ago)
    )
    count, latest = by_phone
    if latest is not None and at - latest < WAIT:
        raise TooManyCodes(wait_seconds=int((WAIT - (at - latest)).total_seconds()) + 1)
    if count >= DAY_LIMIT_PHONE or (by_openid or 0) >= DAY_LIMIT_OPENID:
        raise NoMoreCodesToday


def prove(session: Session, vault: Vault, claim: Claim, code: str, at: datetime) -> Refused | None:
    """Try a code. Returns the refusal instead of raising it: the try must be counted, and a
    raised refusal would undo the count together with the transaction."""
    digest = vault.digest(normalise(claim.phone))
    row = session.execute(
        select(PhoneCode.id, PhoneCode.code_digest, PhoneCode.tries)
        .where(
            PhoneCode.openid == claim.openid,
            PhoneCode.phone_digest == digest,
            PhoneCode.used_at.is_(None),
            PhoneCode.created_at > at - LIFE,
        )
        .order_by(PhoneCode.id.desc())
        .limit(1)
    ).one_or_none()
    if row is None:
        return CodeExpired()
    # The conditional update is the counter: two guesses at once cannot share one try.
    counted = session.execute(
        update(PhoneCode)
        .where(PhoneCode.id == row.id, PhoneCode.tries < TRIES)
        .values(tries=PhoneCode.tries + 1)
    )
    if counted.rowcount != 1:  # type: ignore[attr-defined]
        return CodeExpired()
    if not hmac.compare_digest(row.code_digest, vault.digest(f"{digest}:{code.strip()}")):
        return CodeWrong(tries_left=max(0, TRIES - row.tries - 1))
    session.execute(update(PhoneCode).where(PhoneCode.id == row.id).values(proven_at=at))
    return None


def consume(session: Session, vault: Vault, claim: Claim, at: datetime) -> bool:
    """Use up a fresh proof of the claim; False when there is none."""
    digest = vault.digest(normalise(claim.phone))
    used = session.execute(
        update(PhoneCode)
        .where(
            PhoneCode.openid == claim.openid,
            PhoneCode.phone_digest == digest,
            PhoneCode.used_at.is_(None),
            PhoneCode.proven_at > at - PROOF_LIFE,
        )
        .values(used_at=at)
    )
    return bool(used.rowcount)  # type: ignore[attr-defined]
