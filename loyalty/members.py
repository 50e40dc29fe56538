"""Members: people who registered with a proven phone and their consent."""

import unicodedata
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ForeignKey, String, bindparam, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from kernel import activity
from kernel.activity import BigId
from kernel.db import Base, insert_once
from kernel.hot import Hot
from kernel.refusals import Invalid, NotFound, Refused
from kernel.vault import Vault
from loyalty import phone_codes
from loyalty.phones import mask, normalise
from loyalty.points import open_account

PHONE_PLACE = "member.phone"
NAME_LENGTH = 20


class Member(Base):
    """A registered person. The phone is sealed; its digest finds it; `phone_hint` is the mask."""

    __tablename__ = "member"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    openid: Mapped[str] = mapped_column(String(64), unique=True)
    name: Mapped[str] = mapped_column(String(40))
    phone_sealed: Mapped[str] = mapped_column(String(255))
    phone_digest: Mapped[str] = mapped_column(String(64), unique=True)
    phone_hint: Mapped[str] = mapped_column(String(11))
    channel: Mapped[str] = mapped_column(String(20))
    registered_at: Mapped[datetime] = mapped_column(index=True)


class Consent(Base):
    """What a member agreed to, in which wording, when and where."""

    __tablename__ = "consent"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"), index=True)
    purpose: Mapped[str] = mapped_column(String(20))
    version: Mapped[str] = mapped_column(String(20))
    channel: Mapped[str] = mapped_column(String(20))
    granted_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]


class AlreadyRegistered(Refused):
    """This openid is a member."""

    code = "already_registered"


class PhoneTaken(Refused):
    """The phone belongs to another member: one phone, one member, for ever."""

    code = "phone_taken"


class ConsentMissing(Refused):
    """Nobody's phone is stored without their consent."""

    code = "consent_missing"


class PhoneNotProven(Refused):
    """No fresh proof that the phone is the asker's."""

    code = "phone_not_proven"


class NotRegistered(Refused):
    """Only members may do this."""

    code = "not_registered"


@dataclass(frozen=True)
class Registration:
    """A filled-in registration form."""

    openid: str
    name: str
    phone: str
    consent_version: str | None
    channel: str = "site"


def register(session: Session, vault: Vault, form: Registration, at: datetime) -> Member:
    """Make a member of a proven phone.

    Raises Invalid, ConsentMissing, PhoneNotProven, AlreadyRegistered, PhoneTaken.
    """
    if not form.consent_version:
        raise ConsentMissing
    claim = phone_codes.Claim(form.openid, form.phone)
    if not phone_codes.consume(session, vault, claim, at):
        raise PhoneNotProven
    return _admit(session, vault, form, at)


def admit(session: Session, vault: Vault, form: Registration, at: datetime) -> Member:
    """Make a member whose phone an operator vouches for: an import, a demo hall."""
    return _admit(session, vault, form, at)


def _admit(session: Session, vault: Vault, form: Registration, at: datetime) -> Member:
    phone = normalise(form.phone)
    digest = vault.digest(phone)
    row = {
        "openid": form.openid,
        "name": clean_name(form.name),
        "phone_sealed": vault.seal(phone, PHONE_PLACE),
        "phone_digest": digest,
        "phone_hint": mask(phone),
        "channel": form.channel,
        "registered_at": at,
    }
    if not insert_once(session, Member, row, "*"):
        raise _standing(session, form.openid)
    member = get(session, form.openid)
    open_account(session, member.id)
    session.add(
        Consent(
            member_id=member.id,
            purpose="phone",
            version=form.consent_version or "operator",
            channel=form.channel,
            granted_at=at,
        )
    )
    activity.record(session, "register", at, who=(form.openid, member.id), channel=form.channel)
    return member


def _standing(session: Session, openid: str) -> Refused:
    mine = session.scalar(select(Member.id).where(Member.openid == openid))
    return PhoneTaken() if mine is None else AlreadyRegistered()


def clean_name(text: str) -> str:
    """A name of 1 to 20 characters without control or direction marks. Raises Invalid."""
    kept = "".join(char for char in text if unicodedata.category(char)[0] != "C")
    name = " ".join(kept.split())
    if not 1 <= len(name) <= NAME_LENGTH:
        raise Invalid(field="name", reason=f"请填写姓名（{NAME_LENGTH} 字以内）")
    return name


def find(session: Session, openid: str) -> Member | None:
    """The member with that openid, if registered."""
    return session.scalar(select(Member).where(Member.openid == openid))


def get_id(session: Session, openid: str) -> int:
    """The number of the member with that openid. Raises NotRegistered."""
    found = _FIND_ID.run(session, {"wanted": openid}).scalar()
    if found is None:
        raise NotRegistered
    return int(found)


def get(session: Session, openid: str) -> Member:
    """The member with that openid. Raises NotRegistered."""
    member = find(session, openid)
    if member is None:
        raise NotRegistered
    return member


def get_by_id(session: Session, member_id: int) -> Member:
    """The member with that id. Raises NotFound."""
    member = session.get(Member, member_id)
    if member is None:
        raise NotFound
    return member


_FIND_ID = Hot(select(Member.id).where(Member.openid == bindparam("wanted")))
