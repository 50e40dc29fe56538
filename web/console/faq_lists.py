"""What the pages of frequent questions read."""

from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import Session

from content import faq, faq_forms, faq_reviews, faq_search, reviews
from content.faq import FaqEntry
from content.faq_search import Found
from web.console import review_lists
from web.console.review_lists import Desk

_FOUND = 50


@dataclass(frozen=True)
class Entries:
    """A page of the list; `further` begins the next one."""

    rows: list[FaqEntry]
    further: str
    waiting: frozenset[int]


@dataclass(frozen=True)
class Tried:
    """What a customer's words find: as the bot searches, and entries that hold the words."""

    words: str
    found: Found
    holding: list[FaqEntry] = field(default_factory=list)

    @property
    def verdict(self) -> str:
        """What the bot would do."""
        if self.found.answer:
            return "answer"
        return "offer" if self.found.hits else "miss"


@dataclass(frozen=True)
class Sheet:
    """Everything the page of one entry shows."""

    entry: FaqEntry
    form: faq.Form
    desk: Desk


def page(session: Session, state: str, after: tuple[int, int] | None) -> Entries:
    """Entries in the order in which they are kept."""
    rows = faq.page(session, state or None, after)
    last = rows[-1] if len(rows) == faq.PAGE else None
    further = f"{last.position}-{last.id}" if last else ""
    return Entries(rows, further, _waiting(session, rows))


def _waiting(session: Session, rows: list[FaqEntry]) -> frozenset[int]:
    """Those of the entries that wait for an approver."""
    ids = [row.id for row in rows]
    query = select(reviews.Review.subject_id).where(
        reviews.Review.kind == faq_forms.KIND,
        reviews.Review.state == "open",
        reviews.Review.subject_id.in_(ids),
    )
    return frozenset(session.scalars(query))


def tried(session: Session, words: str) -> Tried:
    """What the words find."""
    found = faq_search.search(session, words)
    known = [hit.entry_id for hit in found.hits]
    query = select(FaqEntry).where(
        FaqEntry.question.contains(words, autoescape=True), FaqEntry.id.not_in(known)
    )
    query = query.order_by(FaqEntry.position, FaqEntry.id).limit(_FOUND)
    return Tried(words, found, list(session.scalars(query)))


def sheet(session: Session, entry_id: int, me: int) -> Sheet:
    """One entry with its review. Raises NotFound."""
    entry = faq.get(session, entry_id)
    proposed = entry.proposed is not None
    found = faq_reviews.findings(entry) if proposed else []
    authors = frozenset({entry.author_id} if entry.author_id and proposed else ())
    desk = review_lists.desk(session, (faq_forms.KIND, entry.id), me, authors, found)
    return Sheet(entry, faq.form_of(entry), desk)


def neighbour(session: Session, entry: FaqEntry, way: str) -> FaqEntry | None:
    """The entry before (`up`) or behind it."""
    if way == "up":
        query = select(FaqEntry).where(
            (FaqEntry.position < entry.position)
            | ((FaqEntry.position == entry.position) & (FaqEntry.id < entry.id))
        )
        query = query.order_by(FaqEntry.position.desc(), FaqEntry.id.desc())
    else:
        query = select(FaqEntry).where(
            (FaqEntry.position > entry.position)
            | ((FaqEntry.position == entry.position) & (FaqEntry.id > entry.id))
        )
        query = query.order_by(FaqEntry.position, FaqEntry.id)
    return session.scalar(query.limit(1))
