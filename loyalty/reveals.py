"""Revealing a member's phone: for a reason that is written down, so many times an hour."""

from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from kernel import audit
from kernel.audit import AuditEntry
from kernel.refusals import Invalid, NotFound, Refused
from kernel.vault import Vault
from loyalty import members
from loyalty.members import PHONE_PLACE

REASON_LENGTH = (4, 100)
MOST_AN_HOUR = 30
_ACTION = "member.revealed"
_HOUR = timedelta(hours=1)


class TooManyReveals(Refused):
    """The operator has looked at as many phones as anybody may in an hour; fact: `most`."""

    code = "too_many_reveals"


def phone_of(
    session: Session, vault: Vault, member_id: int, reason: str, hand: tuple[int, datetime]
) -> str:
    """The member's whole phone, for `hand` = (operator id, instant); looking is an act.

    Raises Invalid for a reason too short, TooManyReveals, NotFound also for whom has no phone.
    """
    by, at = hand
    words = " ".join(reason.split())
    least, most = REASON_LENGTH
    if not least <= len(words) <= most or not words.isprintable():
        raise Invalid(field="reason", reason=f"请写清查看的原因（{least} 至 {most} 个字）")
    sealed = members.get_by_id(session, member_id).phone_sealed
    if sealed is None:
        raise NotFound
    if _looked(session, by, at) >= MOST_AN_HOUR:
        raise TooManyReveals(most=MOST_AN_HOUR)
    audit.write(session, "member.revealed", f"member:{member_id}", at, by=(by, None), reason=words)
    return vault.open(sealed, PHONE_PLACE)


def _looked(session: Session, by: int, at: datetime) -> int:
    query = select(func.count()).where(
        AuditEntry.operator_id == by, AuditEntry.action == _ACTION, AuditEntry.at > at - _HOUR
    )
    return session.scalar(query) or 0
