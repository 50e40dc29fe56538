"""Consents: what each member agreed to, purpose by purpose, in which wording, and withdrawn when.

A member has at most one standing consent a purpose; agreeing to a newer wording ends the older
one. Rows are kept for ever: they prove on what ground data was held at any time.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import (
    ColumnElement,
    ForeignKey,
    Select,
    String,
    Text,
    UniqueConstraint,
    exists,
    select,
    update,
)
from sqlalchemy.orm import InstrumentedAttribute, Mapped, Session, mapped_column

from kernel import activity, audit
from kernel.activity import BigId
from kernel.db import Base, TryAgain, insert_once
from kernel.refusals import Invalid, Refused

PURPOSES = {"phone": "手机号与会员服务", "marketing": "营销信息"}
# Without these there is no membership: who withdraws them closes the account.
NEEDED = frozenset({"phone"})
VERSION_LENGTH = 20


class ConsentText(Base):
    """One published wording of one purpose; it never changes, a new version is a new row."""

    __tablename__ = "consent_text"
    __table_args__ = (UniqueConstraint("purpose", "version"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    purpose: Mapped[str] = mapped_column(String(20))
    version: Mapped[str] = mapped_column(String(VERSION_LENGTH))
    body: Mapped[str] = mapped_column(Text)
    published_at: Mapped[datetime]


class Consent(Base):
    """What a member agreed to, in which wording, when and where.

    `withdrawn_at` is when it ended: withdrawn, or replaced by a newer wording. `standing_for` is
    `member:purpose` while it stands, so that two can never stand at once.
    """

    __tablename__ = "consent"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"), index=True)
    purpose: Mapped[str] = mapped_column(String(20))
    version: Mapped[str] = mapped_column(String(VERSION_LENGTH))
    channel: Mapped[str] = mapped_column(String(20))
    granted_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]
    standing_for: Mapped[str | None] = mapped_column(String(42), unique=True)


class ConsentNeeded(Refused):
    """Membership rests on this consent: withdrawing it means closing the account."""

    code = "consent_needed"


@dataclass(frozen=True)
class Wording:
    """A text to publish: its purpose, its version ("2026-11"), the text itself."""

    purpose: str
    version: str
    body: str


def publish(session: Session, wording: Wording, at: datetime, *, by: int) -> ConsentText:
    """Publish a wording as operator `by`; the same one again gives the standing row.

    Raises Invalid for an unknown purpose, an empty text, a version that holds another text.
    """
    purpose, version, body = wording.purpose, wording.version, wording.body
    _check(purpose, version)
    if not body.strip():
        raise Invalid(field="body", reason="请填写协议正文")
    row = {"purpose": purpose, "version": version, "body": body, "published_at": at}
    is_new = insert_once(session, ConsentText, row, "purpose,version")
    text = session.scalars(
        select(ConsentText).where(ConsentText.purpose == purpose, ConsentText.version == version)
    ).one()
    if text.body != body:
        raise Invalid(field="version", reason="该版本号已发布过，请换一个")
    if is_new:
        subject = f"consent:{purpose}"
        audit.write(session, "consent.published", subject, at, by=(by, None), version=version)
    return text


def _check(purpose: str, version: str) -> None:
    if purpose not in PURPOSES:
        raise Invalid(field="purpose", reason="没有这种用途")
    if not 1 <= len(version) <= VERSION_LENGTH:
        raise Invalid(field="version", reason=f"版本号 1 至 {VERSION_LENGTH} 个字符")


def current(session: Session, purpose: str, at: datetime) -> ConsentText | None:
    """The wording in force at `at`; None before the first was published."""
    return session.scalar(
        select(ConsentText)
        .where(ConsentText.purpose == purpose, ConsentText.published_at <= at)
        .order_by(ConsentText.published_at.desc(), ConsentText.id.desc())
        .limit(1)
    )


def grant(
    session: Session, member_id: int, agreed: tuple[str, str], at: datetime, *, channel: str
) -> bool:
    """The member agrees to (purpose, version); False when exactly that stands already.

    Raises Invalid for an unknown purpose, and for a wording that is not in force: nobody agrees
    to a text that he was not shown. Where none was published the caller's version is taken.
    """
    purpose, version = agreed
    _check(purpose, version)
    text = current(session, purpose, at)
    if text is not None and text.version != version:
        raise Invalid(field="version", reason="协议已更新，请重新阅读后同意")
    return enter(session, member_id, agreed, at, channel=channel)


def enter(
    session: Session, member_id: int, agreed: tuple[str, str], at: datetime, *, channel: str
) -> bool:
    """Write the consent, without asking which wording is in force."""
    purpose, version = agreed
    standing = find(session, member_id, purpose)
    if standing is not None:
        if standing.version == version:
            return False
        _end(session, member_id, purpose, at)
    row = {
        "member_id": member_id,
        "purpose": purpose,
        "version": version,
        "channel": channel,
        "granted_at": at,
        "withdrawn_at": None,
        "standing_for": _key(member_id, purpose),
    }
    if not insert_once(session, Consent, row, "standing_for"):
        raise TryAgain  # a rival agreed at the same moment: look again at what stands
    facts = {"purpose": purpose, "version": version}
    activity.record(session, "consent.granted", at, who=(None, member_id), **facts)
    return True


def withdraw(session: Session, member_id: int, purpose: str, at: datetime) -> bool:
    """The member takes the consent back; False when none stands.

    Raises Invalid for an unknown purpose, ConsentNeeded for one that membership rests on.
    """
    if purpose not in PURPOSES:
        raise Invalid(field="purpose", reason="没有这种用途")
    if purpose in NEEDED:
        raise ConsentNeeded
    if not _end(session, member_id, purpose, at):
        return False
    activity.record(session, "consent.withdrawn", at, who=(None, member_id), purpose=purpose)
    return True


def end_all(session: Session, member_id: int, at: datetime) -> None:
    """End whatever stands: the member is erased or merged."""
    for purpose in PURPOSES:
        _end(session, member_id, purpose, at)


def _end(session: Session, member_id: int, purpose: str, at: datetime) -> bool:
    ended = session.execute(
        update(Consent)
        .where(Consent.standing_for == _key(member_id, purpose))
        .values(withdrawn_at=at, standing_for=None)
    )
    return bool(ended.rowcount == 1)  # type: ignore[attr-defined]


def find(session: Session, member_id: int, purpose: str) -> Consent | None:
    """The standing consent of a purpose."""
    return session.scalar(select(Consent).where(Consent.standing_for == _key(member_id, purpose)))


def history(session: Session, member_id: int) -> Sequence[Consent]:
    """All consents of the member, newest first."""
    return session.scalars(
        select(Consent).where(Consent.member_id == member_id).order_by(Consent.id.desc())
    ).all()


def due_again(session: Session, member_id: int, at: datetime) -> list[ConsentText]:
    """The wordings that the member must agree to before going on: needed, and changed since."""
    found = []
    for purpose in sorted(NEEDED):
        text = current(session, purpose, at)
        standing = find(session, member_id, purpose)
        if text is not None and (standing is None or standing.version != text.version):
            found.append(text)
    return found


def holders(purpose: str) -> Select[int]:
    """The ids of the members whose consent stands, whatever its version."""
    return select(Consent.member_id).where(
        Consent.purpose == purpose, Consent.standing_for.is_not(None)
    )


def outdated(purpose: str, version: str) -> Select[int]:
    """The ids of the members whose standing consent is of another version than `version`."""
    return holders(purpose).where(Consent.version != version)


def stands(member_id: InstrumentedAttribute[int], purpose: str) -> ColumnElement[bool]:
    """A condition over a member's column: the consent stands now."""
    return exists().where(
        Consent.member_id == member_id,
        Consent.purpose == purpose,
        Consent.standing_for.is_not(None),
    )


def _key(member_id: int, purpose: str) -> str:
    return f"{member_id}:{purpose}"
