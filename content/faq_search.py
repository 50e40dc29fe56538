"""Free text answered from the live questions: the best three, or none when nothing is near.

Two statements find candidates: how many entries hold each piece of the text, then which entries
hold most of its rare ones. The candidates' own wordings decide, in Python.
"""

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sqlalchemy import Row, case, func, select
from sqlalchemy.orm import Session

from content.faq import FaqEntry
from content.faq_grams import grams
from content.faq_index import EVERY, FaqGram, FaqTerm
from content.wording import fold

BEST = 3
# Below it a question counts as unanswered. This and the shares were found on the corpus in
# tests/content: how much of the text a wording holds, how much of the wording the text holds, and
# how much of the text the entry holds in all its wordings together.
NEAR = 0.45
_HOLDS, _HELD, _TOGETHER = 0.4, 0.35, 0.25
# The best one answers alone when it is so far ahead, or so near.
AHEAD, SURE = 0.12, 0.9
_CANDIDATES = 12
# Of a long text the rarest pieces tell enough: so many, standing in so many entries together.
_PIECES, _ROWS = 24, 2_500
# A pair that no entry holds, of two characters that some do, is mostly a seam between words.
_SEAM = 0.2


@dataclass(frozen=True)
class Hit:
    """An entry that may answer; `score` is 0 to 1, of which 1 is its own wording."""

    entry_id: int
    question: str
    score: float


@dataclass(frozen=True)
class Found:
    """The best entries, the nearest first; none of them is below `NEAR`."""

    hits: tuple[Hit, ...]

    @property
    def answer(self) -> Hit | None:
        """The one that clearly answers."""
        if not self.hits:
            return None
        best, *others = self.hits
        if best.score >= SURE and (not others or others[0].score < best.score):
            return best
        return best if not others or best.score - others[0].score >= AHEAD else None


@dataclass(frozen=True)
class _Asked:
    """The text: its pieces with their weights, and what each is worth by its rarity."""

    folded: str
    pieces: Mapping[str, float]
    worth: Mapping[str, float]

    @property
    def total(self) -> float:
        return sum(self.worth.values())

    def shared(self, own: Collection[str]) -> float:
        return sum(value for piece, value in self.worth.items() if piece in own)


def search(session: Session, text: str) -> Found:
    """The entries nearest to what somebody typed."""
    pieces = grams(text)
    held, entries = _held(session, pieces)
    if not held:
        return Found(())
    asked = _Asked(fold(text), pieces, _worth(held, pieces, entries))
    hits = [
        Hit(row.id, row.question, _near(asked, [row.question, *row.phrasings]))
        for row in _candidates(session, held, asked.worth)
    ]
    near = sorted((hit for hit in hits if hit.score >= NEAR), key=lambda hit: -hit.score)
    return Found(tuple(near[:BEST]))


def _held(session: Session, pieces: Mapping[str, float]) -> tuple[dict[str, int], int]:
    """How many entries hold each piece, and how many there are."""
    query = select(FaqTerm.gram, FaqTerm.entries)
    rows = session.execute(query.where(FaqTerm.gram.in_([EVERY, *pieces]), FaqTerm.entries > 0))
    held = {row.gram: row.entries for row in rows}
    return held, held.pop(EVERY, 0)


def _worth(held: Mapping[str, int], pieces: Mapping[str, float], entries: int) -> dict[str, float]:
    # What no entry holds counts as much as the rarest: it is what the text is about.
    return {
        piece: weight
        * (_SEAM if _is_seam(piece, held) else 1.0)
        * math.log(2 + entries / (held.get(piece, 0) + 0.5))
        for piece, weight in pieces.items()
    }


def _is_seam(piece: str, held: Mapping[str, int]) -> bool:
    if piece in held or len(piece) != 2 or piece.isascii():
        return False
    return piece[0] in held and piece[1] in held


def _candidates(
    session: Session, held: Mapping[str, int], worth: Mapping[str, float]
) -> list[Row[tuple[int, str, list[str]]]]:
    used = _telling(held, worth)
    total = func.sum(case({piece: worth[piece] for piece in used}, value=FaqGram.gram))
    best = (
        select(FaqGram.entry_id)
        .where(FaqGram.gram.in_(used))
        .group_by(FaqGram.entry_id)
        .order_by(total.desc(), FaqGram.entry_id)
        .limit(_CANDIDATES)
    )
    # MariaDB knows no LIMIT inside IN (…): two statements, the second by number.
    ids = list(session.scalars(best))
    query = select(FaqEntry.id, FaqEntry.question, FaqEntry.phrasings)
    return list(session.execute(query.where(FaqEntry.id.in_(ids), FaqEntry.state == "live")))


def _telling(held: Mapping[str, int], worth: Mapping[str, float]) -> list[str]:
    """The pieces by which candidates are found: the worthiest, as long as they stay cheap."""
    used, rows = list[str](), 0
    for piece in sorted(held, key=lambda one: -worth[one])[:_PIECES]:
        rows += held[piece]
        if used and rows > _ROWS:
            break
        used.append(piece)
    return used


def _near(asked: _Asked, wordings: list[str]) -> float:
    """How near an entry is by its nearest wording, 0 to 1."""
    if asked.folded in {fold(wording) for wording in wordings}:
        return 1.0
    # A piece of the wording that the text lacks is as rare as the text's are on average.
    mean = asked.total / sum(asked.pieces.values())
    nearest, together = 0.0, set[str]()
    for wording in wordings:
        own = grams(wording)
        together |= own.keys()
        told = sum(asked.worth.get(piece, weight * mean) for piece, weight in own.items())
        shared = asked.shared(own)
        nearest = max(nearest, _HOLDS * shared / asked.total + _HELD * shared / told)
    return nearest + _TOGETHER * asked.shared(together) / asked.total
