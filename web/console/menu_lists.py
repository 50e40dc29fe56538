"""What the pages of the menu read."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Row, and_, func, select
from sqlalchemy.orm import Session

from kernel.operators import Operator
from loyalty.members import Member
from loyalty.tags import MemberTag, Tag
from menus import drift, live, publications, tag_sync, versions
from menus.clicks import MenuClick
from menus.drift import Drift
from menus.publications import MenuPublication
from menus.versions import MenuVersion
from menus.wechat_tags import WechatTag
from web.console.paging import Page, page_of

SIZE = 20
_NEWS = 8
_FOUND = 10
_TAIL_DIGITS = 4
_ID_DIGITS = 18

# A version, its author's name; a publication, the name of who ordered it.
VersionLine = Row[MenuVersion, str | None]
News = Row[MenuPublication, str | None]
FoundMember = Row[int, str, str | None]


@dataclass(frozen=True)
class TrialTag:
    """The tag of the trial: how many members have it, and how far WeChat knows."""

    code: str
    name: str
    members: int
    counts: dict[str, int]
    problem: str


@dataclass(frozen=True)
class Status:
    """What WeChat shows now, what is on its way, and what the last look showed."""

    live: MenuVersion | None
    trial: MenuVersion | None
    last: News | None
    waiting: list[MenuPublication]
    drift: Drift
    previous: MenuVersion | None

    @property
    def moves(self) -> bool:
        """Whether something is being sent, so that the page should look again."""
        states = {"sending", "unknown"}
        last = self.last.MenuPublication if self.last else None
        return any(one.state in states for one in [*self.waiting, *([last] if last else [])])


def status(session: Session, at: datetime) -> Status:
    """How things stand with WeChat."""
    found = news(session, at, limit=1)
    return Status(
        live.version(session),
        live.trial(session),
        found[0] if found else None,
        publications.open_ones(session),
        drift.last(session),
        publications.previous(session),
    )


def news(
    session: Session, at: datetime, version_id: int | None = None, limit: int = _NEWS
) -> list[News]:
    """The newest publications, of a version or of all; what waits for its time is no news."""
    waits = and_(MenuPublication.state == "waiting", MenuPublication.due_at > at)
    query = (
        select(MenuPublication, Operator.name.label("operator"))
        .outerjoin(Operator, Operator.id == MenuPublication.by_operator)
        .where(~waits)
        .order_by(MenuPublication.id.desc())
        .limit(limit)
    )
    if version_id is not None:
        query = query.where(MenuPublication.version_id == version_id)
    return list(session.execute(query))


def page(session: Session, before: int | None) -> Page[VersionLine]:
    """The versions, newest first, with their authors."""
    query = (
        select(MenuVersion, Operator.name.label("author"))
        .outerjoin(Operator, Operator.id == MenuVersion.author_id)
        .order_by(MenuVersion.id.desc())
        .limit(SIZE + 1)
    )
    if before is not None:
        query = query.where(MenuVersion.id < before)
    return page_of(session.execute(query).all(), SIZE, lambda line: int(line.MenuVersion.id))


def author(session: Session, version: MenuVersion) -> str | None:
    """Who began the version; None for the system."""
    if version.author_id is None:
        return None
    return session.scalar(select(Operator.name).where(Operator.id == version.author_id))


def labels(session: Session) -> list[tuple[int, str]]:
    """The newest versions for a list to choose from: number, and what people call it."""
    query = select(MenuVersion.id, MenuVersion.note, MenuVersion.state)
    rows = session.execute(query.order_by(MenuVersion.id.desc()).limit(50))
    return [
        (row.id, f"第 {row.id} 版 {row.note}（{versions.STATE_NAMES[row.state]}）") for row in rows
    ]


def taps(session: Session, ids: Collection[int], since: date) -> dict[int, int]:
    """How often the entries of each version were tapped from that day on."""
    rows = session.execute(
        select(MenuClick.version_id, func.sum(MenuClick.count))
        .where(MenuClick.version_id.in_(ids), MenuClick.day >= since)
        .group_by(MenuClick.version_id)
    )
    return {row[0]: int(row[1]) for row in rows}


def trial_tag(session: Session, code: str) -> TrialTag | None:
    """The trial tag; None while nobody has made it."""
    row = session.execute(
        select(Tag.id, Tag.name, WechatTag.problem)
        .outerjoin(WechatTag, WechatTag.tag_id == Tag.id)
        .where(Tag.code == code, Tag.active.is_(True))
    ).first()
    if row is None:
        return None
    count = session.scalar(select(func.count()).where(MemberTag.tag_id == row.id)) or 0
    return TrialTag(code, row.name, count, tag_sync.counts(session, code), row.problem or "")


def find_members(session: Session, asked: str) -> list[FoundMember]:
    """Members by name, number, or the last digits of the phone, as the mask shows them."""
    text = asked.replace("\x00", "").strip()
    if not text:
        return []
    matches = Member.name.contains(text, autoescape=True)
    if text.isascii() and text.isdigit() and len(text) <= _ID_DIGITS:
        matches = matches | (Member.id == int(text))
        if len(text) == _TAIL_DIGITS:
            matches = matches | Member.phone_hint.endswith(text)
    query = select(Member.id, Member.name, Member.phone_hint).where(
        matches, Member.state.in_(("active", "blocked"))
    )
    return list(session.execute(query.order_by(Member.id.desc()).limit(_FOUND)))
