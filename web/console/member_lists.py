"""What the list of members reads, and how one is found by name, number or phone."""

from datetime import datetime

from sqlalchemy import ColumnElement, Row, func, or_, select
from sqlalchemy.orm import Session

from kernel.refusals import Invalid
from kernel.vault import Vault
from loyalty.followers import Follower
from loyalty.ledger import PointsAccount
from loyalty.members import Member
from loyalty.phones import normalise
from loyalty.staff import Staff
from loyalty.tier_ladder import GROUND_NAME, Tier
from web.console.paging import Page, page_of

MemberLine = Row[int, str, str | None, str, datetime, int, bool, bool, str]

SIZE = 25
_ID_DIGITS = 18


def page(session: Session, asked: str, before: int | None) -> Page[MemberLine]:
    """Members with their points, newest first, whose name or number is `asked`; "" means all."""
    query = (
        select(
            Member.id,
            Member.name,
            Member.phone_hint,
            Member.state,
            Member.registered_at,
            PointsAccount.balance,
            Follower.subscribed,
            Staff.active.label("is_staff"),
            func.coalesce(Tier.name, GROUND_NAME).label("tier"),
        )
        .outerjoin(PointsAccount, PointsAccount.member_id == Member.id)
        .outerjoin(Follower, Follower.openid == Member.openid)
        .outerjoin(Staff, Staff.openid == Member.openid)
        .outerjoin(Tier, Tier.level == Member.tier_level)
        .where(*_asked_for(asked))
        .order_by(Member.id.desc())
        .limit(SIZE + 1)
    )
    if before is not None:
        query = query.where(Member.id < before)
    return page_of(session.execute(query).all(), SIZE, lambda row: int(row.id))


def total(session: Session, asked: str) -> int:
    """How many members there are to page through."""
    return session.scalar(select(func.count(Member.id)).where(*_asked_for(asked))) or 0


def _asked_for(asked: str) -> list[ColumnElement[bool]]:
    text = asked.replace("\x00", "")
    if not text:
        return []
    matches = [Member.name.contains(text, autoescape=True)]
    if text.isascii() and text.isdigit() and len(text) <= _ID_DIGITS:
        matches.append(Member.id == int(text))
    return [or_(*matches)]


def phone_digest(vault: Vault, asked: str) -> str | None:
    """The look-up digest, when `asked` is a whole mobile number."""
    try:
        return vault.digest(normalise(asked))
    except Invalid:
        return None


def id_by_phone(session: Session, digest: str) -> int | None:
    """The member whose phone has that digest."""
    return session.scalar(select(Member.id).where(Member.phone_digest == digest))
