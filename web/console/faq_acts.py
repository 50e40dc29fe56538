"""What is done with a frequent question: its review, away from customers and back."""

from collections.abc import Callable

from flask import Blueprint, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from content import faq, faq_forms, faq_reviews, reviews
from content.reviews import Subject
from web.console.guards import operator_id, operator_required
from web.console.reviews import hand, written
from web.console.settling import settle
from web.wiring import now

bp = Blueprint("faq_acts", __name__, url_prefix="/faq")


@bp.post("/<row:entry_id>/review")
@operator_required("content.write")
def ask(entry_id: int) -> ResponseReturnValue:
    """Hand what is proposed to the approvers."""
    return _do(
        entry_id, "rule_asked", lambda db: faq_reviews.ask(db, entry_id, hand(), written("note"))
    )


@bp.post("/<row:entry_id>/withdraw")
@operator_required("content.write")
def withdraw(entry_id: int) -> ResponseReturnValue:
    """Take it back before anybody has decided."""
    return _do(entry_id, "review_withdrawn", lambda db: faq_reviews.withdraw(db, entry_id, hand()))


@bp.post("/<row:entry_id>/approve")
@operator_required("content.approve")
def approve(entry_id: int) -> ResponseReturnValue:
    """Let customers read it."""
    return _do(
        entry_id, "faq_approved", lambda db: faq_reviews.approve(db, entry_id, hand(), written())
    )


@bp.post("/<row:entry_id>/refuse")
@operator_required("content.approve")
def refuse(entry_id: int) -> ResponseReturnValue:
    """Send it back with a reason."""
    return _do(
        entry_id,
        "review_refused",
        lambda db: faq_reviews.refuse(db, entry_id, hand(), written(needed="请写明退回的原因")),
    )


@bp.post("/<row:entry_id>/comments")
@operator_required("content.read")
def comment(entry_id: int) -> ResponseReturnValue:
    """Say something about it."""

    def work(db: Session) -> None:
        question = faq.form_of(faq.get(db, entry_id)).question
        subject = Subject(faq_forms.KIND, entry_id, question)
        reviews.comment(db, subject, hand(), written("body", needed="请填写留言"))

    return _do(entry_id, "commented", work)


@bp.post("/<row:entry_id>/hide")
@operator_required("content.write")
def hide(entry_id: int) -> ResponseReturnValue:
    """Take it away from customers."""
    return _do(entry_id, "faq_hidden", lambda db: faq.hide(db, entry_id, operator_id(), now()))


@bp.post("/<row:entry_id>/show")
@operator_required("content.write")
def show_again(entry_id: int) -> ResponseReturnValue:
    """Bring it back as it was approved."""
    return _do(entry_id, "faq_shown", lambda db: faq.show(db, entry_id, operator_id(), now()))


def _do(entry_id: int, done: str, work: Callable[[Session], object]) -> ResponseReturnValue:
    return settle(work, done, url_for("console.faq.show", entry_id=entry_id))
