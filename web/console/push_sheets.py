"""What the page of one push reads."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from content.reviews import Review
from kernel.refusals import NotFound
from loyalty.staff import Staff
from pushes import audiences, chunks, life, preflight, recipients, switches
from pushes.chunks import PushChunk
from pushes.clicks import PushClick
from pushes.pushes import ENDED, STATE_NAMES, Push
from pushes.switches import ChannelStop
from web.console import push_lists, review_lists
from web.console.guards import operator_id
from web.console.review_lists import Desk
from web.wiring import now, wiring

_BEFORE_START = ("draft", "review", "approved", "scheduled", "missed")
_MOVING = frozenset({"running", "paused"})
_SOON = timedelta(minutes=5)
_MOST_STAFF = 100
_MOST_CHUNKS = 60


@dataclass(frozen=True)
class Step:
    """One step of the life: its name, who did it, when, and whether it is behind us."""

    name: str
    who: str = ""
    at: datetime | None = None
    done: bool = False
    here: bool = False


@dataclass(frozen=True)
class Progress:
    """The figures while it goes out. `lines` are of `chunks.progress`; the rate is of the last
    minute, a second; `seconds_left` is None when nobody knows."""

    push: Push
    lines: list[list[Any]]
    counts: dict[str, int]
    rate: float
    seconds_left: int | None
    clicks: int
    clickers: int
    chunks: Sequence[PushChunk]
    chunk_counts: dict[str, int]
    # Until when quiet hours hold it up; None when they do not.
    quiet_until: datetime | None = None

    @property
    def moves(self) -> bool:
        """Whether the figures are still going to change by themselves."""
        if self.push.state == "scheduled":
            return self.push.send_at is not None and self.push.send_at <= now() + _SOON
        in_flight = self.push.state in ENDED and self.counts.get("sending", 0) > 0
        return self.push.state in _MOVING or in_flight

    @property
    def everybody(self) -> int:
        """All of them, the hold-out and those that no channel reaches included."""
        return sum(self.counts.values())

    @property
    def leaving(self) -> int:
        """Those who are meant to be sent something."""
        return self.everybody - self.counts.get("held", 0) - self.counts.get("skipped", 0)

    @property
    def settled(self) -> int:
        """Those of them for whom it is decided."""
        waiting = self.counts.get("pending", 0) + self.counts.get("sending", 0)
        return self.leaving - waiting

    def by(self, place: int, *states: str) -> dict[Any, int]:
        """The lines of these states counted by channel (1), text (2) or reason (3)."""
        found: dict[Any, int] = {}
        for line in self.lines:
            if not states or line[0] in states:
                found[line[place]] = found.get(line[place], 0) + int(line[4])
        return dict(sorted(found.items(), key=lambda one: -one[1]))


@dataclass(frozen=True)
class Sheet:
    """Everything the page of one push shows."""

    push: Push
    author: str
    approver: str | None
    audience: str
    desk: Desk
    steps: list[Step]
    stopped: dict[str, ChannelStop]
    staff: Sequence[Staff]
    progress: Progress


def sheet(session: Session, push_id: int) -> Sheet:
    """The sheet of one push. Raises NotFound."""
    line = push_lists.line_of(session, push_id)
    if line is None:
        raise NotFound
    push: Push = line.Push
    found = [] if push.state not in _BEFORE_START else life.findings(session, push, now())
    desk = review_lists.desk(
        session, (life.REVIEW, push_id), operator_id(), {push.created_by}, found
    )
    return Sheet(
        push=push,
        author=line.author,
        approver=line.approver,
        audience=audience_name(session, push),
        desk=desk,
        steps=_steps(push, line, desk.review),
        stopped={n: one for n, one in switches.stopped(session).items() if n in push.channels},
        staff=_staff(session),
        progress=progress(session, push),
    )


def audience_name(session: Session, push: Push) -> str:
    """Whom it means, in words; also where its segment is gone."""
    try:
        return audiences.name_of(session, push.audience)
    except NotFound:
        return f"{audiences.KINDS[push.audience['kind']]}（已停用）"


def progress(session: Session, push: Push) -> Progress:
    """The figures as they stand, whatever the size of the push."""
    lines = chunks.progress(session, push)
    counts = chunks.by_state(lines)
    rate = 0.0
    if push.state == "running" and push.started_at is not None:
        since = max(timedelta(seconds=1), min(recipients.MINUTE, now() - push.started_at))
        rate = recipients.settled_lately(session, push.id, now()) / since.total_seconds()
    waiting = counts.get("pending", 0) + counts.get("sending", 0)
    clicks, clickers = _clicks(session, push)
    states, shown = _chunks(session, push)
    left, quiet = _left(push, waiting, rate), _quiet_until(push)
    return Progress(push, lines, counts, rate, left, clicks, clickers, shown, states, quiet)


def _quiet_until(push: Push) -> datetime | None:
    rules, at = wiring().push_rules, now()
    held_up = push.state == "running" and not push.service and rules.is_quiet(at)
    return rules.quiet_ends_at(at) if held_up else None


def _left(push: Push, waiting: int, rate: float) -> int | None:
    if push.state not in {"running", "paused"} or not waiting:
        return None
    cap = preflight.rate_of(push, wiring().push_rules)
    usual = rate or float(cap or 0)
    return int(waiting / usual) + 1 if usual else None


def _clicks(session: Session, push: Push) -> tuple[int, int]:
    if not push.link or push.started_at is None:
        return 0, 0
    query = select(func.count(), func.count(PushClick.delivery_id.distinct()))
    row = session.execute(query.where(PushClick.push_id == push.id)).one()
    return int(row[0]), int(row[1])


def _chunks(session: Session, push: Push) -> tuple[dict[str, int], Sequence[PushChunk]]:
    """How many chunks there are by state, and those worth looking at: held ones, mass sends."""
    if push.frozen_at is None:
        return {}, []
    mine = PushChunk.push_id == push.id
    counted = select(PushChunk.state, func.count()).where(mine).group_by(PushChunk.state)
    states = {row[0]: int(row[1]) for row in session.execute(counted)}
    worth = (PushChunk.state == "leased") | PushChunk.message_id.is_not(None)
    query = select(PushChunk).where(mine, worth).order_by(PushChunk.no).limit(_MOST_CHUNKS)
    return states, session.scalars(query).all()


def _staff(session: Session) -> Sequence[Staff]:
    query = select(Staff).where(Staff.active.is_(True)).order_by(Staff.name).limit(_MOST_STAFF)
    return session.scalars(query).all()


def _steps(push: Push, line: push_lists.Line, review: Review | None) -> list[Step]:
    asked = review if review is not None and push.state != "draft" else None
    ended = push.state in ENDED
    steps = [
        Step("写好", line.author, push.created_at, done=push.state != "draft"),
        Step(
            "提交审核",
            line.author if asked else "",
            asked.asked_at if asked else None,
            asked is not None,
        ),
        Step("批准", line.approver or "", push.approved_at, push.approved_at is not None),
        Step("到时间", "", push.send_at, push.started_at is not None),
        Step("发送", "", push.started_at, ended and push.started_at is not None),
        Step(STATE_NAMES[push.state] if ended else "完成", "", push.finished_at, ended),
    ]
    at = {"draft": 0, "review": 1, "approved": 2, "scheduled": 3, "missed": 3,
          "running": 4, "paused": 4}.get(push.state, 5)  # fmt: skip
    return [
        Step(one.name, one.who, one.at, one.done, number == at) for number, one in enumerate(steps)
    ]
