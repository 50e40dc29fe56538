"""Re-binding: a member moves to another phone, proven by a code, once in a while.

The old phone stays seen for ever, so that it is not welcomed twice; it may become somebody else's.
"""

from datetime import datetime, timedelta

from sqlalchemy import or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from kernel import activity
from kernel.db import TryAgain
from kernel.refusals import Invalid, Refused
from kernel.vault import Vault
from loyalty import members, notices, phone_codes, seen_phones
from loyalty.members import PHONE_PLACE, Member, MemberBlocked, PhoneNotProven, PhoneTaken
from loyalty.phones import mask, normalise
from loyalty.policy import Policy


class RebindTooSoon(Refused):
    """The phone was changed a short while ago; fact: `days` until it may be again."""

    code = "rebind_too_soon"


def days_left(member: Member, at: datetime, policy: Policy) -> int:
    """Days until the member may change the phone again, rounded up; 0 when he may now."""
    if member.rebound_at is None:
        return 0
    left = member.rebound_at + timedelta(days=policy.rebind_wait_days) - at
    return max(0, -(-left // timedelta(days=1)))


def rebind(
    session: Session, vault: Vault, claim: phone_codes.Claim, at: datetime, policy: Policy
) -> Member:
    """Move the member with the claim's openid to the claim's phone, which he has just proven.

    Raises NotRegistered, MemberBlocked, Invalid, RebindTooSoon, PhoneTaken, PhoneNotProven.
    """
    member = members.lock(session, members.get_id(session, claim.openid))
    members.refuse_state(member.state)
    phone = normalise(claim.phone)
    digest = vault.digest(phone)
    _refuse(session, member, digest, at, policy)
    if not phone_codes.consume(session, vault, claim, at):
        raise PhoneNotProven
    values = {
        "phone_sealed": vault.seal(phone, PHONE_PLACE),
        "phone_digest": digest,
        "phone_hint": mask(phone),
        "rebound_at": at,
    }
    _move(session, member, values, at - timedelta(days=policy.rebind_wait_days))
    seen_phones.note(session, digest, at)
    # The person had his welcome, so no later member gets one for this phone.
    seen_phones.take_welcome(session, digest, at)
    notices.post(session, member.id, "phone.rebound", f"rebound:{member.id}:{at.isoformat()}", at)
    activity.record(session, "phone.rebound", at, who=(claim.openid, member.id))
    return member


def _refuse(session: Session, member: Member, digest: str, at: datetime, policy: Policy) -> None:
    if digest == member.phone_digest:
        raise Invalid(field="phone", reason="这就是您现在的手机号")
    days = days_left(member, at, policy)
    if days:
        raise RebindTooSoon(days=days)
    if session.scalar(select(Member.id).where(Member.phone_digest == digest)) is not None:
        raise PhoneTaken
    seen = seen_phones.find(session, digest)
    if seen is not None and seen.barred_at is not None:
        raise MemberBlocked


def _move(
    session: Session, member: Member, values: dict[str, object], not_since: datetime
) -> None:
    try:
        moved = session.execute(
            update(Member)
            .where(
                Member.id == member.id,
                Member.state == "active",
                or_(Member.rebound_at.is_(None), Member.rebound_at <= not_since),
            )
            .values(**values)
        )
    except IntegrityError:  # somebody else took the phone at this very moment
        raise PhoneTaken from None
    if moved.rowcount != 1:  # type: ignore[attr-defined]
        raise TryAgain
    session.refresh(member)
