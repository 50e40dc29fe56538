"""A push: draft → approved → running → finished, with a second person in between."""

from datetime import datetime

from sqlalchemy import ForeignKey, Integer, String, Text, func, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from content import compliance
from content.compliance import Finding
from content.reviews import REASON_LENGTH, NotCompliant
from kernel.activity import BigId
from kernel.clock import SHANGHAI
from kernel.db import Base
from kernel.refusals import Invalid, NotFound, Refused
from pushes import push_works

# A text message to a follower is cut by the platform beyond this many bytes.
TEXT_BYTES = 2048
STATE_NAMES = {
    "draft": "待审核",
    "approved": "已批准",
    "running": "发送中",
    "paused": "已暂停",
    "finished": "已完成",
    "failed": "未能发送",
}


class Push(Base):
    """One push of a text to all registered members who follow."""

    __tablename__ = "push"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    title: Mapped[str] = mapped_column(String(40))
    body: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(10), default="draft")
    created_by: Mapped[int] = mapped_column(ForeignKey("operator.id"))
    approved_by: Mapped[int | None] = mapped_column(ForeignKey("operator.id"))
    total: Mapped[int] = mapped_column(Integer, default=0)
    reason: Mapped[str | None] = mapped_column(String(200))
    created_at: Mapped[datetime]
    approved_at: Mapped[datetime | None]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]


class OwnPush(Refused):
    """Nobody approves what he wrote himself."""

    code = "own_push"


class WrongState(Refused):
    """The push is not in a state that allows this; fact: `state`."""

    code = "push_wrong_state"


def draft(session: Session, title: str, body: str, author_id: int, at: datetime) -> Push:
    """Write a push down. Raises Invalid."""
    title, body = title.strip(), body.strip()
    if not 1 <= len(title) <= 40:
        raise Invalid(field="title", reason="请填写标题（40 字以内）")
    if not body or len(body.encode()) > TEXT_BYTES:
        raise Invalid(field="body", reason="请填写内容（不超过 2048 字节，约 680 个汉字）")
    push = Push(title=title, body=body, state="draft", created_by=author_id, created_at=at)
    session.add(push)
    session.flush()
    return push


def get(session: Session, push_id: int) -> Push:
    """The push with that id. Raises NotFound."""
    push = session.get(Push, push_id)
    if push is None:
        raise NotFound
    return push


def findings(session: Session, push: Push, at: datetime) -> list[Finding]:
    """What stands against sending the push at `at`."""
    work = push_works.work_of(push.body, at, begun_in_month(session, at))
    return compliance.inspect(work)


def begun_in_month(session: Session, at: datetime) -> int:
    """How many pushes began in the month of `at`, by the calendar of Shanghai."""
    first = at.astimezone(SHANGHAI).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    began = select(func.count()).where(Push.started_at >= first, Push.started_at <= at)
    return session.scalar(began) or 0


def approve(
    session: Session, push_id: int, operator_id: int, at: datetime, reason: str = ""
) -> Push:
    """Let a push go out, as the second pair of eyes.

    Red findings refuse it, amber ones want a written reason. Raises NotFound, OwnPush,
    WrongState, NotCompliant, Invalid.
    """
    push = get(session, push_id)
    if push.created_by == operator_id:
        raise OwnPush
    if push.state != "draft":
        raise WrongState(state=STATE_NAMES[push.state])
    _clear(findings(session, push, at), reason.strip())
    if not move(session, push_id, "draft", "approved", approved_by=operator_id, approved_at=at):
        raise WrongState(state=STATE_NAMES[push.state])
    session.refresh(push)
    return push


def _clear(found: list[Finding], reason: str) -> None:
    red = [one for one in found if one.severity == "red"]
    if red:
        raise NotCompliant(findings="；".join(f"{one.place}：{one.why}" for one in red))
    if found and not reason:
        raise Invalid(field="reason", reason="有黄色提示，请写明通过的理由")
    if len(reason) > REASON_LENGTH:
        raise Invalid(field="reason", reason=f"最多 {REASON_LENGTH} 字")


def move(session: Session, push_id: int, before: str, after: str, **values: object) -> bool:
    """Change the state, if it is still `before`; of two who try, one succeeds."""
    moved = session.execute(
        update(Push)
        .where(Push.id == push_id, Push.state == before)
        .values(state=after, **values)
        .execution_options(synchronize_session=False)
    )
    return bool(moved.rowcount == 1)  # type: ignore[attr-defined]


def in_state(session: Session, state: str) -> list[int]:
    """Ids of the pushes in a state."""
    return list(session.scalars(select(Push.id).where(Push.state == state).order_by(Push.id)))
