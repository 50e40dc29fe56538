"""A push: what goes to whom, by which channels, when; and the way from a draft to its end.

draft → review → approved → scheduled → running ⇄ paused → finished | cancelled | failed | missed
"""

import secrets
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    Date,
    ForeignKey,
    Index,
    Integer,
    String,
    func,
    select,
    update,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from kernel.activity import BigId
from kernel.clock import SHANGHAI
from kernel.db import Base
from kernel.refusals import NotFound, Refused

STATE_NAMES = {
    "draft": "草稿",
    "review": "待审核",
    "approved": "已批准",
    "scheduled": "待发送",
    "running": "发送中",
    "paused": "已暂停",
    "finished": "已完成",
    "cancelled": "已取消",
    "failed": "未能发送",
    "missed": "已错过",
}
ENDED = ("finished", "cancelled", "failed")
# Audiences that mean everybody.
EVERYBODY = ("members", "followers")
# A state that somebody is to look at.
NEEDS_SOMEBODY = ("paused", "missed", "failed")


class Push(Base):
    """One push.

    `key` is what it is about, once: a holiday's day, a run of a series. `channels` is the
    cascade, the first that reaches somebody is used. `variants` are the texts, each
    `{"share", "contents": {channel: …}}`, with shares that make 100. `audience` is
    `{"kind": members|followers|tag|segment|list|trigger, …}`, frozen into rows at `freeze_at`
    (approval or start). A `service` push is no marketing: only it may use template messages.
    `outside` counts the rows that no chunk holds (held back, not reachable), by reason.
    """

    __tablename__ = "push"
    __table_args__ = (Index("ix_push_state_send_at", "state", "send_at"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    title: Mapped[str] = mapped_column(String(40))
    key: Mapped[str | None] = mapped_column(String(80), unique=True)
    occasion: Mapped[str | None] = mapped_column(String(40))
    occurs_on: Mapped[date | None] = mapped_column(Date)
    series_id: Mapped[int | None] = mapped_column(BigId, index=True)
    channels: Mapped[list[str]] = mapped_column(JSON)
    variants: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    audience: Mapped[dict[str, Any]] = mapped_column(JSON)
    freeze_at: Mapped[str] = mapped_column(String(10), default="start")
    holdout_percent: Mapped[int] = mapped_column(Integer, default=0)
    service: Mapped[bool] = mapped_column(Boolean, default=False)
    link: Mapped[str] = mapped_column(String(500), default="")
    rate: Mapped[int] = mapped_column(Integer, default=0)
    grace_minutes: Mapped[int] = mapped_column(Integer, default=60)
    send_at: Mapped[datetime | None]
    state: Mapped[str] = mapped_column(String(10), default="draft")
    seed: Mapped[str] = mapped_column(String(40), default="")
    created_by: Mapped[int] = mapped_column(ForeignKey("operator.id"))
    approved_by: Mapped[int | None] = mapped_column(ForeignKey("operator.id"))
    total: Mapped[int] = mapped_column(Integer, default=0)
    outside: Mapped[list[list[Any]]] = mapped_column(JSON, default=list)
    reason: Mapped[str | None] = mapped_column(String(200))
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    approved_at: Mapped[datetime | None]
    frozen_at: Mapped[datetime | None]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]

    @property
    def contents(self) -> dict[str, Any]:
        """What the first variant says, by channel."""
        contents: dict[str, Any] = self.variants[0]["contents"]
        return contents


class WrongState(Refused):
    """The push is not in a state that allows this; fact: `state`."""

    code = "push_wrong_state"


class AlreadyPlanned(Refused):
    """There is a push about this already; fact: `title`."""

    code = "push_already_planned"


def get(session: Session, push_id: int) -> Push:
    """The push with that id. Raises NotFound."""
    push = session.get(Push, push_id)
    if push is None:
        raise NotFound
    return push


def require(push: Push, *states: str) -> None:
    """Raises WrongState unless the push is in one of these states."""
    if push.state not in states:
        raise WrongState(state=STATE_NAMES[push.state])


def move(session: Session, push_id: int, before: str, after: str, **values: object) -> bool:
    """Change the state, if it is still `before`; of two who try, one succeeds."""
    moved = session.execute(
        update(Push)
        .where(Push.id == push_id, Push.state == before)
        .values(state=after, **values)
        .execution_options(synchronize_session=False)
    )
    return bool(moved.rowcount == 1)  # type: ignore[attr-defined]


def in_state(session: Session, *states: str) -> list[int]:
    """Ids of the pushes in these states, the oldest first."""
    return list(session.scalars(select(Push.id).where(Push.state.in_(states)).order_by(Push.id)))


def due(session: Session, at: datetime) -> list[int]:
    """Ids of the scheduled pushes whose time has come."""
    query = select(Push.id).where(Push.state == "scheduled", Push.send_at <= at)
    return list(session.scalars(query.order_by(Push.send_at, Push.id)))


def to_freeze(session: Session) -> list[int]:
    """Ids of the approved pushes whose list is to be made before they begin."""
    query = select(Push.id).where(
        Push.state.in_(("approved", "scheduled")),
        Push.freeze_at == "approval",
        Push.frozen_at.is_(None),
    )
    return list(session.scalars(query.order_by(Push.id)))


def month_start(at: datetime) -> datetime:
    """The first instant of the month of `at`, by the calendar of Shanghai."""
    return at.astimezone(SHANGHAI).replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def begun_in_month(session: Session, at: datetime) -> int:
    """How many mass sends to everybody began in the month of `at`, by the calendar of Shanghai.

    Those to fewer people cost only theirs a message: the look at attention knows whose.
    """
    query = select(Push.channels, Push.audience)
    rows = session.execute(query.where(Push.started_at >= month_start(at), Push.started_at <= at))
    return sum("mass" in row.channels and row.audience["kind"] in EVERYBODY for row in rows)


def new_seed() -> str:
    """Two numbers that decide who is held back and who gets which text; nobody knows them."""
    return f"{secrets.randbelow(2**31 - 2) + 1}:{secrets.randbelow(2**31 - 1)}"


def count_in(session: Session, *states: str) -> int:
    """How many pushes are in these states."""
    found = session.scalar(select(func.count(Push.id)).where(Push.state.in_(states)))
    return int(found or 0)
