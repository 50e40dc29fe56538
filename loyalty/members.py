"""Members: the people of the programme, how they are found, and how a row is made."""

import unicodedata
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Boolean, Date, ForeignKey, Index, Integer, String, bindparam, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from kernel import activity
from kernel.activity import BigId
from kernel.db import Base, insert_once
from kernel.hot import Hot
from kernel.refusals import Invalid, NotFound, Refused
from kernel.vault import Vault
from loyalty import consents, seen_phones
from loyalty.phones import mask, normalise
from loyalty.points import open_account
from loyalty.reasons import Condition, enforce

PHONE_PLACE = "member.phone"
NAME_LENGTH = 20
# By code point on every database, so that an index finds how a name begins.
_NAME = String(40).with_variant(String(40, collation="C"), "postgresql")
LIVE = ("active", "blocked")
STATE_NAMES = {"active": "正常", "blocked": "已暂停", "merged": "已合并", "erased": "已注销"}


class Member(Base):
    """A registered person. The phone is sealed; its digest finds it; `phone_hint` is the mask.

    `state` is active, blocked, merged (into `merged_into_id`) or erased; whoever is merged or
    erased keeps the row, without anything that names a person. `tier_until` is the last day of
    the tier's period.
    """

    __tablename__ = "member"
    # The lists of the console page along these.
    __table_args__ = (
        Index("ix_member_registered_at_id", "registered_at", "id"),
        Index("ix_member_state_id", "state", "id"),
        Index("ix_member_tier_level_id", "tier_level", "id"),
        Index("ix_member_channel_id", "channel", "id"),
        Index("ix_member_name_id", "name", "id"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    openid: Mapped[str] = mapped_column(String(64), unique=True)
    name: Mapped[str] = mapped_column(_NAME)
    phone_sealed: Mapped[str | None] = mapped_column(String(255))
    phone_digest: Mapped[str | None] = mapped_column(String(64), unique=True)
    phone_hint: Mapped[str | None] = mapped_column(String(11))
    channel: Mapped[str] = mapped_column(String(20))
    registered_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(String(10), default="active")
    inviter_id: Mapped[int | None] = mapped_column(ForeignKey("member.id"), index=True)
    merged_into_id: Mapped[int | None] = mapped_column(ForeignKey("member.id"))
    rebound_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    tier_level: Mapped[int] = mapped_column(Integer, default=0)
    tier_since: Mapped[date | None] = mapped_column(Date)
    tier_until: Mapped[date | None] = mapped_column(Date, index=True)
    wants_check_in_reminder: Mapped[bool] = mapped_column(Boolean, default=False)


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


class MemberBlocked(Refused):
    """An operator has blocked the member: reading goes on, deeds do not."""

    code = "member_blocked"


class MemberEnded(Refused):
    """The member was merged into another or erased; fact: `state`."""

    code = "member_ended"


@dataclass(frozen=True)
class Registration:
    """A filled-in registration form; `marketing_version` is set where that was agreed to too."""

    openid: str
    name: str
    phone: str
    consent_version: str | None
    channel: str = "site"
    marketing_version: str | None = None
    invite_code: str | None = None


def admit(
    session: Session,
    vault: Vault,
    form: Registration,
    at: datetime,
    *,
    inviter_id: int | None = None,
) -> Member:
    """Make a member whose phone is vouched for, without any gift.

    Raises Invalid, AlreadyRegistered, PhoneTaken.
    """
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
        "state": "active",
        "inviter_id": inviter_id,
        "tier_level": 0,
        "wants_check_in_reminder": False,
    }
    if not insert_once(session, Member, row, "*"):
        raise _standing(session, form.openid)
    member = get(session, form.openid)
    seen_phones.note(session, digest, at)
    open_account(session, member.id)
    _enter_consents(session, member.id, form, at)
    activity.record(session, "register", at, who=(form.openid, member.id), channel=form.channel)
    return member


def _enter_consents(session: Session, member_id: int, form: Registration, at: datetime) -> None:
    agreed = [("phone", form.consent_version or "operator")]
    if form.marketing_version:
        agreed.append(("marketing", form.marketing_version))
    for consent in agreed:
        consents.enter(session, member_id, consent, at, channel=form.channel)


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
    """The member with that openid; whoever was merged or erased is not found."""
    return session.scalar(select(Member).where(Member.openid == openid, Member.state.in_(LIVE)))


def get_id(session: Session, openid: str) -> int:
    """The number of the member who wants to do something.

    Raises NotRegistered, MemberBlocked.
    """
    row: Any = _FIND_ID.run(session, {"wanted": openid}).first()
    if row is None or row[1] not in LIVE:
        raise NotRegistered
    if row[1] == "blocked":
        raise MemberBlocked
    return int(row[0])


def get(session: Session, openid: str) -> Member:
    """The member with that openid. Raises NotRegistered."""
    member = find(session, openid)
    if member is None:
        raise NotRegistered
    return member


def get_by_id(session: Session, member_id: int) -> Member:
    """The member with that id, tombstones too. Raises NotFound."""
    member = session.get(Member, member_id)
    if member is None:
        raise NotFound
    return member


def lock(session: Session, member_id: int) -> Member:
    """The member's row, read anew and held until the end of the transaction. Raises NotFound."""
    member = session.scalar(
        select(Member)
        .where(Member.id == member_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if member is None:
        raise NotFound
    return member


def refuse_blocked(session: Session, member_id: int) -> None:
    """Let an active member pass. Raises MemberBlocked, MemberEnded, NotRegistered."""
    state = session.scalar(select(Member.state).where(Member.id == member_id))
    if state is None:
        raise NotRegistered
    refuse_state(state)


def refuse_ended(session: Session, member_id: int) -> None:
    """Let whoever is still a member pass, blocked or not. Raises MemberEnded, NotRegistered."""
    state = session.scalar(select(Member.state).where(Member.id == member_id))
    if state is None:
        raise NotRegistered
    if state not in LIVE:
        raise MemberEnded(state=state)


def refuse_state(state: str) -> None:
    """Let `active` pass. Raises MemberBlocked, MemberEnded."""
    enforce([may_act(state)])


def may_act(state: str) -> Condition:
    """The condition of every deed: that the member is neither blocked nor gone."""
    refusal = MemberBlocked() if state in LIVE else MemberEnded(state=state)
    return Condition("会员状态正常", state == "active", STATE_NAMES[state], refusal)


_FIND_ID = Hot(select(Member.id, Member.state).where(Member.openid == bindparam("wanted")))
