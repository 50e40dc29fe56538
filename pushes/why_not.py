"""Why not me? What stands between one member and one push, channel by channel."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from pushes import attention
from pushes.attention import Moment
from pushes.pushes import Push
from pushes.settings import PushRules


@dataclass(frozen=True)
class Answer:
    """Whether the push means him at all; then by which channel it reaches him, if by any, and the
    reason of each that does not."""

    meant: bool
    channel: str | None = None
    reasons: tuple[tuple[str, str | None], ...] = ()


def ask(session: Session, push: Push, member_id: int, now: datetime, rules: PushRules) -> Answer:
    """The answer for the push's time, or for now. Raises NotFound when its audience is gone."""
    at = max(push.send_at or now, now)
    people = attention.outlook(session, Moment(push, at, rules))
    row = session.execute(select(people).where(people.c.member_id == member_id)).one_or_none()
    if row is None:
        return Answer(meant=False)
    reasons = tuple((name, row._mapping[f"why_{name}"]) for name in push.channels)
    return Answer(True, row.channel, reasons)
