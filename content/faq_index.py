"""The inverted index of the live questions: which pieces stand in which entry.

An index of our own, since the three databases share no full-text search that knows Chinese.
Written in the transaction that changes the entry. The piece `EVERY` stands in all of them.
"""

from collections import Counter
from collections.abc import Mapping, Sequence

from sqlalchemy import ForeignKey, Integer, String, delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, Session, mapped_column

from content.faq_grams import grams
from kernel.db import Base, TryAgain

EVERY = "*"


class FaqGram(Base):
    """One piece of text that stands in a wording of an entry."""

    __tablename__ = "faq_gram"

    gram: Mapped[str] = mapped_column(String(20), primary_key=True)
    entry_id: Mapped[int] = mapped_column(
        ForeignKey("faq_entry.id"), primary_key=True, index=True, autoincrement=False
    )


class FaqTerm(Base):
    """In how many entries a piece stands: counted once, since every question asks for it."""

    __tablename__ = "faq_term"

    gram: Mapped[str] = mapped_column(String(20), primary_key=True)
    entries: Mapped[int] = mapped_column(Integer)


def write(session: Session, wordings: Mapping[int, Sequence[str]]) -> None:
    """Index entries, by number, by their questions and other wordings, in place of what stood."""
    _replace(
        session,
        {
            entry_id: {EVERY, *(piece for text in texts for piece in grams(text))}
            for entry_id, texts in wordings.items()
        },
    )


def drop(session: Session, entry_id: int) -> None:
    """Take an entry out of the index."""
    _replace(session, {entry_id: set()})


def _replace(session: Session, wanted: Mapping[int, set[str]]) -> None:
    stood: dict[int, set[str]] = {entry_id: set() for entry_id in wanted}
    held = select(FaqGram.entry_id, FaqGram.gram).where(FaqGram.entry_id.in_(wanted))
    for row in session.execute(held):
        stood[row.entry_id].add(row.gram)
    changes, rows = Counter[str](), []
    for entry_id, pieces in wanted.items():
        gone, new = stood[entry_id] - pieces, pieces - stood[entry_id]
        if gone:
            this = FaqGram.entry_id == entry_id
            session.execute(delete(FaqGram).where(this, FaqGram.gram.in_(gone)))
        rows += [{"gram": piece, "entry_id": entry_id} for piece in sorted(new)]
        changes.update(new)
        changes.subtract(gone)
    if rows:
        session.execute(insert(FaqGram), rows)
    _count(session, {piece: by for piece, by in changes.items() if by})


def _count(session: Session, changes: Mapping[str, int]) -> None:
    known = set(session.scalars(select(FaqTerm.gram).where(FaqTerm.gram.in_(changes))))
    for by in sorted({changes[piece] for piece in known}):
        pieces = sorted(piece for piece in known if changes[piece] == by)
        session.execute(
            update(FaqTerm)
            .where(FaqTerm.gram.in_(pieces))
            .values(entries=FaqTerm.entries + by)
            .execution_options(synchronize_session=False)
        )
    fresh = [
        {"gram": piece, "entries": changes[piece]} for piece in sorted(changes.keys() - known)
    ]
    try:
        if fresh:
            session.execute(insert(FaqTerm), fresh)
    except IntegrityError as error:
        raise TryAgain from error  # another entry brought the same piece just now
