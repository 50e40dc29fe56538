"""Invitations: a member's own code, and the reward for each new phone that registers with it.

One reward an invited phone, for ever; so many a month; nobody invites himself, and two do not
invite each other, not even over an erasure.
"""

import secrets
from datetime import datetime

from sqlalchemy import ForeignKey, Integer, String, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from kernel import activity
from kernel.clock import business_day
from kernel.db import Base, insert_once
from loyalty import gifts, members, notices, seen_phones
from loyalty.gifts import Occasion
from loyalty.members import Member
from loyalty.policy import Policy

# Without letters and digits that people take for one another; 31 ** 9 codes cannot be guessed.
_LETTERS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
CODE_LENGTH = 9
_TRIES = 5


class InviteCode(Base):
    """The code that a member hands to friends; made when first asked for."""

    __tablename__ = "invite_code"

    member_id: Mapped[int] = mapped_column(
        ForeignKey("member.id"), primary_key=True, autoincrement=False
    )
    code: Mapped[str] = mapped_column(String(CODE_LENGTH), unique=True)
    created_at: Mapped[datetime]


class InviteMonth(Base):
    """How many rewards an inviter had in a month ("2026-11"); the row is the lock of the cap."""

    __tablename__ = "invite_month"

    member_id: Mapped[int] = mapped_column(
        ForeignKey("member.id"), primary_key=True, autoincrement=False
    )
    month: Mapped[str] = mapped_column(String(7), primary_key=True)
    rewarded: Mapped[int] = mapped_column(Integer)


def code_of(session: Session, member_id: int, at: datetime) -> str:
    """The member's code, the same for ever. Raises MemberBlocked, MemberEnded, NotRegistered."""
    members.refuse_blocked(session, member_id)
    for _ in range(_TRIES):
        found = session.scalar(select(InviteCode.code).where(InviteCode.member_id == member_id))
        if found is not None:
            return found
        code = "".join(secrets.choice(_LETTERS) for _ in range(CODE_LENGTH))
        row = {"member_id": member_id, "code": code, "created_at": at}
        insert_once(session, InviteCode, row, "*")
    raise AssertionError("no free invite code in five draws")


def find_inviter(session: Session, code: str | None) -> int | None:
    """The active member behind a code as people type it; the one he was merged into, if so.

    A code that leads nowhere is no refusal: an old link must not keep anybody from registering.
    """
    if not code:
        return None
    member = session.scalar(
        select(Member)
        .join(InviteCode, InviteCode.member_id == Member.id)
        .where(InviteCode.code == code.strip().upper()[: CODE_LENGTH + 1])
    )
    if member is not None and member.merged_into_id is not None:
        member = session.get(Member, member.merged_into_id)
    return member.id if member is not None and member.state == "active" else None


def reward(session: Session, newcomer: Member, at: datetime, policy: Policy) -> bool:
    """Give the newcomer's inviter his reward, and the newcomer the share of the invited.

    False when there is no inviter, when the phone was invited before or once invited the
    inviter's own, and when the month is full.
    """
    inviter = _inviter_of(session, newcomer)
    if inviter is None or not newcomer.phone_digest or not inviter.phone_digest:
        return False
    if not _is_new_tie(session, inviter.phone_digest, newcomer.phone_digest):
        return False
    if not _count(session, inviter.id, at, policy.invite_cap_month):
        return False
    occasion = Occasion(f"invite:{inviter.id}:{newcomer.id}", "邀请好友", at)
    if policy.invited is not None:
        own = Occasion(f"invited:{newcomer.id}", "受邀注册", at)
        gifts.give(session, newcomer.id, policy.invited, own, policy)
    if policy.invite is not None:
        gifts.give(session, inviter.id, policy.invite, occasion, policy)
    notices.post(session, inviter.id, "invite.rewarded", occasion.reference, at)
    who = (inviter.openid, inviter.id)
    activity.record(session, "invite.rewarded", at, who=who, invited_id=newcomer.id)
    return True


def _inviter_of(session: Session, newcomer: Member) -> Member | None:
    if newcomer.inviter_id is None or newcomer.inviter_id == newcomer.id:
        return None
    inviter = session.get(Member, newcomer.inviter_id)
    return inviter if inviter is not None and inviter.state == "active" else None


def _is_new_tie(session: Session, inviter: str, invited: str) -> bool:
    before = seen_phones.find(session, inviter)
    if inviter == invited or (before is not None and before.invited_by == invited):
        return False
    return seen_phones.take_invitation(session, invited, inviter)


def _count(session: Session, inviter_id: int, at: datetime, cap: int) -> bool:
    month = f"{business_day(at):%Y-%m}"
    row = {"member_id": inviter_id, "month": month, "rewarded": 0}
    insert_once(session, InviteMonth, row, "member_id,month")
    counted = session.execute(
        update(InviteMonth)
        .where(
            InviteMonth.member_id == inviter_id,
            InviteMonth.month == month,
            InviteMonth.rewarded < cap,
        )
        .values(rewarded=InviteMonth.rewarded + 1)
        .execution_options(synchronize_session=False)
    )
    return bool(counted.rowcount == 1)  # type: ignore[attr-defined]
