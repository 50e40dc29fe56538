"""How a FAQ entry gets to customers: what is proposed is approved by a second person."""

from sqlalchemy.orm import Session

from content import compliance, faq, faq_forms, reviews
from content.compliance import DEFAULT, Finding, Passage, Setting, Work
from content.faq import FaqEntry, FaqWrongState
from content.faq_forms import refuse_in_review
from content.reviews import Hand, Review, Subject
from kernel.refusals import NotFound

KIND = faq_forms.KIND


def findings(entry: FaqEntry, setting: Setting = DEFAULT) -> list[Finding]:
    """What the compliance rules say about the words that wait to be approved."""
    form = faq.form_of(entry)
    passages = [Passage("问题", form.question), Passage("回答", form.answer)]
    passages += [Passage("相似问法", text) for text in form.phrasings]
    links = (Passage("链接", form.link),) if form.link else ()
    return compliance.inspect(Work("reply", tuple(passages), links), setting)


def _review(session: Session, entry: FaqEntry) -> int:
    review = reviews.open_of(session, KIND, entry.id)
    if review is None:
        raise NotFound(review=entry.id)
    return review.id


def ask(
    session: Session, entry_id: int, hand: Hand, note: str = "", setting: Setting = DEFAULT
) -> Review:
    """Ask for the approval of what is proposed.

    Raises FaqWrongState when nothing is, NotCompliant, AlreadyInReview.
    """
    entry = faq.hold(session, entry_id)
    refuse_in_review(session, entry_id)
    if entry.proposed is None:
        raise FaqWrongState(state=faq.STATES[entry.state])
    question = faq.form_of(entry).question
    review = reviews.ask(
        session, Subject(KIND, entry.id, question), findings(entry, setting), hand, note
    )
    faq.note(session, "faq.asked", entry, (hand.by, hand.at))
    return review


def approve(session: Session, entry_id: int, hand: Hand, reason: str = "") -> FaqEntry:
    """Approve: customers read it from now on. Raises OwnWork, ReviewClosed, Invalid."""
    entry = faq.hold(session, entry_id)
    authors = {entry.author_id} if entry.author_id is not None else set()
    reviews.approve(session, _review(session, entry), authors, hand, reason)
    before, after = faq.values_of(entry), entry.proposed or {}
    faq.apply(session, entry, hand.at)
    changes = faq.changes_of(before, after)
    faq.note(session, "faq.approved", entry, (hand.by, hand.at), reason=reason, changes=changes)
    return entry


def refuse(session: Session, entry_id: int, hand: Hand, reason: str) -> FaqEntry:
    """Send it back to its author. Raises ReviewClosed, Invalid without a comment."""
    entry = faq.hold(session, entry_id)
    reviews.refuse(session, _review(session, entry), hand, reason)
    faq.note(session, "faq.refused", entry, (hand.by, hand.at), reason=reason)
    return entry


def withdraw(session: Session, entry_id: int, hand: Hand) -> FaqEntry:
    """Take it back before anybody has decided. Raises ReviewClosed."""
    entry = faq.hold(session, entry_id)
    reviews.withdraw(session, _review(session, entry), hand)
    faq.note(session, "faq.withdrawn", entry, (hand.by, hand.at))
    return entry
