"""Registering: a proven phone and a consent make a member, who is welcomed once a phone."""

from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from kernel import activity
from kernel.vault import Vault
from loyalty import consents, gifts, invitations, members, phone_codes, seen_phones
from loyalty.gifts import Occasion
from loyalty.members import (
    AlreadyRegistered,
    ConsentMissing,
    Member,
    MemberBlocked,
    PhoneNotProven,
    Registration,
)
from loyalty.phones import normalise
from loyalty.policy import Policy

# The openid of somebody whom an operator imported and who has not come yet.
IMPORTED = "import:"


def register(
    session: Session,
    vault: Vault,
    form: Registration,
    at: datetime,
    *,
    policy: Policy | None = None,
) -> Member:
    """Make a member of a proven phone, welcome him, and thank who invited him.

    Somebody imported with this phone becomes the asker, with all that is his. Raises Invalid,
    ConsentMissing, PhoneNotProven, AlreadyRegistered, PhoneTaken, MemberBlocked.
    """
    if not form.consent_version:
        raise ConsentMissing
    claim = phone_codes.Claim(form.openid, form.phone)
    if not phone_codes.consume(session, vault, claim, at):
        raise PhoneNotProven
    digest = vault.digest(normalise(form.phone))
    _refuse_barred(session, digest)
    inviter_id = invitations.find_inviter(session, form.invite_code)
    member = _adopt(session, digest, form, at)
    if member is None:
        member = members.admit(session, vault, form, at, inviter_id=inviter_id)
    _welcome(session, member, digest, at, policy or Policy())
    return member


def _refuse_barred(session: Session, digest: str) -> None:
    seen = seen_phones.find(session, digest)
    if seen is not None and seen.barred_at is not None:
        raise MemberBlocked


def _adopt(session: Session, digest: str, form: Registration, at: datetime) -> Member | None:
    """The imported member with that phone, who now has the asker's openid."""
    found = session.execute(
        select(Member.id, Member.openid, Member.state).where(
            Member.phone_digest == digest, Member.openid.startswith(IMPORTED)
        )
    ).one_or_none()
    if found is None:
        return None
    members.refuse_state(found.state)
    if not _hand_over(session, found.id, found.openid, form):
        return None
    for purpose, version in (
        ("phone", form.consent_version),
        ("marketing", form.marketing_version),
    ):
        if version:
            consents.enter(session, found.id, (purpose, version), at, channel=form.channel)
    facts = {"channel": form.channel, "adopted": True}
    activity.record(session, "register", at, who=(form.openid, found.id), **facts)
    return members.lock(session, found.id)


def _hand_over(session: Session, member_id: int, placeholder: str, form: Registration) -> bool:
    if members.find(session, form.openid) is not None:
        raise AlreadyRegistered
    try:
        handed = session.execute(
            update(Member)
            .where(Member.id == member_id, Member.openid == placeholder)
            .values(openid=form.openid, name=members.clean_name(form.name))
            .execution_options(synchronize_session=False)
        )
    except IntegrityError:  # the openid became a member at this very moment
        raise AlreadyRegistered from None
    return bool(handed.rowcount == 1)  # type: ignore[attr-defined]


def _welcome(session: Session, member: Member, digest: str, at: datetime, policy: Policy) -> None:
    if not seen_phones.take_welcome(session, digest, at):
        return
    if policy.welcome is not None:
        occasion = Occasion(f"welcome:{member.id}", "注册有礼", at)
        gifts.give(session, member.id, policy.welcome, occasion, policy)
    invitations.reward(session, member, at, policy)
