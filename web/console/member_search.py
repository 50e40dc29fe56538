"""Which members are looked for, and in which order: every way has an index that it goes along."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from kernel.clock import day_start, day_window
from loyalty.ledger import PointsAccount
from loyalty.members import STATE_NAMES, Member
from loyalty.tags import MemberTag, Tag
from reports.members import CHANNELS
from web.console.paging import Order

# A part of a name has no index: it is looked for among so many of the newest members.
NEWEST = 100_000
_LAST_LETTER = "\U0010ffff"
_ID_DIGITS = 18
_MOST_LEVEL = 99
_TEXT, _CODE = 40, 40

SORTS = {
    "new": "注册从新到旧",
    "old": "注册从旧到新",
    "rich": "积分从多到少",
    "poor": "积分从少到多",
    "name": "姓名",
}
_SHORT = {"poor": False, "old": False, "name": False}


@dataclass(frozen=True)
class Wanted:
    """The fields of the search; "" and None stand for anything. `first` and `last` are days."""

    q: str = ""
    tier: int | None = None
    tag: str = ""
    state: str = ""
    channel: str = ""
    first: date | None = None
    last: date | None = None
    sort: str = ""

    def said(self) -> dict[str, Any]:
        """What was chosen, as an address or a form holds it."""
        return {name: str(value) for name, value in vars(self).items() if value not in ("", None)}

    def narrows(self) -> bool:
        """Whether anybody is left out."""
        return bool(set(self.said()) - {"sort"})


def wanted_of(values: Mapping[str, str]) -> Wanted:
    """What a query string or a form asks for; what cannot be read is not asked for."""

    def text(name: str, most: int) -> str:
        return values.get(name, "").replace("\x00", "").strip()[:most]

    tier, state = text("tier", 3), text("state", 10)
    fits = tier.isascii() and tier.isdigit() and int(tier) <= _MOST_LEVEL
    sort, channel = text("sort", 10), text("channel", 20)
    return Wanted(
        q=_printable(text("q", _TEXT)),
        tier=int(tier) if fits else None,
        tag=text("tag", _CODE),
        state=state if state in STATE_NAMES else "",
        channel=channel if channel in CHANNELS else "",
        first=_day(text("first", 10)),
        last=_day(text("last", 10)),
        sort=sort if sort in SORTS else "",
    )


def _printable(text: str) -> str:
    # Half a letter that no database can hold is nothing that a name could have.
    return text.encode("utf-8", "ignore").decode()


def _day(text: str) -> date | None:
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return None
    return found if 2000 <= found.year < 2200 else None


@dataclass(frozen=True)
class Way:
    """How the members of a search are found: the statement, its order, what it means for a name.

    `manner` is `number`, `beginning`, `part` or nothing.
    """

    query: Select[int]
    order: Order
    manner: str = ""


def way(session: Session, wanted: Wanted) -> Way:
    """The cheapest way to what is wanted."""
    manner = _manner(session, wanted.q)
    if manner == "beginning" and not wanted.sort:
        wanted = replace(wanted, sort="name")
    tag_id = session.scalar(select(Tag.id).where(Tag.code == wanted.tag)) if wanted.tag else None
    key: InstrumentedAttribute[int] = Member.id
    query = select(Member.id)
    if wanted.tag:
        # The tag's own index has its members in the order of their numbers.
        key = MemberTag.member_id if wanted.sort in {"", "new", "old"} else Member.id
        query = query.join(MemberTag, MemberTag.member_id == Member.id)
        query = query.where(MemberTag.tag_id == tag_id)
    if wanted.sort in {"rich", "poor"}:
        key = PointsAccount.member_id
        query = query.join(PointsAccount, PointsAccount.member_id == Member.id)
    conditions = [*_named(wanted.q, manner), *_are(wanted)]
    return Way(query.where(*conditions), _order(wanted, key), manner)


def _order(wanted: Wanted, key: InstrumentedAttribute[int]) -> Order:
    descending = _SHORT.get(wanted.sort, True)
    if wanted.sort in {"rich", "poor"}:
        return Order(wanted.sort, key, PointsAccount.balance, int, descending)
    if wanted.sort == "name":
        return Order("name", Member.id, Member.name, str, descending)
    if (wanted.first or wanted.last) and not wanted.tag:
        return Order(f"{wanted.sort}-at", key, Member.registered_at, datetime, descending)
    twin = Member.id if wanted.tag else None
    return Order(wanted.sort or "new", key, descending=descending, twin=twin)


def _manner(session: Session, q: str) -> str:
    if not q:
        return ""
    is_id = q.isascii() and q.isdigit() and len(q) <= _ID_DIGITS
    if is_id and session.scalar(select(Member.id).where(Member.id == int(q))) is not None:
        return "number"
    found = session.scalar(select(Member.id).where(_begins(q)).limit(1))
    return "part" if found is None else "beginning"


def _begins(q: str) -> ColumnElement[bool]:
    # As a range, which goes along the index on every database; LIKE does not on SQLite.
    return and_(Member.name >= q, Member.name < f"{q}{_LAST_LETTER}")


def _named(q: str, manner: str) -> Iterator[ColumnElement[bool]]:
    if manner == "number":
        yield Member.id == int(q)
    elif manner == "beginning":
        yield _begins(q)
    elif manner == "part":
        yield Member.id > select(func.max(Member.id) - NEWEST).scalar_subquery()
        yield Member.name.contains(q, autoescape=True)


def _are(wanted: Wanted) -> Iterator[ColumnElement[bool]]:
    if wanted.tier is not None:
        yield Member.tier_level == wanted.tier
    if wanted.state:
        yield Member.state == wanted.state
    if wanted.channel:
        yield Member.channel == wanted.channel
    if wanted.first is not None:
        yield Member.registered_at >= day_start(wanted.first)
    if wanted.last is not None:
        yield Member.registered_at < day_window(wanted.last)[1]
