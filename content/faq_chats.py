"""What a follower was last answered or offered, so that a number or 有用 can be understood."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import JSON, Boolean, ForeignKey, String, delete, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from content.faq import FaqEntry
from kernel.activity import BigId
from kernel.db import Base, insert_once

FRESH = timedelta(minutes=10)


class FaqTurn(Base):
    """The last turn of a follower: the entry that was told, or the entries to choose from."""

    __tablename__ = "faq_turn"

    openid: Mapped[str] = mapped_column(String(64), primary_key=True)
    entry_id: Mapped[int | None] = mapped_column(BigId)
    choices: Mapped[list[int]] = mapped_column(JSON)
    at: Mapped[datetime] = mapped_column(index=True)


class FaqVote(Base):
    """Whether an answer helped a follower; one vote each, the last one counts."""

    __tablename__ = "faq_vote"

    entry_id: Mapped[int] = mapped_column(
        ForeignKey("faq_entry.id"), primary_key=True, autoincrement=False
    )
    openid: Mapped[str] = mapped_column(String(64), primary_key=True, index=True)
    useful: Mapped[bool] = mapped_column(Boolean)
    at: Mapped[datetime] = mapped_column(index=True)


@dataclass(frozen=True)
class Turn:
    """A turn that is still fresh."""

    entry_id: int | None
    choices: tuple[int, ...]


def remember(
    session: Session, openid: str, entry_id: int | None, choices: list[int], at: datetime
) -> None:
    """Note what a follower was told (`entry_id`), or offered (`choices`)."""
    row = {"openid": openid, "entry_id": entry_id, "choices": choices, "at": at}
    if not insert_once(session, FaqTurn, row, "openid"):
        changed = {"entry_id": entry_id, "choices": choices, "at": at}
        session.execute(update(FaqTurn).where(FaqTurn.openid == openid).values(changed))


def last(session: Session, openid: str, at: datetime) -> Turn | None:
    """The turn of the last ten minutes."""
    row = session.execute(
        select(FaqTurn.entry_id, FaqTurn.choices).where(
            FaqTurn.openid == openid, FaqTurn.at > at - FRESH, FaqTurn.at <= at
        )
    ).first()
    return Turn(row.entry_id, tuple(row.choices)) if row else None


def vote(session: Session, entry_id: int, openid: str, at: datetime, *, useful: bool) -> bool:
    """Count a vote, or change the one that was given before; whether anything changed."""
    row = {"entry_id": entry_id, "openid": openid, "useful": useful, "at": at}
    if insert_once(session, FaqVote, row, "entry_id,openid"):
        _count(session, entry_id, useful, before=0)
        return True
    changed = session.execute(
        update(FaqVote)
        .where(
            FaqVote.entry_id == entry_id, FaqVote.openid == openid, FaqVote.useful.is_(not useful)
        )
        .values(useful=useful, at=at)
    )
    if changed.rowcount != 1:  # type: ignore[attr-defined]
        return False
    _count(session, entry_id, useful, before=1)
    return True


def _count(session: Session, entry_id: int, useful: bool, before: int) -> None:
    up, down = (FaqEntry.useful, FaqEntry.useless)[:: 1 if useful else -1]
    session.execute(
        update(FaqEntry).where(FaqEntry.id == entry_id).values({up: up + 1, down: down - before})
    )


def forget(session: Session, openid: str) -> None:
    """Drop what a person was told; what he voted stays counted, without him."""
    session.execute(delete(FaqTurn).where(FaqTurn.openid == openid))
    session.execute(delete(FaqVote).where(FaqVote.openid == openid))
