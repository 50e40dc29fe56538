"""Samples: a few real people of an audience, for a look before a push is let go."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from loyalty import tier_ladder
from loyalty.ledger import PointsAccount
from loyalty.members import Member
from pushes import audiences
from pushes.messages import Reader

MOST = 5
NOBODY = "会员"


@dataclass(frozen=True)
class Crowd:
    """How many an audience means, and a few of them."""

    count: int
    readers: list[Reader]


def crowd(session: Session, audience: Mapping[str, Any], at: datetime, link: str = "") -> Crowd:
    """The audience counted, with a few of it. Raises Invalid, NotFound for what is gone."""
    kept = audiences.check(session, audience)
    people = audiences.people(session, kept, at).subquery("people")
    count = session.scalar(select(func.count()).select_from(people))
    return Crowd(int(count or 0), readers(session, kept, at, link))


def readers(
    session: Session, audience: Mapping[str, Any], at: datetime, link: str = ""
) -> list[Reader]:
    """Real people as their messages are filled in for them, with masked names."""
    people = audiences.people(session, audience, at).subquery("people")
    few = select(people.c.member_id).order_by(people.c.person_no).limit(MOST).subquery("few")
    rows = session.execute(
        select(Member.name, Member.tier_level, PointsAccount.balance)
        .select_from(few)
        .outerjoin(Member, Member.id == few.c.member_id)
        .outerjoin(PointsAccount, PointsAccount.member_id == few.c.member_id)
    ).all()
    tiers = {tier.level: tier.name for tier in tier_ladder.every(session)}
    return [
        Reader(
            name=masked(row.name or NOBODY),
            tier=tiers.get(row.tier_level or 0, tier_ladder.GROUND_NAME),
            points=row.balance or 0,
            link=link,
        )
        for row in rows
    ]


def masked(name: str) -> str:
    """王**: the first letter of a name, so that a colleague recognises it and no stranger does."""
    return name if name == NOBODY else f"{name[:1]}{'*' * min(2, max(1, len(name) - 1))}"
