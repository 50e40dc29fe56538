"""SMS codes that prove a phone: 6 digits, 5 minutes, 5 tries, few a day."""

import hmac
import ipaddress
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Index, Integer, String, delete, func, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from kernel import outbox, sms
from kernel.activity import BigId
from kernel.db import Base
from kernel.refusals import Refused
from kernel.sms import Sms
from kernel.vault import Vault
from loyalty import code_quota
from loyalty.phones import normalise

LIFE = timedelta(minutes=5)
PROOF_LIFE = timedelta(minutes=10)
TRIES = 5
WAIT = timedelta(seconds=60)
DAY_LIMIT_PHONE = 5
DAY_LIMIT_OPENID = 10
DAY_LIMIT_ADDRESS = 20
TEMPLATE = "code"


class PhoneCode(Base):
    """A code sent to a phone for one openid; only keyed digests are kept."""

    __tablename__ = "phone_code"
    __table_args__ = (
        Index("ix_phone_code_phone_digest_created_at", "phone_digest", "created_at"),
        Index("ix_phone_code_openid_created_at", "openid", "created_at"),
        Index("ix_phone_code_address_digest_created_at", "address_digest", "created_at"),
        # The outbox files messages under these ids: SQLite would give a deleted one out again.
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    openid: Mapped[str] = mapped_column(String(64))
    phone_digest: Mapped[str] = mapped_column(String(64))
    address_digest: Mapped[str | None] = mapped_column(String(64))
    code_digest: Mapped[str] = mapped_column(String(64))
    tries: Mapped[int] = mapped_column(Integer, default=0)
    created_at: Mapped[datetime]
    proven_at: Mapped[datetime | None]
    used_at: Mapped[datetime | None]


class TooManyCodes(Refused):
    """Codes were asked for too often; fact: `wait_seconds` until the next may be."""

    code = "too_many_codes"


class NoMoreCodesToday(Refused):
    """The phone, the visitor or the network address has had a day's worth of codes."""

    code = "no_more_codes_today"


class CodeWrong(Refused):
    """Not the code that was sent; fact: `tries_left`."""

    code = "code_wrong"


class CodeExpired(Refused):
    """No code that could still be used: none sent, too old, or too many tries."""

    code = "code_expired"


@dataclass(frozen=True)
class Claim:
    """Somebody's claim to hold a phone; `address` is the network address that he comes from."""

    openid: str
    phone: str
    address: str | None = None


def send(session: Session, vault: Vault, claim: Claim, at: datetime, text: str) -> None:
    """Make a code for the claim and leave the SMS in the outbox; `text` has a `{code}` slot.

    Raises Invalid for a number that is none, TooManyCodes, NoMoreCodesToday.
    """
    phone = normalise(claim.phone)
    asked = _Asked(vault.digest(phone), claim.openid, _digest_address(vault, claim.address))
    code_quota.hold(session, asked.subjects(vault), at)
    _refuse_haste(session, asked, at)
    code = f"{secrets.randbelow(1_000_000):06d}"
    row = PhoneCode(
        openid=claim.openid,
        phone_digest=asked.phone,
        address_digest=asked.address,
        code_digest=vault.digest(f"{asked.phone}:{code}"),
        tries=0,
        created_at=at,
    )
    session.add(row)
    session.flush()  # the reference below needs the id
    message = Sms(text.format(code=code), TEMPLATE, {"code": code})
    payload = {"sealed": sms.seal(vault, phone, message)}
    outbox.post(session, "sms", f"phone-code:{row.id}", payload, at)


@dataclass(frozen=True)
class _Asked:
    """Who asks for a code: digest of the phone, openid, digest of the address."""

    phone: str
    openid: str
    address: str | None

    def subjects(self, vault: Vault) -> list[str]:
        # Digests of digests, so that nobody finds a phone or a person in the quota's rows.
        named = [f"phone:{self.phone}", f"openid:{self.openid}"]
        if self.address is not None:
            named.append(f"address:{self.address}")
        return [vault.digest(f"quota:{name}") for name in named]


def _digest_address(vault: Vault, address: str | None) -> str | None:
    """The digest of an IPv4 address, or of the /64 of an IPv6 one: a household has a whole one."""
    try:
        found = ipaddress.ip_address((address or "").partition("%")[0])
    except ValueError:
        return None
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    network = ipaddress.ip_network((found, 32 if found.version == 4 else 64), strict=False)
    return vault.digest(f"address:{network}")


def _refuse_haste(session: Session, asked: _Asked, at: datetime) -> None:
    day_ago = at - timedelta(days=1)
    latest = session.scalar(
        select(func.max(PhoneCode.created_at)).where(
            PhoneCode.phone_digest == asked.phone, PhoneCode.created_at > day_ago
        )
    )
    if latest is not None and at - latest < WAIT:
        raise TooManyCodes(wait_seconds=int((WAIT - (at - latest)).total_seconds()) + 1)
    for column, value, limit in (
        (PhoneCode.phone_digest, asked.phone, DAY_LIMIT_PHONE),
        (PhoneCode.openid, asked.openid, DAY_LIMIT_OPENID),
        (PhoneCode.address_digest, asked.address, DAY_LIMIT_ADDRESS),
    ):
        sent = select(func.count()).where(column == value, PhoneCode.created_at > day_ago)
        if value is not None and (session.scalar(sent) or 0) >= limit:
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


def drop(session: Session, theirs: ColumnElement[bool], at: datetime) -> None:
    """Delete codes of somebody who leaves; what has not been sent yet is not sent."""
    ids = session.scalars(select(PhoneCode.id).where(theirs)).all()
    if ids:
        outbox.withdraw(session, [f"phone-code:{one}" for one in ids], at)
        gone = delete(PhoneCode).where(PhoneCode.id.in_(ids))
        session.execute(gone.execution_options(synchronize_session=False))
