"""Questions that nothing answered: what people asked, how often, until somebody deals with it."""

import hashlib
from datetime import datetime
from typing import Any

from sqlalchemy import Index, Integer, String, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from content.faq import FaqEntry
from content.wording import fold, mask
from kernel import audit
from kernel.activity import BigId
from kernel.db import Base, insert_once
from kernel.refusals import NotFound, Refused

STATES = {"open": "待处理", "answered": "已建条目", "dismissed": "已忽略"}
PAGE = 50
_LONGEST = 120


class FaqMiss(Base):
    """One unanswered question in one spelling; `sample` is how it was typed last, masked."""

    __tablename__ = "faq_miss"
    __table_args__ = (Index("ix_faq_miss_state_count", "state", "count", "id"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    folded: Mapped[str] = mapped_column(String(_LONGEST))
    sample: Mapped[str] = mapped_column(String(_LONGEST))
    state: Mapped[str] = mapped_column(String(10))
    count: Mapped[int] = mapped_column(Integer)
    first_at: Mapped[datetime]
    last_at: Mapped[datetime] = mapped_column(index=True)
    entry_id: Mapped[int | None] = mapped_column(BigId)


class MissSettled(Refused):
    """Somebody dealt with the question already; fact: `state`, in words."""

    code = "miss_settled"


def note(session: Session, text: str, at: datetime) -> None:
    """Count a question that nothing answered; numbers and addresses in it are masked first."""
    sample = " ".join(mask(text).split())[:_LONGEST]
    folded = fold(sample)
    if len(folded) < 2:
        return  # a mark, a single character: nobody can answer that
    digest = hashlib.sha256(folded.encode("utf-8", "ignore")).hexdigest()
    row = {
        "digest": digest, "folded": folded, "sample": sample, "state": "open", "count": 1,
        "first_at": at, "last_at": at, "entry_id": None,
    }  # fmt: skip
    if not insert_once(session, FaqMiss, row, "digest"):
        session.execute(
            update(FaqMiss)
            .where(FaqMiss.digest == digest)
            .values(count=FaqMiss.count + 1, sample=sample, last_at=at)
        )


def page(
    session: Session, state: str = "open", before: tuple[int, int] | None = None
) -> list[FaqMiss]:
    """The questions asked most often first; `before` = (count, id) of the last one shown."""
    query = select(FaqMiss).where(FaqMiss.state == state)
    if before is not None:
        count, last_id = before
        query = query.where(
            (FaqMiss.count < count) | ((FaqMiss.count == count) & (FaqMiss.id < last_id))
        )
    return list(
        session.scalars(query.order_by(FaqMiss.count.desc(), FaqMiss.id.desc()).limit(PAGE))
    )


def get(session: Session, miss_id: int) -> FaqMiss:
    """The question with that number. Raises NotFound."""
    miss = session.get(FaqMiss, miss_id)
    if miss is None:
        raise NotFound(miss=miss_id)
    return miss


def answer(session: Session, miss_id: int, entry: FaqEntry, by: int, at: datetime) -> None:
    """An entry was written for it, or it was added to one. Raises NotFound, MissSettled."""
    _settle(session, miss_id, "answered", entry_id=entry.id)
    audit.write(session, "faq.miss_answered", f"faq_miss:{miss_id}", at, by=(by, None),
                entry=entry.id)  # fmt: skip


def dismiss(session: Session, miss_id: int, by: int, at: datetime) -> None:
    """Nobody needs to answer that. Raises NotFound, MissSettled."""
    _settle(session, miss_id, "dismissed")
    audit.write(session, "faq.miss_dismissed", f"faq_miss:{miss_id}", at, by=(by, None))


def _settle(session: Session, miss_id: int, state: str, **values: Any) -> None:
    miss = get(session, miss_id)
    settled = session.execute(
        update(FaqMiss)
        .where(FaqMiss.id == miss_id, FaqMiss.state == "open")
        .values(state=state, **values)
        .execution_options(synchronize_session=False)
    )
    session.refresh(miss)
    if settled.rowcount != 1:  # type: ignore[attr-defined]
        raise MissSettled(state=STATES[miss.state])
