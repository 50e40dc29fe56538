"""Members with a known past, put down row by row, for whoever must know the answer beforehand."""

import itertools
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from kernel.clock import business_day
from loyalty.checkin_days import CheckIn
from loyalty.followers import Follower
from loyalty.ledger import PointsAccount, PointsEntry, PointsLot
from loyalty.members import Member
from loyalty.profiles import ProfileField, ProfileValue
from loyalty.tags import MemberTag, Tag

_numbers = itertools.count(1)
FIELDS = {"city": ("城市", "text"), "age": ("年龄", "number"), "birthday": ("生日", "date")}

COLUMNS = {"city": "text_value", "age": "number_value", "birthday": "day_value"}


@dataclass
class Person:
    """What is known of one member; days are counted back from the day of `settle`."""

    registered: int = 0
    level: int = 0
    channel: str = "site"
    state: str = "active"
    subscribed: bool | None = None
    check_ins: dict[int, int] = field(default_factory=dict)  # days ago: streak
    earned: list[tuple[int, int]] = field(default_factory=list)  # (days ago, points)
    expiring: list[tuple[int, int]] = field(default_factory=list)  # (days ahead, points left)
    tags: tuple[str, ...] = ()
    city: str | None = None
    age: int | None = None
    birthday: date | None = None
    id: int = 0


def settle(session: Session, person: Person, at: datetime) -> int:
    """Put the person down and return the member's number."""
    number = next(_numbers)
    member = Member(
        openid=f"oCrowd{number:021d}",
        name="会员",
        phone_hint=None,
        channel=person.channel,
        registered_at=at - timedelta(days=person.registered),
        state=person.state,
        tier_level=person.level,
    )
    session.add(member)
    session.flush()
    person.id = member.id
    balance = sum(amount for _, amount in person.expiring)
    session.add(PointsAccount(member_id=member.id, balance=balance, qualified=0, debt=0))
    if person.subscribed is not None:
        session.add(
            Follower(
                openid=member.openid, subscribed=person.subscribed, changed_at=at, created_at=at
            )
        )
    _past(session, person, at)
    _answers(session, person, at)
    session.flush()
    return member.id


def _past(session: Session, person: Person, at: datetime) -> None:
    for ago, streak in person.check_ins.items():
        day = business_day(at) - timedelta(days=ago)
        row = CheckIn(member_id=person.id, day=day, streak=streak, points=5, created_at=at)
        row.kind = "daily"
        session.add(row)
    for number, (ago, amount) in enumerate(person.earned):
        session.add(_entry(person.id, f"crowd:{person.id}:{number}", amount, at, ago))
    for number, (ahead, left) in enumerate(person.expiring):
        entry = _entry(person.id, f"lot:{person.id}:{number}", max(left, 1), at, 400)
        entry.kind = "transfer"
        session.add(entry)
        session.flush()
        session.add(
            PointsLot(
                member_id=person.id,
                entry_id=entry.id,
                amount=max(left, 1),
                remaining=left,
                expires_at=at + timedelta(days=ahead),
            )
        )
    for code in person.tags:
        tag = session.scalar(select(Tag).where(Tag.code == code))
        if tag is None:
            tag = Tag(code=code, name=code, kind="hand", active=True, created_at=at)
            session.add(tag)
            session.flush()
        session.add(MemberTag(member_id=person.id, tag_id=tag.id, source="hand", put_at=at))


def _entry(member_id: int, reference: str, amount: int, at: datetime, ago: int) -> PointsEntry:
    return PointsEntry(
        member_id=member_id,
        kind="earn",
        delta=amount,
        balance_after=0,
        reference=reference,
        note="",
        created_at=at - timedelta(days=ago),
    )


def _answers(session: Session, person: Person, at: datetime) -> None:
    answers = {"city": person.city, "age": person.age, "birthday": person.birthday}
    for position, (code, value) in enumerate(answers.items()):
        if value is None:
            continue
        if session.get(ProfileField, code) is None:
            title, kind = FIELDS[code]
            session.add(
                ProfileField(
                    code=code,
                    title=title,
                    kind=kind,
                    choices=[],
                    required=False,
                    position=position,
                    active=True,
                )
            )
            session.flush()
        row = ProfileValue(member_id=person.id, field_code=code, saved_at=at)
        setattr(row, COLUMNS[code], value)
        session.add(row)
