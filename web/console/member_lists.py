"""What the list of members reads, and how one is found by phone."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, func, select
from sqlalchemy.orm import Session

from kernel.db import Database
from kernel.refusals import Invalid
from kernel.vault import Vault
from loyalty.followers import Follower
from loyalty.ledger import PointsAccount
from loyalty.members import Member
from loyalty.phones import normalise
from loyalty.staff import Staff
from loyalty.tags import Tag
from loyalty.tier_ladder import GROUND_NAME, Tier
from web.console import member_search
from web.console.member_search import Wanted
from web.console.paging import Leaf, leaf, sorted_by

MemberLine = Row[int, str, str | None, str, datetime, str, int, bool, bool, str]

SIZE = 25
# More than so many are not counted one by one.
COUNTED = 10_000
# What the operator may show besides number and name.
COLUMNS = {
    "phone": "手机",
    "tier": "等级",
    "points": "积分",
    "follows": "关注",
    "channel": "渠道",
    "state": "状态",
    "registered": "注册时间",
}
USUAL = ("phone", "tier", "points", "follows", "registered")
_EXPORT_PAGE = 1_000


@dataclass(frozen=True)
class Listed:
    """A page of members: the lines, the way they were found, how many there are."""

    page: Leaf[MemberLine]
    total: int
    manner: str


@dataclass(frozen=True)
class Choices:
    """What the filters offer: tiers as (level, name), tags as (code, name, by hand)."""

    tiers: list[tuple[int, str]]
    tags: list[tuple[str, str, bool]]


def listed(session: Session, wanted: Wanted, token: str) -> Listed:
    """A page of those who are wanted: their numbers along an index, then the rest of them."""
    found = member_search.way(session, wanted)
    numbers = leaf(session, found.query, found.order, token, SIZE)
    rows = _lines(session, [row.id for row in numbers.rows])
    # In their order, since without one PostgreSQL would rather read the whole table.
    some = found.query.order_by(*sorted_by(found.order)).limit(COUNTED + 1).subquery()
    total = session.scalar(select(func.count()).select_from(some)) or 0
    return Listed(Leaf(rows, numbers.earlier, numbers.later), total, found.manner)


def every(database: Database, wanted: Wanted) -> Iterator[MemberLine]:
    """All who are wanted, page by page, however many."""
    token = ""
    while True:
        rows, token_after = database.read(_reading(wanted, token))
        yield from rows
        if token_after is None:
            return
        token = token_after


def _reading(wanted: Wanted, token: str) -> Any:
    def read(session: Session) -> tuple[Sequence[MemberLine], str | None]:
        found = member_search.way(session, wanted)
        numbers = leaf(session, found.query, found.order, token, _EXPORT_PAGE)
        return _lines(session, [row.id for row in numbers.rows]), numbers.later

    return read


def _lines(session: Session, ids: list[int]) -> Sequence[MemberLine]:
    rows = session.execute(
        select(
            Member.id,
            Member.name,
            Member.phone_hint,
            Member.state,
            Member.registered_at,
            Member.channel,
            PointsAccount.balance,
            Follower.subscribed,
            Staff.active.label("is_staff"),
            func.coalesce(Tier.name, GROUND_NAME).label("tier"),
        )
        .outerjoin(PointsAccount, PointsAccount.member_id == Member.id)
        .outerjoin(Follower, Follower.openid == Member.openid)
        .outerjoin(Staff, Staff.openid == Member.openid)
        .outerjoin(Tier, Tier.level == Member.tier_level)
        .where(Member.id.in_(ids))
    ).all()
    places = {number: place for place, number in enumerate(ids)}
    return sorted(rows, key=lambda row: places[row.id])


def choices(session: Session) -> Choices:
    """What may be filtered by: the tiers and tags in use."""
    tiers = session.execute(
        select(Tier.level, Tier.name).where(Tier.active.is_(True)).order_by(Tier.level)
    )
    tags = session.execute(
        select(Tag.code, Tag.name, Tag.kind).where(Tag.active.is_(True)).order_by(Tag.name)
    )
    ladder = [(0, GROUND_NAME), *((row.level, row.name) for row in tiers)]
    return Choices(ladder, [(row.code, row.name, row.kind == "hand") for row in tags])


def phone_digest(vault: Vault, asked: str) -> str | None:
    """The look-up digest, when `asked` is a whole mobile number."""
    try:
        return vault.digest(normalise(asked))
    except Invalid:
        return None


def id_by_phone(session: Session, digest: str) -> int | None:
    """The member whose phone has that digest."""
    return session.scalar(select(Member.id).where(Member.phone_digest == digest))
